"""The autoencoder with a codebook of latent diffusion (Rombach et al. 2022, section 3.1).

Between encoder and decoder every cell of the latent becomes the nearest entry of a codebook
(van den Oord et al. 2017). As in the paper's diffusion models, which denoise what the encoder
gives, the codebook is the first layer of the decoder.

Invariant: parameter names are those of the original checkpoints below
``first_stage_model.``; a decoded picture depends on the latent by its codes alone.
"""

import torch
from torch import Tensor, nn

from .autoencoder import AutoencoderConfig, Decoder, Encoder

#: Cells whose distances to the codebook are in memory at once.
CELLS_AT_ONCE = 1024


class Codebook(nn.Embedding):
    """Entries, and which of them is nearest."""

    def codes(self, z: Tensor) -> Tensor:
        """Numbers of the nearest entries: ``b c h w -> b h w``.

        Distances are in float32 whatever the type of ``z``, or neighbours would be confused.
        """
        cells = z.movedim(1, -1).flatten(0, 2).float()
        entries = self.weight.float()
        square = entries.square().sum(1)
        nearest = [(square - 2 * part @ entries.T).argmin(1) for part in cells.split(CELLS_AT_ONCE)]
        return torch.cat(nearest).view(len(z), *z.shape[2:])

    def forward(self, z: Tensor) -> Tensor:
        """Every cell replaced by the nearest entry, ``b c h w``."""
        return super().forward(self.codes(z)).movedim(-1, 1)


class Quantiser(nn.Module):
    """The codebook, under the name that checkpoints use."""

    def __init__(self, entries: int, width: int) -> None:
        super().__init__()
        self.embedding = Codebook(entries, width)

    def forward(self, z: Tensor) -> Tensor:
        return self.embedding(z)


class VectorQuantised(nn.Module):
    """Encoder, codebook, decoder and the 1x1 convolutions around the latent."""

    def __init__(self, config: AutoencoderConfig, entries: int) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
        self.quantize = Quantiser(entries, config.embed_dim)
        self.quant_conv = nn.Conv2d(config.encoded_channels, config.embed_dim, 1)
        self.post_quant_conv = nn.Conv2d(config.embed_dim, config.z_channels, 1)

    def encode(self, x: Tensor) -> Tensor:
        """The latent of a picture in [-1, 1], not quantised yet: ``b 3 h w -> b c h/f w/f``."""
        return self.quant_conv(self.encoder(x))

    def decode(self, z: Tensor) -> Tensor:
        """The picture of a latent's codes, about [-1, 1], not clamped."""
        return self.decoder(self.post_quant_conv(self.quantize(z)))
