"""Latents changed by arithmetic, ``b c h w``: mixed, turned, blended, tone mapped, sharpened.

Invariant: works on each item of a batch by itself, and leaves its arguments alone.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from .filters import sharpened
from .layout import cycled, pasted
from .resize import resize

_EPS = 1e-8


def fitted(x: Tensor, to: Tensor, method: str = "bilinear") -> Tensor:
    """A latent in the size of another: cropped to its proportion, and resized."""
    height, width = to.shape[-2:]
    return x if x.shape[-2:] == to.shape[-2:] else resize(x, width, height, method, "center")


def paired(x: Tensor, to: Tensor, method: str = "bilinear") -> Tensor:
    """A latent in the size and the number of another, so that both can be added."""
    return cycled(fitted(x, to, method), len(to)).to(to)


def interpolated(a: Tensor, b: Tensor, ratio: float) -> Tensor:
    """Between two latents; directions and lengths are mixed apart, so that the norm stays.

    Args:
        a: the result at ratio 1.
        b: the result at ratio 0.
        ratio: 0 to 1.
    """
    lengths = [x.norm(dim=1, keepdim=True) for x in (a, b)]
    directions = [x / n.clamp(min=_EPS) for x, n in zip((a, b), lengths, strict=True)]
    mixed = torch.lerp(directions[1], directions[0], ratio)
    mixed = mixed / mixed.norm(dim=1, keepdim=True).clamp(min=_EPS)
    return mixed * torch.lerp(lengths[1], lengths[0], ratio)


def composed(to: Tensor, source: Tensor, x: int, y: int, feather: int) -> Tensor:
    """Lay a latent onto another; its sides that lie inside fade linearly.

    Args:
        to: decides the size.
        source: goes on it; what hangs over is cut.
        x: left side, in cells.
        y: top, in cells.
        feather: cells over which it fades.
    """
    (height, width), (h, w) = to.shape[-2:], source.shape[-2:]
    rows = _ramp(h, feather if y else 0, feather if y + h < height else 0)
    columns = _ramp(w, feather if x else 0, feather if x + w < width else 0)
    return pasted(to, source, x, y, (rows[:, None] * columns)[None])


def _ramp(size: int, before: int, after: int) -> Tensor:
    """Weights that rise from the beginning and fall to the end, over so many cells."""
    at = torch.arange(1, size + 1, dtype=torch.float32)
    rise = (at / before).clamp(max=1) if before else torch.ones(size)
    fall = (at / after).clamp(max=1).flip(0) if after else torch.ones(size)
    return rise * fall


@dataclass(frozen=True)
class Tonemap:
    """Compress strong values (Reinhard et al. 2002), direction by direction.

    Attributes:
        multiplier: how strong the strongest may be, against mean and five deviations.
    """

    multiplier: float

    def __call__(self, x: Tensor) -> Tensor:
        """Lengths of the channel vectors become ``top * n / (1 + n)`` with ``n = length / top``."""
        length = x.norm(dim=1, keepdim=True).clamp(min=_EPS)
        mean = length.mean((1, 2, 3), keepdim=True)
        top = (mean + 5 * length.std((1, 2, 3), keepdim=True)) * self.multiplier
        return x / length * (length * top / (top + length))


@dataclass(frozen=True)
class Sharpen:
    """Sharpen the directions of the channel vectors and keep their lengths.

    Attributes:
        radius: size of the details, in cells.
        sigma: width of the bell, as a share of the radius.
        alpha: how strongly.
    """

    radius: int
    sigma: float
    alpha: float

    def __call__(self, x: Tensor) -> Tensor:
        """Unsharp masking of ``x / |x|``, times ``|x|``."""
        length = x.norm(dim=1, keepdim=True).clamp(min=_EPS)
        return sharpened(x / length, self.radius, self.sigma, self.alpha) * length
