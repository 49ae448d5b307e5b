"""Conditioning: from prompts to what a sampler follows."""

from dataclasses import replace
from functools import partial
from typing import Any

from engine.api import Clip, Conditioning, Context, Float, Int, InvalidInput, Text, node
from engine.diffusion.conditioning import combine
from engine.diffusion.text.conditions import encode_prompt
from engine.diffusion.text.embeddings import find_embedding

MAX_SIDE = 16384
Prompt = Text(multiline=True, dynamicPrompts=True)


@node("CLIPTextEncode", category="conditioning", title="CLIP Text Encode (Prompt)")
def clip_text_encode(*, text: Prompt, clip: Clip, ctx: Context) -> Conditioning:
    """Encode a prompt into the vectors that guide a sampler.

    Args:
        text: the prompt; (word:1.2) weighs a word, embedding:name brings in learned vectors.
        clip: the text encoder of the checkpoint that will sample.
    """
    return _encode(clip, text, ctx)


def _encode(clip: Clip, text: Any, ctx: Context, **options: Any) -> Any:
    """A conditioning with more options than the pooled vector."""
    if clip is None:
        raise InvalidInput(
            "The clip input is empty: the checkpoint holds no text encoder. Load one that "
            "fits the model and connect it here."
        )
    roots = ctx.folders.models.get("embeddings", ())
    return encode_prompt(clip, text, partial(find_embedding, roots), **options)


@node("CLIPTextEncodeSDXL", category="advanced/conditioning")
def clip_text_encode_sdxl(
    *,
    clip: Clip,
    width: Int(0, MAX_SIDE) = 1024,
    height: Int(0, MAX_SIDE) = 1024,
    crop_w: Int(0, MAX_SIDE) = 0,
    crop_h: Int(0, MAX_SIDE) = 0,
    target_width: Int(0, MAX_SIDE) = 1024,
    target_height: Int(0, MAX_SIDE) = 1024,
    text_g: Prompt,
    text_l: Prompt,
    ctx: Context,
) -> Conditioning:
    """Encode a prompt for SDXL, with the sizes that it was trained to be told.

    Args:
        clip: the pair of text encoders of an SDXL checkpoint.
        width: of the training picture that the result shall resemble, in pixels; small ones
            are blurred.
        height: of that picture.
        crop_w: pixels that were cut off its left; 0 keeps the subject in the middle.
        crop_h: pixels that were cut off its top.
        target_width: of the result, in pixels.
        target_height: of the result, in pixels.
        text_g: the prompt for the large encoder, which understands sentences.
        text_l: the prompt for the small one; usually the same.
    """
    sizes = {
        "width": width,
        "height": height,
        "crop_w": crop_w,
        "crop_h": crop_h,
        "target_width": target_width,
        "target_height": target_height,
    }
    return _encode(clip, {"l": text_l, "g": text_g}, ctx, **sizes)


@node("CLIPTextEncodeSDXLRefiner", category="advanced/conditioning")
def clip_text_encode_sdxl_refiner(
    *,
    ascore: Float(0.0, 1000.0, step=0.01) = 6.0,
    width: Int(0, MAX_SIDE) = 1024,
    height: Int(0, MAX_SIDE) = 1024,
    text: Prompt,
    clip: Clip,
    ctx: Context,
) -> Conditioning:
    """Encode a prompt for the SDXL refiner, with the score that it was trained to be told.

    Args:
        ascore: how beautiful people found such pictures; 6 for what is wanted, 2.5 for what
            is not.
        width: of the picture, in pixels.
        height: of the picture, in pixels.
        text: the prompt.
        clip: the text encoder of the refiner's checkpoint.
    """
    return _encode(clip, text, ctx, aesthetic_score=ascore, width=width, height=height)


@node("CLIPSetLastLayer", category="conditioning", title="CLIP Set Last Layer", lane="host")
def clip_set_last_layer(*, clip: Clip, stop_at_clip_layer: Int(-24, -1, step=1) = -1) -> Clip:
    """Take a text encoder's output before its last layers ("CLIP skip").

    Args:
        clip: the text encoder.
        stop_at_clip_layer: -1 the last layer, -2 the one before.
    """
    return replace(clip, layer=stop_at_clip_layer)


@node("ConditioningCombine", category="conditioning", title="Conditioning (Combine)", lane="host")
def conditioning_combine(
    *, conditioning_1: Conditioning, conditioning_2: Conditioning
) -> Conditioning:
    """Follow two conditionings at once: what the model sees under each is averaged."""
    return combine(conditioning_1, conditioning_2)
