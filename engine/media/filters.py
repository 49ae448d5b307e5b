"""Filters of pictures and latents, ``b c h w``: blur, sharpening, grey morphology.

Invariant: the size stays; what lies outside is the mirrored inside for blurs, and counts for
nothing in morphology.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

#: How many times the difference to the blurred picture is added at an alpha of 1.
GAIN = 10.0


def gaussian(radius: int, sigma: float) -> Tensor:
    """Weights of ``2 radius + 1`` pixels whose distances run from -1 to 1; their sum is 1.

    The width of the bell is so a share of the radius: sigma 1 is nearly flat.
    """
    distance = torch.linspace(-1, 1, 2 * radius + 1)
    weights = (-(distance**2) / (2 * sigma**2)).exp()
    return weights / weights.sum()


def blurred(x: Tensor, radius: int, sigma: float) -> Tensor:
    """A Gaussian blur; both axes one after the other, which is the same as a round kernel."""
    return convolved(mirrored(x, radius), gaussian(radius, sigma))


def sharpened(x: Tensor, radius: int, sigma: float, alpha: float) -> Tensor:
    """Unsharp masking: what a blur takes away is added, ``GAIN * alpha`` times."""
    return x + GAIN * alpha * (x - blurred(x, radius, sigma))


def convolved(x: Tensor, weights: Tensor) -> Tensor:
    """Weigh neighbours along the height and the width; the size shrinks by the kernel."""
    kernel = weights.to(x)
    flat = x.reshape(-1, 1, *x.shape[-2:])
    flat = F.conv2d(F.conv2d(flat, kernel[None, None, :, None]), kernel[None, None, None, :])
    return flat.reshape(*x.shape[:-2], *flat.shape[-2:])


def mirrored(x: Tensor, margin: int) -> Tensor:
    """More pixels at each side, mirrored at the border pixels, as often as it takes."""
    rows, columns = (_reflected(n, margin).to(x.device) for n in x.shape[-2:])
    return x[..., rows, :][..., columns]


def _reflected(size: int, margin: int) -> Tensor:
    """Indices ``-margin .. size + margin - 1`` folded back into ``0 .. size - 1``."""
    period = max(2 * (size - 1), 1)
    at = torch.arange(-margin, size + margin) % period
    return torch.minimum(at, period - at).clamp(max=size - 1)


def dilated(x: Tensor, size: int) -> Tensor:
    """The largest value in a square of ``size`` pixels a side."""
    before, after = (size - 1) // 2, size // 2
    padded = F.pad(x, (before, after, before, after), value=-torch.inf)
    return F.max_pool2d(F.max_pool2d(padded, (1, size), 1), (size, 1), 1)


def eroded(x: Tensor, size: int) -> Tensor:
    """The smallest value in the same square, turned around for even sizes.

    Turning it makes opening and closing leave everything at its place.
    """
    return -dilated(-x.flip(-1, -2), size).flip(-1, -2)


def opened(x: Tensor, size: int) -> Tensor:
    """Without bright details that are smaller than the square."""
    return dilated(eroded(x, size), size)


def closed(x: Tensor, size: int) -> Tensor:
    """Without dark details that are smaller than the square."""
    return eroded(dilated(x, size), size)


#: Grey morphology by a flat square (Serra 1982); ``(x, size)``.
MORPHOLOGY: Mapping[str, Callable[[Tensor, int], Tensor]] = {
    "erode": eroded,
    "dilate": dilated,
    "open": opened,
    "close": closed,
    "gradient": lambda x, size: dilated(x, size) - eroded(x, size),
    "bottom_hat": lambda x, size: closed(x, size) - x,
    "top_hat": lambda x, size: x - opened(x, size),
}
