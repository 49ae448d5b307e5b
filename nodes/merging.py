"""Merging models, and saving them as files."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from engine.api import Clip, Context, Float, Model, Output, Text, Vae, node
from engine.diffusion import merging
from engine.diffusion.saving import (
    clip_tensors,
    model_tensors,
    text_encoder_tensors,
    vae_tensors,
    write_safetensors,
)
from engine.media.naming import save_name, save_numbered

HIDDEN = {"prompt": "PROMPT", "extra_pnginfo": "EXTRA_PNGINFO"}
Ratio = Float(0.0, 1.0, step=0.01)
Block = Float(0.0, 1.0, step=0.01, default=1.0)
Multiplier = Float(-10.0, 10.0, step=0.01)

#: Parts of a U-Net that are mixed by themselves.
SD_BLOCKS = (
    "time_embed.",
    "label_emb.",
    *(f"input_blocks.{i}." for i in range(12)),
    *(f"middle_block.{i}." for i in range(3)),
    *(f"output_blocks.{i}." for i in range(12)),
    "out.",
)
SDXL_BLOCKS = (
    "time_embed.",
    "label_emb.",
    *(f"input_blocks.{i}" for i in range(9)),
    *(f"middle_block.{i}" for i in range(3)),
    *(f"output_blocks.{i}" for i in range(9)),
    "out.",
)

_merging = partial(node, category="advanced/model_merging", lane="host")
_specific = partial(node, category="advanced/model_merging/model_specific", lane="host")
_saving = partial(
    node, category="advanced/model_merging", lane="host", is_output=True, hidden=HIDDEN
)


@_merging("ModelMergeSimple")
def merge_simple(*, model1: Model, model2: Model, ratio: Ratio = 1.0) -> Model:
    """Mix two models.

    Args:
        model1: kept fully at ratio 1.
        model2: taken fully at ratio 0.
        ratio: share of the first model.
    """
    return merging.merge_models(model1, model2, merging.simple(ratio))


@_merging("ModelMergeBlocks")
def merge_blocks(
    *, model1: Model, model2: Model, input: Ratio = 1.0, middle: Ratio = 1.0, out: Ratio = 1.0
) -> Model:
    """Mix two models, each part of the U-Net by a ratio of its own.

    Args:
        model1: kept where a ratio is 1.
        model2: taken where a ratio is 0.
        input: on the way down, and in the embeddings of time and classes.
        middle: in the middle.
        out: on the way up.
    """
    ratios = {"input": input, "middle": middle, "out": out}
    return merging.merge_models(model1, model2, merging.by_block(ratios))


@_merging("ModelMergeAdd")
def merge_add(*, model1: Model, model2: Model) -> Model:
    """Add the weights of two models, one of which is a difference.

    Args:
        model1: the model.
        model2: what is added.
    """
    return merging.merge_models(model1, model2, merging.added)


@_merging("ModelMergeSubtract")
def merge_subtract(*, model1: Model, model2: Model, multiplier: Multiplier = 1.0) -> Model:
    """The difference of two models, to be added to a third or saved as a LoRA.

    Args:
        model1: what is subtracted from.
        model2: what is subtracted.
        multiplier: of the difference.
    """
    return merging.merge_models(model1, model2, merging.subtracted(multiplier))


@_merging("CLIPMergeSimple")
def merge_clips_simple(*, clip1: Clip, clip2: Clip, ratio: Ratio = 1.0) -> Clip:
    """Mix two text encoders.

    Args:
        clip1: kept fully at ratio 1.
        clip2: taken fully at ratio 0.
        ratio: share of the first.
    """
    return merging.merge_clips(clip1, clip2, merging.simple(ratio))


@_merging("CLIPMergeAdd")
def merge_clips_add(*, clip1: Clip, clip2: Clip) -> Clip:
    """Add the weights of two text encoders, one of which is a difference.

    Args:
        clip1: the text encoder.
        clip2: what is added.
    """
    return merging.merge_clips(clip1, clip2, merging.added)


@_merging("CLIPMergeSubtract")
def merge_clips_subtract(*, clip1: Clip, clip2: Clip, multiplier: Multiplier = 1.0) -> Clip:
    """The difference of two text encoders.

    Args:
        clip1: what is subtracted from.
        clip2: what is subtracted.
        multiplier: of the difference.
    """
    return merging.merge_clips(clip1, clip2, merging.subtracted(multiplier))


def _by_part(model1: Model, model2: Model, ratios: dict[str, float]) -> Model:
    return merging.merge_models(model1, model2, merging.by_block(ratios))


@_specific("ModelMergeSD1")
def merge_sd1(*, model1: Model, model2: Model, **ratios: dict.fromkeys(SD_BLOCKS, Block)) -> Model:
    """Mix two models of SD 1.x, each block by a ratio of its own.

    Args:
        model1: kept where a ratio is 1.
        model2: taken where a ratio is 0.
        ratios: share of the first model in this part.
    """
    return _by_part(model1, model2, ratios)


@_specific("ModelMergeSD2")
def merge_sd2(*, model1: Model, model2: Model, **ratios: dict.fromkeys(SD_BLOCKS, Block)) -> Model:
    """Mix two models of SD 2.x, each block by a ratio of its own.

    Args:
        model1: kept where a ratio is 1.
        model2: taken where a ratio is 0.
        ratios: share of the first model in this part.
    """
    return _by_part(model1, model2, ratios)


@_specific("ModelMergeSDXL")
def merge_sdxl(
    *, model1: Model, model2: Model, **ratios: dict.fromkeys(SDXL_BLOCKS, Block)
) -> Model:
    """Mix two models of SDXL, each block by a ratio of its own.

    Args:
        model1: kept where a ratio is 1.
        model2: taken where a ratio is 0.
        ratios: share of the first model in this part.
    """
    return _by_part(model1, model2, ratios)


@_saving("CheckpointSave", title="Save Checkpoint")
def checkpoint_save(
    *,
    model: Model,
    clip: Clip,
    vae: Vae,
    filename_prefix: Text() = "checkpoints/ComfyUI",
    ctx: Context,
) -> Output:
    """Save denoiser, text encoder and autoencoder as one checkpoint, LoRAs and merges baked in.

    Args:
        model: the denoiser.
        clip: the text encoder.
        vae: the autoencoder.
        filename_prefix: begins the file name, below the output folder.
    """

    def tensors() -> Iterator[tuple[str, Any]]:
        yield from model_tensors(model)
        yield from clip_tensors(clip)
        yield from vae_tensors(vae)

    save_tensors(tensors(), filename_prefix, ctx)
    return Output()


@_saving("ModelSave")
def model_save(
    *, model: Model, filename_prefix: Text() = "diffusion_models/ComfyUI", ctx: Context
) -> Output:
    """Save a denoiser as a file of its own, LoRAs and merges baked in.

    Args:
        model: the denoiser.
        filename_prefix: begins the file name, below the output folder.
    """
    save_tensors(model_tensors(model), filename_prefix, ctx)
    return Output()


@_saving("CLIPSave")
def clip_save(*, clip: Clip, filename_prefix: Text() = "clip/ComfyUI", ctx: Context) -> Output:
    """Save each text encoder as a file of its own, LoRAs and merges baked in.

    Args:
        clip: the text encoders.
        filename_prefix: begins the file names, below the output folder.
    """
    for number, encoder in enumerate(clip.encoders):
        prefix = f"{filename_prefix}_clip_{encoder.name}"
        save_tensors(text_encoder_tensors(clip, number), prefix, ctx)
    return Output()


@_saving("VAESave")
def vae_save(*, vae: Vae, filename_prefix: Text() = "vae/ComfyUI_vae", ctx: Context) -> Output:
    """Save an autoencoder as a file of its own.

    Args:
        vae: the autoencoder.
        filename_prefix: begins the file name, below the output folder.
    """
    save_tensors(vae_tensors(vae, prefix=""), filename_prefix, ctx)
    return Output()


def save_tensors(tensors: Iterator[tuple[str, Any]], prefix: str, ctx: Context) -> Path:
    """Write a numbered safetensors file with the workflow inside; stops when cancelled."""

    def checked() -> Iterator[tuple[str, Any]]:
        for entry in tensors:
            ctx.check()
            yield entry

    def write(path: Path) -> None:
        write_safetensors(path, checked(), ctx.metadata)

    name = save_name(ctx.folders.root("output"), prefix, 0, 0, datetime.now())
    return save_numbered(name, write, suffix=".safetensors")
