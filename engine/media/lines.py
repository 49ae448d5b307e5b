"""Drawings from pictures by filters: lines, and scribbles.

Invariant: pictures are ``b h w c`` in 0..1; drawings are ``b h w`` in 0..1, white on black.
"""

import math

import torch
from torch import Tensor

from .filters import blurred, dilated

#: Standard deviations between which a line is darker than what is around it, in pixels.
FINE, COARSE = 0.5, 5.0
#: Least darkness that the typical line of a picture is taken for, so that noise stays dark.
FAINTEST = 16 / 255
#: How far a bell reaches, in standard deviations.
REACH = 4


def lineart(image: Tensor, sigma: float, threshold: float) -> Tensor:
    """How much darker each pixel is than its surroundings; a typical line comes out as 0.5.

    Args:
        image: the pictures.
        sigma: standard deviation of the surroundings, in pixels.
        threshold: darkness from which something counts as a line, for what is typical.
    """
    x = image[..., :3].movedim(-1, 1)
    darker = _in_all_channels(soft(x, sigma) - x)
    return torch.stack([one / (2 * _typical(one, threshold)) for one in darker]).clamp(max=1)


def _typical(darker: Tensor, threshold: float) -> float:
    lines = darker[darker > threshold]
    return max(float(lines.median()), FAINTEST) if len(lines) else FAINTEST


def scribble(image: Tensor, threshold: float, thickness: int = 1) -> Tensor:
    """Lines of a picture, 0 or 1, by a difference of Gaussians (Winnemoeller et al. 2012).

    Args:
        image: the pictures.
        threshold: how much darker than its surroundings a line is.
        thickness: pixels by which lines grow, 1: not at all.
    """
    x = image[..., :3].movedim(-1, 1)
    lines = _in_all_channels(soft(x, COARSE) - soft(x, FINE)) > threshold
    return thickened(lines.float(), thickness)


def strokes(image: Tensor, threshold: float, thickness: int = 1) -> Tensor:
    """The dark strokes of a drawing on light paper, 0 or 1.

    Args:
        image: the drawings.
        threshold: brightness of the darkest channel below which a pixel is a stroke.
        thickness: pixels by which strokes grow, 1: not at all.
    """
    return thickened((image[..., :3].amin(-1) < threshold).float(), thickness)


def thickened(drawing: Tensor, thickness: int) -> Tensor:
    """Lines of ``b h w`` grown to a square around each of their pixels."""
    return dilated(drawing[:, None], thickness)[:, 0]


def soft(x: Tensor, sigma: float) -> Tensor:
    """``b c h w`` blurred by a bell of a standard deviation in pixels."""
    radius = math.ceil(REACH * sigma)
    return blurred(x, radius, sigma / radius)


def _in_all_channels(darker: Tensor) -> Tensor:
    """How much darker every channel is, at least: colours alone make no lines."""
    return darker.amin(1).clamp(min=0)
