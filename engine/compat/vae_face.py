"""A VAE as packs see it: ``encode`` and ``decode``, whole and in tiles.

Invariant: pictures are ``b h w c`` in 0..1, latents ``b c h w``, unscaled, as everywhere here.
"""

from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from engine.diffusion import residency, vae
from engine.diffusion.handles import Vae
from engine.diffusion.stored import stored_tensors
from engine.diffusion.tiling import Tiles

from .networks import own_network


class VAE:
    """An autoencoder.

    Attributes:
        latent_channels: of its latents.
        downscale_ratio: pixels a side of a latent cell.
        upscale_ratio: the same.
        output_channels: of its pictures.
        latent_dim: axes of a latent that are no batch and no channels.
    """

    output_channels = 3
    latent_dim = 2

    def __init__(self, handle: Any = None, **kwargs: Any) -> None:
        if not isinstance(handle, Vae):
            from .missing import Missing

            Missing("comfy.sd.VAE of tensors, instead of a loader node")()
        self._handle = handle
        self.latent_channels = handle.channels
        self.downscale_ratio = self.upscale_ratio = handle.downscale

    def handle(self) -> Vae:
        """The engine's."""
        return self._handle

    @property
    def patcher(self) -> "VAE":
        """Where the network is: this."""
        return self

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return residency.residency().device

    load_device = device

    @property
    def offload_device(self) -> torch.device:
        """Where weights wait."""
        return residency.HOST

    @property
    def output_device(self) -> torch.device:
        """Where pictures come out."""
        return residency.HOST

    @property
    def vae_dtype(self) -> torch.dtype:
        """What it computes in."""
        return next(residency.load(self._handle.weights).parameters()).dtype

    @cached_property
    def first_stage_model(self) -> nn.Module:
        """The network: a module of the caller's own over tensors that all share."""
        return own_network(self._handle.weights)

    def throw_exception_if_invalid(self) -> None:
        """Nothing to do: a handle is always whole."""

    def vae_encode_crop_pixels(self, pixels: Tensor) -> Tensor:
        """The middle of pictures whose sides are multiples of a latent cell."""
        return vae.crop_to_multiple(pixels, self._handle.downscale)

    def encode(self, pixel_samples: Tensor) -> Tensor:
        """Pictures to latents."""
        return vae.encode(self._handle, pixel_samples)

    def decode(self, samples_in: Tensor, vae_options: Any = None) -> Tensor:
        """Latents to pictures."""
        return vae.decode(self._handle, samples_in)

    def encode_tiled(
        self,
        pixel_samples: Tensor,
        tile_x: int | None = None,
        tile_y: int | None = None,
        overlap: int | None = None,
        **more: Any,
    ) -> Tensor:
        """Pictures to latents in tiles; sizes are in pixels."""
        side, shared = tile_x or tile_y or 512, 64 if overlap is None else overlap
        tiles = Tiles.of_pixels(side, shared, self._handle.downscale)
        return vae.encode(self._handle, pixel_samples, tiled=True, tiles=tiles)

    def decode_tiled(
        self,
        samples: Tensor,
        tile_x: int | None = None,
        tile_y: int | None = None,
        overlap: int | None = None,
        **more: Any,
    ) -> Tensor:
        """Latents to pictures in tiles; sizes are in cells of the latent."""
        side = tile_x or tile_y or 64
        shared = min(side // 4, 16 if overlap is None else overlap)
        return vae.decode(self._handle, samples, tiled=True, tiles=Tiles(side, shared))

    def spacial_compression_encode(self) -> int:
        """Pixels a side of a latent cell."""
        return self._handle.downscale

    spacial_compression_decode = spacial_compression_encode

    def temporal_compression_decode(self) -> None:
        """Frames of a latent cell: none, pictures stand still."""

    def get_sd(self) -> dict[str, Tensor]:
        """All tensors."""
        return dict(stored_tensors(self._handle.weights))
