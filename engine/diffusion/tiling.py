"""Large pictures through a network tile by tile, blended where tiles overlap.

Invariant: the result is a weighted mean with weights that are positive everywhere, so a
function that works on each pixel alone gives the same with and without tiles.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Tiles:
    """How an autoencoder goes through large pictures, in cells of the latent.

    Attributes:
        side: of a tile.
        overlap: what neighbours share.
    """

    side: int = 64
    overlap: int = 16

    @classmethod
    def of_pixels(cls, side: int, overlap: int, downscale: int) -> "Tiles":
        """Tiles of so many pixels of the picture, of which at most a quarter overlaps."""
        cells = max(1, side // downscale)
        return cls(cells, min(overlap // downscale, cells // 4))


def in_tiles(
    function: Callable[[Tensor], Tensor],
    x: Tensor,
    tile: int,
    overlap: int,
    scale: float,
    done: Callable[[int, int], None] | None = None,
) -> Tensor:
    """Apply a function to overlapping tiles of ``b c h w`` and blend the results.

    Args:
        function: resizes height and width by ``scale``.
        x: the whole input.
        tile: side of a tile, in cells of ``x``.
        overlap: cells that neighbours share.
        scale: output cells per input cell.
        done: told after each tile how many of how many are done; may raise to cancel.

    Returns:
        ``b c' h*scale w*scale``, float32, on the CPU.
    """
    h, w = x.shape[-2:]
    corners = [(y, v) for y in starts(h, tile, overlap) for v in starts(w, tile, overlap)]
    total = weight = torch.zeros(())
    for i, (top, left) in enumerate(corners):
        out = function(x[..., top : top + tile, left : left + tile]).float().cpu()
        if i == 0:
            total = out.new_zeros(*out.shape[:2], round(h * scale), round(w * scale))
            weight = out.new_zeros(total.shape[-2:])
        window = feather(out.shape[-2], out.shape[-1], round(overlap * scale))
        y, v = round(top * scale), round(left * scale)
        total[..., y : y + out.shape[-2], v : v + out.shape[-1]] += out * window
        weight[y : y + out.shape[-2], v : v + out.shape[-1]] += window
        if done:
            done(i + 1, len(corners))
    return total / weight


def starts(size: int, tile: int, overlap: int) -> Iterator[int]:
    """Where tiles begin so that they cover ``size``; the last one ends with it."""
    last = max(0, size - tile)
    yield from range(0, last, max(1, tile - overlap))
    yield last


def feather(h: int, w: int, overlap: int) -> Tensor:
    """Weights ``h w`` that fall off towards the edges as a squared sine, never to zero.

    Networks see nothing beyond the edge of a tile and err most there; a linear fall would let
    that show as a faint line.
    """
    ramps = []
    for size in (h, w):
        i = torch.arange(size, dtype=torch.float32)
        way = (torch.minimum(i, size - 1 - i) + 0.5) / max(1, overlap)
        ramps.append((way.clamp(max=1.0) * (torch.pi / 2)).sin() ** 2)
    return ramps[0][:, None] * ramps[1][None, :]
