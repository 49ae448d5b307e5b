"""Pictures to latents and back.

Invariant: pictures are float32 ``b h w 3`` in 0..1 on the CPU; latents are unscaled, as the
autoencoder gives them: a model's latent format scales them when sampling starts.
"""

import logging
from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor

from . import residency
from .handles import Vae
from .networks.autoencoder import AutoencoderKL
from .tiling import in_tiles

log = logging.getLogger(__name__)

#: Pixels that go through the network at once.
PIXELS_AT_ONCE = 2**20
#: Latent cells a side of a tile when memory runs out, and how far tiles overlap.
TILE, OVERLAP = 64, 16


@torch.no_grad()
def encode(vae: Vae, image: Tensor, tiled: bool = False) -> Tensor:
    """The latent of a picture: the posterior's mean.

    Args:
        vae: the autoencoder.
        image: ``b h w c`` in 0..1, of which the first three channels are used; sides are
            cropped, centred, to multiples of ``vae.downscale``.
        tiled: go through the network in tiles from the start, which takes less memory.

    Returns:
        ``b channels h/f w/f``, float32.
    """
    network = cast(AutoencoderKL, residency.load((vae.encoder or vae).weights))
    pixels = crop_to_multiple(image[..., :3], vae.downscale).movedim(-1, 1) * 2 - 1
    return _in_parts(
        network.encode, pixels, pixels[0, 0].numel(), 1 / vae.downscale, network, tiled
    )


@torch.no_grad()
def decode(vae: Vae, latent: Tensor, tiled: bool = False) -> Tensor:
    """The picture of a latent, ``b c h w`` -> ``b h*f w*f 3`` in 0..1, on the CPU.

    Args:
        vae: the autoencoder.
        latent: unscaled.
        tiled: go through the network in tiles from the start, which takes less memory.
    """
    network = cast(AutoencoderKL, residency.load(vae.weights))
    pixels = latent[0, 0].numel() * vae.downscale**2
    image = _in_parts(network.decode, latent, pixels, vae.downscale, network, tiled)
    return (image * 0.5 + 0.5).clamp(0, 1).movedim(1, -1).cpu().contiguous()


def crop_to_multiple(image: Tensor, multiple: int) -> Tensor:
    """The centre of ``b h w c`` whose sides are multiples."""
    h, w = (n // multiple * multiple for n in image.shape[1:3])
    y, x = (image.shape[1] - h) // 2, (image.shape[2] - w) // 2
    return image[:, y : y + h, x : x + w]


def _in_parts(
    function: Callable[[Tensor], Tensor],
    x: Tensor,
    pixels: int,
    scale: float,
    network: AutoencoderKL,
    tiled: bool,
) -> Tensor:
    """Apply a network to a batch, some pictures at a time, in tiles if memory runs out."""
    place = next(network.parameters())
    parts = x.split(max(1, PIXELS_AT_ONCE // pixels))
    if not tiled:
        try:
            return torch.cat([function(part.to(place)).float() for part in parts])
        except torch.OutOfMemoryError:
            log.warning("the autoencoder ran out of memory and goes on in tiles")
    tile, overlap = (round(n / min(scale, 1)) for n in (TILE, OVERLAP))
    return torch.cat(
        [in_tiles(lambda t: function(t.to(place)), part, tile, overlap, scale) for part in parts]
    )
