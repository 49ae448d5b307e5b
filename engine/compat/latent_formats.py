"""``comfy.latent_formats``: how denoisers see latents, as packs ask for it.

Invariant: the numbers of a model's format are those of its family; the classes here give a kind
of latent a name that packs can ask for with ``isinstance``.
"""

from torch import Tensor

from engine.diffusion.handles import LatentFormat as Own


class LatentFormat:
    """The format of a model's latents.

    Attributes:
        own: the engine's.
        scale_factor: a VAE's latent times this has about unit variance.
        latent_channels: of the latent.
        latent_dimensions: axes that are no batch and no channels.
        latent_rgb_factors: per channel, what it adds to red, green and blue.
        latent_rgb_factors_bias: added to them.
        spacial_downscale_ratio: pixels a side of one latent cell.
    """

    scale = 1.0
    channels = 4
    latent_dimensions = 2
    taesd_decoder_name: str | None = None

    def __init__(self, own: Own | None = None) -> None:
        zeros = ((0.0, 0.0, 0.0),) * self.channels
        self.own = own or Own(self.channels, 8, self.scale, zeros)
        self.scale_factor = self.own.scale
        self.latent_channels = self.own.channels
        self.latent_rgb_factors = [list(row) for row in self.own.rgb_factors]
        self.latent_rgb_factors_bias = list(self.own.rgb_bias)
        self.spacial_downscale_ratio = self.own.downscale

    def process_in(self, latent: Tensor) -> Tensor:
        """A VAE's latent as the denoiser sees it."""
        return self.own.scaled(latent)

    def process_out(self, latent: Tensor) -> Tensor:
        """The inverse of :meth:`process_in`."""
        return self.own.unscaled(latent)


class SD15(LatentFormat):
    """Latents of Stable Diffusion 1 and 2."""

    scale = 0.18215
    taesd_decoder_name = "taesd_decoder"


class SDXL(LatentFormat):
    """Latents of SDXL."""

    scale = 0.13025
    taesd_decoder_name = "taesdxl_decoder"


class SD_X4(LatentFormat):
    """Latents of the Stable Diffusion x4 upscaler."""

    scale = 0.08333


def shown(own: Own) -> LatentFormat:
    """A format as packs see it."""
    kinds = {(c.channels, c.scale): c for c in (SD15, SDXL, SD_X4)}
    return kinds.get((own.channels, own.scale), LatentFormat)(own)
