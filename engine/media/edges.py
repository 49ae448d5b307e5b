"""Edges of pictures (Canny 1986).

Invariant: an edge is one pixel wide, and reaches at least once above the high threshold.
"""

import math

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional as F

from .filters import convolved, mirrored

#: Rec. 601 weights of red, green and blue in brightness.
LUMA = (0.299, 0.587, 0.114)
#: Bell of standard deviation 1 over five pixels.
_BELL = torch.exp(-(torch.arange(-2.0, 3.0) ** 2) / 2)
_SOBEL = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
#: Steps to the neighbour in each of eight directions of the gradient, ``(row, column)``.
_NEIGHBOURS = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))


def canny(image: Tensor, low: float, high: float) -> Tensor:
    """The edges of pictures.

    Args:
        image: ``b h w c`` in 0..1; three channels or more are turned to grey.
        low: slope (Sobel, of brightness in 0..1) from which an edge goes on.
        high: slope from which an edge begins.

    Returns:
        ``b h w``, 1 on edges and 0 elsewhere.
    """
    thin, slope = _thinned(*_gradients(_smoothed(grey(image)[:, None])))
    pairs = zip(thin & (slope > low), thin & (slope > high), strict=True)
    return torch.stack([_connected(weak, strong) for weak, strong in pairs]).float()


def grey(image: Tensor) -> Tensor:
    """Brightness ``b h w`` of ``b h w c``."""
    if image.shape[-1] < 3:
        return image[..., 0]
    return image[..., :3] @ torch.tensor(LUMA).to(image)


def _smoothed(x: Tensor) -> Tensor:
    return convolved(mirrored(x, 2), _BELL / _BELL.sum())


def _gradients(x: Tensor) -> tuple[Tensor, Tensor]:
    """Slopes to the right and downwards, ``b 1 h w``."""
    kernels = torch.stack([_SOBEL, _SOBEL.T])[:, None].to(x)
    both = F.conv2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), kernels)
    return both[:, :1], both[:, 1:]


def _thinned(dx: Tensor, dy: Tensor) -> tuple[Tensor, Tensor]:
    """Where the slope is larger than at both neighbours across the edge, and the slope."""
    slope = (dx**2 + dy**2).sqrt()[:, 0]
    direction = (torch.atan2(dy, dx)[:, 0] * (4 / math.pi)).round().long() % 8
    padded = F.pad(slope, (1, 1, 1, 1))
    h, w = slope.shape[-2:]
    around = torch.stack([padded[:, 1 + r :, 1 + c :][:, :h, :w] for r, c in _NEIGHBOURS])
    ahead, behind = (around.gather(0, d[None])[0] for d in (direction, (direction + 4) % 8))
    return (slope > ahead) & (slope > behind), slope


def _connected(weak: Tensor, strong: Tensor) -> Tensor:
    """Weak pixels that touch strong ones through others, also diagonally (hysteresis)."""
    labels, _ = ndimage.label(weak.cpu().numpy(), structure=np.ones((3, 3)))
    kept = np.unique(labels[strong.cpu().numpy()])
    return torch.from_numpy(np.isin(labels, kept[kept > 0]))
