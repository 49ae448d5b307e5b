"""Conditions: text vectors with the options that say where, when and how much they count.

A conditioning is a list of pairs ``[vectors, options]``: ``vectors`` is ``b n width``, and
``options`` is a dict in which node packs may keep keys of their own. Understood here:
``area`` ((h, w, y, x) in latent cells, or ("percentage", h, w, y, x)), ``mask``,
``mask_strength``, ``strength``, ``start_percent`` and ``end_percent``.

Invariant: a conditioning is never changed; nodes make new lists.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from .parameterization import INFINITE_SIGMA, Discrete

Conditioning = Sequence[Sequence[Any]]

#: Cells over which the inner borders of an area fade, at most a quarter of its size.
FADE = 8


@dataclass(frozen=True)
class Area:
    """A rectangle of latent cells."""

    h: int
    w: int
    y: int
    x: int

    def cut(self, tensor: Tensor) -> Tensor:
        """The part of ``... h w`` inside."""
        return tensor[..., self.y : self.y + self.h, self.x : self.x + self.w]


@dataclass(frozen=True)
class Condition:
    """One entry, made ready for latents of one size.

    Attributes:
        vectors: ``b n width``, on the model's device.
        area: where it applies.
        weight: how much it counts, ``1 1 h w`` within the area; None: 1 everywhere.
        sigma_start: noise level from which it applies.
        sigma_end: noise level down to which it applies.
    """

    vectors: Tensor
    area: Area
    weight: Tensor | None
    sigma_start: float
    sigma_end: float

    def applies(self, sigma: float) -> bool:
        """Whether it counts at a noise level."""
        return self.sigma_end <= sigma <= self.sigma_start


def combine(*conditionings: Conditioning) -> Conditioning:
    """All entries of several conditionings; where they overlap they are averaged."""
    return [entry for conditioning in conditionings for entry in conditioning]


def prepare(
    conditioning: Conditioning, sampling: Discrete, latent: Tensor, place: Tensor
) -> list[Condition]:
    """Resolve the options of every entry.

    Args:
        conditioning: as nodes hand it over.
        sampling: translates percents to noise levels.
        latent: ``b c h w`` that will be sampled.
        place: a tensor of the device and precision that vectors shall have.
    """
    return [
        Condition(
            vectors=vectors.to(place),
            area=_area(options.get("area"), *latent.shape[-2:]),
            weight=_weight(options, latent),
            sigma_start=_sigma(sampling, options.get("start_percent"), INFINITE_SIGMA),
            sigma_end=_sigma(sampling, options.get("end_percent"), 0.0),
        )
        for vectors, options in conditioning
    ]


def _sigma(sampling: Discrete, percent: float | None, default: float) -> float:
    return default if percent is None else sampling.percent_to_sigma(percent)


def _area(area: Sequence[Any] | None, height: int, width: int) -> Area:
    if area is None:
        return Area(height, width, 0, 0)
    if area[0] == "percentage":
        h, w, y, x = (round(n * m) for n, m in zip(area[1:], (height, width) * 2, strict=True))
        area = (max(1, h), max(1, w), y, x)
    h, w, y, x = area
    y, x = min(y, height - 1), min(x, width - 1)
    return Area(min(h, height - y), min(w, width - x), y, x)


def _weight(options: dict[str, Any], latent: Tensor) -> Tensor | None:
    """Mask, strengths and the fading of inner borders, multiplied."""
    strength = float(options.get("strength", 1.0))
    height, width = latent.shape[-2:]
    area = _area(options.get("area"), height, width)
    if "mask" in options:
        mask = fit_mask(options["mask"], latent)
        return area.cut(mask) * options.get("mask_strength", 1.0) * strength
    if "area" in options:
        return _fade(area, height, width).to(latent) * strength
    return None if strength == 1.0 else latent.new_full((1, 1, height, width), strength)


def fit_mask(mask: Tensor, latent: Tensor) -> Tensor:
    """A mask ``(b) h w`` as ``b 1 h w`` in the size, on the device and of the type of a latent."""
    mask = mask.reshape(-1, 1, *mask.shape[-2:]).to(latent)
    return F.interpolate(mask, size=latent.shape[-2:], mode="bilinear")


def _fade(area: Area, height: int, width: int) -> Tensor:
    rows = _ramp(area.h, area.y > 0, area.y + area.h < height)
    columns = _ramp(area.w, area.x > 0, area.x + area.w < width)
    return (rows[:, None] * columns)[None, None]


def _ramp(size: int, at_start: bool, at_end: bool) -> Tensor:
    length = min(FADE, size // 4)
    ramp = torch.ones(size)
    for i in range(length):
        ramp[i] *= (i + 1) / length if at_start else 1.0
        ramp[size - 1 - i] *= (i + 1) / length if at_end else 1.0
    return ramp
