"""Conditioning: mixed, joined, and limited to a part of the picture or of the run."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from engine.api import Choice, Conditioning, Float, Int, Mask, node
from engine.diffusion import conditioning as ops

MAX_SIDE = 16384
#: Pixels a side of one latent cell, for areas that are given in pixels.
CELL = 8
Strength = Float(0.0, 10.0, step=0.01)
Share = Float(0, 1.0, step=0.01)
_conditioning = partial(node, category="conditioning", lane="host")


@_conditioning("ConditioningAverage", title="ConditioningAverage")
def conditioning_average(
    *,
    conditioning_to: Conditioning,
    conditioning_from: Conditioning,
    conditioning_to_strength: Float(0.0, 1.0, step=0.01) = 1.0,
) -> Conditioning:
    """Mix the vectors of two prompts.

    Args:
        conditioning_to: kept fully at strength 1.
        conditioning_from: its first entry is mixed in; cut or filled up with zeros to the length.
        conditioning_to_strength: share of the first.
    """
    return ops.average(conditioning_to, conditioning_from, conditioning_to_strength)


@_conditioning("ConditioningConcat", title="Conditioning (Concat)")
def conditioning_concat(
    *, conditioning_to: Conditioning, conditioning_from: Conditioning
) -> Conditioning:
    """Let the model read two prompts one behind the other.

    Args:
        conditioning_to: comes first.
        conditioning_from: its first entry comes behind.
    """
    return ops.concat(conditioning_to, conditioning_from)


@_conditioning("ConditioningSetArea", title="Conditioning (Set Area)")
def conditioning_set_area(
    *,
    conditioning: Conditioning,
    width: Int(64, MAX_SIDE, step=8) = 64,
    height: Int(64, MAX_SIDE, step=8) = 64,
    x: Int(0, MAX_SIDE, step=8) = 0,
    y: Int(0, MAX_SIDE, step=8) = 0,
    strength: Strength = 1.0,
) -> Conditioning:
    """Let a prompt apply to a rectangle of the picture.

    Args:
        conditioning: the prompt.
        width: of the rectangle, in pixels.
        height: of the rectangle, in pixels.
        x: its left side.
        y: its top.
        strength: how much it counts beside other prompts there.
    """
    area = tuple(n // CELL for n in (height, width, y, x))
    return ops.with_options(conditioning, area=area, strength=strength)


@_conditioning("ConditioningSetAreaPercentage", title="Conditioning (Set Area with Percentage)")
def conditioning_set_area_percentage(
    *,
    conditioning: Conditioning,
    width: Share = 1.0,
    height: Share = 1.0,
    x: Share = 0,
    y: Share = 0,
    strength: Strength = 1.0,
) -> Conditioning:
    """Let a prompt apply to a rectangle, in parts of the picture.

    Args:
        conditioning: the prompt.
        width: of the rectangle; 1 is the whole width.
        height: of the rectangle; 1 is the whole height.
        x: its left side.
        y: its top.
        strength: how much it counts beside other prompts there.
    """
    area = ("percentage", max(height, 0.01), max(width, 0.01), y, x)
    return ops.with_options(conditioning, area=area, strength=strength)


@_conditioning("ConditioningSetAreaStrength", title="ConditioningSetAreaStrength")
def conditioning_set_area_strength(
    *, conditioning: Conditioning, strength: Strength = 1.0
) -> Conditioning:
    """Change how much a prompt counts.

    Args:
        conditioning: the prompt.
        strength: how much it counts beside other prompts.
    """
    return ops.with_options(conditioning, strength=strength)


@_conditioning("ConditioningSetMask", title="Conditioning (Set Mask)")
def conditioning_set_mask(
    *,
    conditioning: Conditioning,
    mask: Mask,
    strength: Strength = 1.0,
    set_cond_area: Choice(("default", "mask bounds")),
) -> Conditioning:
    """Let a prompt apply where a mask is white.

    Args:
        conditioning: the prompt.
        mask: white where it applies.
        strength: how much it counts there beside other prompts.
        set_cond_area: mask bounds lets the model see only the rectangle around the mask, which
            is faster and draws what is asked for into it; default shows it the whole picture.
    """
    mask = mask if mask.dim() > 2 else mask[None]
    bounds = set_cond_area != "default"
    options = {"mask": mask, "mask_strength": strength, "set_area_to_bounds": bounds}
    return ops.with_options(conditioning, **options)


@node(
    "ConditioningSetTimestepRange",
    category="advanced/conditioning",
    title="ConditioningSetTimestepRange",
    lane="host",
)
def conditioning_set_timestep_range(
    *,
    conditioning: Conditioning,
    start: Float(0.0, 1.0, step=0.001) = 0.0,
    end: Float(0.0, 1.0, step=0.001) = 1.0,
) -> Conditioning:
    """Let a prompt apply to a part of the run.

    Args:
        conditioning: the prompt.
        start: from here on; 0 is the first step.
        end: until here; 1 is the last step.
    """
    return ops.with_options(conditioning, start_percent=start, end_percent=end)


@node(
    "ConditioningZeroOut",
    category="advanced/conditioning",
    title="ConditioningZeroOut",
    lane="host",
)
def conditioning_zero_out(*, conditioning: Conditioning) -> Conditioning:
    """Make a prompt say nothing at all, which is less than an empty prompt says.

    Args:
        conditioning: gives the length.
    """
    pooled: Callable[[Any], Any] = lambda value: (  # noqa: E731
        torch.zeros_like(value) if isinstance(value, torch.Tensor) else value
    )
    return [
        [
            torch.zeros_like(vectors),
            {
                k: pooled(v) if k in ("pooled_output", "conditioning_lyrics") else v
                for k, v in options.items()
            },
        ]
        for vectors, options in conditioning
    ]
