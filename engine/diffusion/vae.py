"""Pictures to latents and back.

Invariant: pictures are float32 ``b h w 3`` in 0..1 on the CPU; latents are unscaled, as the
autoencoder gives them: a model's latent format scales them when sampling starts.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor

from . import residency
from .handles import Vae
from .networks.autoencoder import AutoencoderKL
from .tiling import Tiles, in_tiles

log = logging.getLogger(__name__)

#: Pixels that go through the network at once.
PIXELS_AT_ONCE = 2**20
#: When memory runs out.
TILES = Tiles()
#: Told after each tile how many of how many are done; may raise to cancel.
Done = Callable[[int, int], None]


@torch.no_grad()
def encode(
    vae: Vae,
    image: Tensor,
    tiled: bool = False,
    tiles: Tiles = TILES,
    done: Done | None = None,
) -> Tensor:
    """The latent of a picture: the posterior's mean.

    Args:
        vae: the autoencoder.
        image: ``b h w c`` in 0..1, of which the first three channels are used; sides are
            cropped, centred, to multiples of ``vae.downscale``.
        tiled: go through the network in tiles from the start, which takes less memory.
        tiles: their size.
        done: told after each tile.

    Returns:
        ``b channels h/f w/f``, float32.
    """
    network = cast(AutoencoderKL, residency.load((vae.encoder or vae).weights))
    pixels = crop_to_multiple(image[..., :3], vae.downscale).movedim(-1, 1) * 2 - 1
    work = _Work(network.encode, next(network.parameters()), 1 / vae.downscale, tiles, done)
    return work.whole(pixels, pixels[0, 0].numel(), tiled)


@torch.no_grad()
def decode(
    vae: Vae,
    latent: Tensor,
    tiled: bool = False,
    tiles: Tiles = TILES,
    done: Done | None = None,
) -> Tensor:
    """The picture of a latent, ``b c h w`` -> ``b h*f w*f 3`` in 0..1, on the CPU.

    Args:
        vae: the autoencoder.
        latent: unscaled.
        tiled: go through the network in tiles from the start, which takes less memory.
        tiles: their size.
        done: told after each tile.
    """
    network = cast(AutoencoderKL, residency.load(vae.weights))
    work = _Work(network.decode, next(network.parameters()), vae.downscale, tiles, done)
    image = work.whole(latent, latent[0, 0].numel() * vae.downscale**2, tiled)
    return (image * 0.5 + 0.5).clamp(0, 1).movedim(1, -1).cpu().contiguous()


def crop_to_multiple(image: Tensor, multiple: int) -> Tensor:
    """The centre of ``b h w c`` whose sides are multiples."""
    h, w = (n // multiple * multiple for n in image.shape[1:3])
    y, x = (image.shape[1] - h) // 2, (image.shape[2] - w) // 2
    return image[:, y : y + h, x : x + w]


@dataclass(frozen=True)
class _Work:
    """One direction of an autoencoder.

    Attributes:
        function: the network's.
        place: a tensor of the type and on the device of the network.
        scale: output cells per input cell.
        tiles: for large inputs.
        done: told after each tile.
    """

    function: Callable[[Tensor], Tensor]
    place: Tensor
    scale: float
    tiles: Tiles
    done: Done | None

    def whole(self, x: Tensor, pixels: int, tiled: bool) -> Tensor:
        """A batch, some pictures at a time; in tiles if asked for, or if memory runs out."""
        parts = x.split(max(1, PIXELS_AT_ONCE // pixels))
        if not tiled:
            try:
                return torch.cat([self.function(part.to(self.place)).float() for part in parts])
            except torch.OutOfMemoryError:
                log.warning("the autoencoder ran out of memory and goes on in tiles")
        return torch.cat([self._in_tiles(p, i, len(parts)) for i, p in enumerate(parts)])

    def _in_tiles(self, part: Tensor, before: int, parts: int) -> Tensor:
        unit = round(1 / min(self.scale, 1))
        tile, overlap = self.tiles.side * unit, self.tiles.overlap * unit

        def tell(i: int, n: int) -> None:
            if self.done:
                self.done(before * n + i, parts * n)

        def apply(x: Tensor) -> Tensor:
            return self.function(x.to(self.place))

        return in_tiles(apply, part, tile, overlap, self.scale, tell)
