"""LoRA and other weight adapters: load them onto models, and extract them from differences."""

from engine.api import Clip, Context, File, Float, Model, node
from engine.diffusion.adapters.files import adapter_file, with_adapter

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
