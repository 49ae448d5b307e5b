"""Conditioning: from prompts to what a sampler follows."""

from dataclasses import replace
from functools import partial

from engine.api import Clip, Conditioning, Context, Int, InvalidInput, Text, node
from engine.diffusion.conditioning import combine
from engine.diffusion.text.embeddings import find_embedding
from engine.diffusion.text.encode import encode


@node("CLIPTextEncode", category="conditioning", title="CLIP Text Encode (Prompt)")
def clip_text_encode(
    *, text: Text(multiline=True, dynamicPrompts=True), clip: Clip, ctx: Context
) -> Conditioning:
    """Encode a prompt into the vectors that guide a sampler.

    Args:
        text: the prompt; (word:1.2) weighs a word, embedding:name brings in learned vectors.
        clip: the text encoder of the checkpoint that will sample.
    """
    if clip is None:
        raise InvalidInput(
            "The clip input is empty: the checkpoint holds no text encoder. Load one that "
            "fits the model and connect it here."
        )
    roots = ctx.folders.models.get("embeddings", ())
    vectors, pooled = encode(clip, text, partial(find_embedding, roots))
    return [[vectors, {"pooled_output": pooled}]]


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
