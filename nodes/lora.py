"""LoRA and other weight adapters: load them onto models, and extract them from differences."""

from collections.abc import Iterator
from typing import Annotated, Any

from engine.api import (
    Bool,
    Choice,
    Clip,
    Context,
    File,
    Float,
    Int,
    Model,
    Output,
    Socket,
    Text,
    node,
)
from engine.diffusion.adapters.extraction import from_clip, from_model
from engine.diffusion.adapters.files import adapter_file, adapter_in_memory, with_adapter
from nodes.merging import HIDDEN, save_tensors

LoraModel = Annotated[Any, Socket("LORA_MODEL")]
Strength = Float(-100.0, 100.0, step=0.01)


@node("LoraLoader", category="loaders", title="Load LoRA", lane="host")
def lora_loader(
    *,
    model: Model,
    clip: Clip,
    lora_name: File("loras"),
    strength_model: Strength = 1.0,
    strength_clip: Strength = 1.0,
    ctx: Context,
) -> tuple[Model, Clip]:
    """Change a model and its text encoder by a LoRA, LoHa, LoKr, GLoRA, OFT, BOFT or DoRA.

    The weights themselves are shared and stay as they are. Several can be chained.

    Args:
        model: the denoiser.
        clip: the text encoder.
        lora_name: a file of the folder loras.
        strength_model: how far to go; 0 changes nothing, less than 0 goes the other way.
        strength_clip: the same for the text encoder.
    """
    adapter = adapter_file(ctx.folders.find("loras", lora_name))
    return with_adapter(adapter, model, clip, strength_model, strength_clip)


@node("LoraLoaderModelOnly", category="loaders", lane="host")
def lora_loader_model_only(
    *,
    model: Model,
    lora_name: File("loras"),
    strength_model: Strength = 1.0,
    ctx: Context,
) -> Model:
    """Change a model by a LoRA or another adapter, and leave the text encoder alone.

    Args:
        model: the denoiser.
        lora_name: a file of the folder loras.
        strength_model: how far to go; 0 changes nothing, less than 0 goes the other way.
    """
    adapter = adapter_file(ctx.folders.find("loras", lora_name))
    changed, _ = with_adapter(adapter, model, None, strength_model, 0.0)
    return changed


@node(
    "LoraModelLoader", category="loaders", title="Load LoRA Model", lane="host", experimental=True
)
def lora_model_loader(*, model: Model, lora: LoraModel, strength_model: Strength = 1.0) -> Model:
    """Change a model by a LoRA that was just trained.

    Args:
        model: the denoiser.
        lora: named tensors of the LoRA.
        strength_model: how far to go; 0 changes nothing, less than 0 goes the other way.
    """
    changed, _ = with_adapter(adapter_in_memory(lora), model, None, strength_model, 0.0)
    return changed


@node(
    "LoraSave",
    category="_for_testing",
    title="Extract and Save Lora",
    is_output=True,
    hidden=HIDDEN,
    experimental=True,
)
def lora_save(
    *,
    filename_prefix: Text(multiline=False) = "loras/ComfyUI_extracted_lora",
    rank: Int(1, 4096, step=1) = 8,
    lora_type: Choice(("standard", "full_diff")),
    bias_diff: Bool() = True,
    model_diff: Model = None,
    text_encoder_diff: Clip = None,
    ctx: Context,
) -> Output:
    """Save the difference of two models as a LoRA.

    Args:
        filename_prefix: begins the file name, below the output folder.
        rank: the larger, the closer to the difference and the larger the file.
        lora_type: of low rank, or whole differences.
        bias_diff: keep differences of biases and norms too.
        model_diff: a model that another was subtracted from.
        text_encoder_diff: a text encoder that another was subtracted from.
    """

    def tensors() -> Iterator[tuple[str, Any]]:
        if model_diff is not None:
            yield from from_model(model_diff, rank, lora_type, bias_diff)
        if text_encoder_diff is not None:
            yield from from_clip(text_encoder_diff, rank, lora_type, bias_diff)

    save_tensors(tensors(), filename_prefix, ctx)
    return Output()
