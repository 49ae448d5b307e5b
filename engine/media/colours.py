"""Colours: brightness and chroma apart, and few colours instead of many.

Invariant: pictures are ``b h w 3`` in 0..1 before and after.
"""

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from .edges import LUMA
from .images import to_uint8

DITHERS = ("none", "floyd-steinberg", "bayer-2", "bayer-4", "bayer-8", "bayer-16")
_RED, _GREEN, _BLUE = LUMA


def to_ycc(image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Brightness and the chroma of blue and red, ``b h w``, by Rec. 601 as in JPEG files.

    Chroma is 0.5 where a picture is grey.
    """
    red, green, blue = image[..., :3].unbind(-1)
    y = _RED * red + _GREEN * green + _BLUE * blue
    return y, (blue - y) / (2 - 2 * _BLUE) + 0.5, (red - y) / (2 - 2 * _RED) + 0.5


def from_ycc(y: Tensor, cb: Tensor, cr: Tensor) -> Tensor:
    """The inverse of :func:`to_ycc`, cut to 0..1."""
    red = y + (2 - 2 * _RED) * (cr - 0.5)
    blue = y + (2 - 2 * _BLUE) * (cb - 0.5)
    green = (y - _RED * red - _BLUE * blue) / _GREEN
    return torch.stack([red, green, blue], dim=-1).clamp(0, 1)


def quantized(image: Tensor, colors: int, dither: str) -> Tensor:
    """Pictures of so many colours, which are chosen for each picture by median cut.

    Args:
        image: ``b h w c``, of which the first three channels are used.
        colors: 1 to 256.
        dither: one of ``DITHERS``: how colours between are imitated by patterns.
    """
    pictures = [_quantized(to_uint8(one[..., :3]), colors, dither) for one in image]
    return torch.from_numpy(np.stack(pictures)).float() / 255


def _quantized(pixels: np.ndarray, colors: int, dither: str) -> np.ndarray:
    picture = Image.fromarray(pixels)
    few = picture.quantize(colors=colors)
    if dither == "floyd-steinberg":
        few = picture.quantize(palette=few, dither=Image.Dither.FLOYDSTEINBERG)
    elif dither != "none":
        order = int(dither.removeprefix("bayer-"))
        patterned = Image.fromarray(_patterned(pixels, _spacing(few), order))
        few = patterned.quantize(palette=few, dither=Image.Dither.NONE)
    return np.asarray(few.convert("RGB"))


def _spacing(few: Image.Image) -> float:
    """How far the colours of a picture lie from the next one, as a step of brightness."""
    pixels = np.asarray(few.convert("RGB"), dtype=np.float32).reshape(-1, 3)
    colors = np.unique(pixels, axis=0)
    if len(colors) < 2:
        return 0.0
    apart = np.linalg.norm(colors[:, None] - colors, axis=-1)
    np.fill_diagonal(apart, np.inf)
    return float(np.median(apart.min(axis=1))) / 3**0.5


def _patterned(pixels: np.ndarray, spread: float, order: int) -> np.ndarray:
    """Pixels moved up and down by an ordered pattern (Bayer 1973)."""
    height, width = pixels.shape[:2]
    tiles = np.tile(bayer(order), (height // order + 1, width // order + 1))[:height, :width]
    return np.clip(np.round(pixels + spread * tiles[..., None]), 0, 255).astype(np.uint8)


def bayer(order: int) -> np.ndarray:
    """Thresholds ``order order`` in -0.5..0.5 whose mean is 0; ``order`` is a power of two."""
    ranks = np.zeros((1, 1))
    while len(ranks) < order:
        ranks = np.block([[4 * ranks, 4 * ranks + 2], [4 * ranks + 3, 4 * ranks + 1]])
    return (ranks + 0.5) / order**2 - 0.5
