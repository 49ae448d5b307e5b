"""Conditions and text encoders with hooks, and keyframes from numbers.

Invariant: nothing is changed in place; nodes hand on new lists and handles.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from torch import Tensor

from .conditioning import Conditioning, combine, with_options
from .handles import Clip
from .weight_hooks import Keyframe, WeightHook, combined

#: How a share of the way, 0..1, becomes one of the difference.
EASINGS: Mapping[str, Callable[[float], float]] = {
    "linear": lambda t: t,
    "ease_in": lambda t: t * t,
    "ease_out": lambda t: t * (2 - t),
    "ease_in_out": lambda t: t * t * (3 - 2 * t),
}


def ramp(strengths: Sequence[float], start: float, end: float) -> tuple[Keyframe, ...]:
    """Keyframes at equal distances; only the first one is guaranteed a step."""
    last = max(1, len(strengths) - 1)
    return tuple(
        Keyframe(strength, start + (end - start) * i / last, guaranteed=int(i == 0))
        for i, strength in enumerate(strengths)
    )


def floats(value: Any) -> list[float] | None:
    """A number or a list of numbers as a list; None if it is neither."""
    items = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    if not items or not all(isinstance(item, int | float) for item in items):
        return None
    return [float(item) for item in items]


def set_clip(clip: Clip, hooks: Sequence[WeightHook], follow: bool, scheduled: bool) -> Clip:
    """Text encoders that encode with hooks."""
    return replace(clip, hooks=tuple(hooks), hooks_follow=follow, hooks_scheduled=scheduled)


def set_properties(
    conditioning: Conditioning,
    strength: float,
    bounds: bool,
    mask: Tensor | None,
    hooks: Sequence[WeightHook] | None,
    timesteps: tuple[float, float] | None,
) -> Conditioning:
    """Entries with a mask, hooks and a part of the run, as far as these are given.

    Args:
        conditioning: the entries.
        strength: within the mask, if there is one.
        bounds: let the model see only the rectangle around the mask.
        mask: ``(b) h w``.
        hooks: come behind those of an entry.
        timesteps: start and end, 0..1.
    """
    options: dict[str, Any] = {"strength": strength}
    if mask is not None:
        mask = mask if mask.dim() > 2 else mask[None]
        options = {"mask": mask, "mask_strength": strength, "set_area_to_bounds": bounds}
    if timesteps is not None:
        options |= {"start_percent": timesteps[0], "end_percent": timesteps[1]}
    return _hooked(with_options(conditioning, **options), hooks)


def default_beside(
    conditioning: Conditioning, default: Conditioning, hooks: Sequence[WeightHook] | None
) -> Conditioning:
    """Entries, and others that fill what they leave open."""
    return combine(conditioning, _hooked(with_options(default, default=True), hooks))


def _hooked(conditioning: Conditioning, hooks: Sequence[WeightHook] | None) -> Conditioning:
    if not hooks:
        return conditioning
    return [[v, {**o, "hooks": combined(o.get("hooks"), hooks)}] for v, o in conditioning]
