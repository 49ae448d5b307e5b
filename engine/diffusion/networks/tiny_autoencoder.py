"""The tiny autoencoder of Bohan (TAESD, 2023): rough pictures in a hundredth of the time.

Invariant: below ``encoder.`` and ``decoder.`` parameter names are those of the published files;
latents on the outside are unscaled, as those of the autoencoder that it stands for.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

#: Latents beyond this are bent back before they are decoded.
LIMIT = 3.0


@dataclass(frozen=True)
class TinyConfig:
    """Which halves there are, and what latents they stand for.

    Attributes:
        scale: an unscaled latent times this is what the network knows.
        channels: of the latent.
        encoder: whether the encoder is there.
        decoder: whether the decoder is there.
        width: features of every layer; the published files have 64.
    """

    scale: float
    channels: int = 4
    encoder: bool = True
    decoder: bool = True
    width: int = 64


class Block(nn.Module):
    """Three convolutions beside the input."""

    def __init__(self, width: int) -> None:
        super().__init__()
        a, b, c = (nn.Conv2d(width, width, 3, padding=1) for _ in range(3))
        self.conv = nn.Sequential(a, nn.ReLU(), b, nn.ReLU(), c)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.conv(x) + x)


class Bend(nn.Module):
    """Bend what is far from zero back, so that it does not glare."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x / LIMIT) * LIMIT


def _half(width: int, stride: int) -> nn.Module:
    return nn.Conv2d(width, width, 3, padding=1, stride=stride, bias=False)


def _blocks(width: int) -> list[nn.Module]:
    return [Block(width) for _ in range(3)]


def _encoder(channels: int, width: int) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Conv2d(3, width, 3, padding=1), Block(width)]
    for _ in range(3):
        layers += [_half(width, stride=2), *_blocks(width)]
    return nn.Sequential(*layers, nn.Conv2d(width, channels, 3, padding=1))


def _decoder(channels: int, width: int) -> nn.Sequential:
    layers: list[nn.Module] = [Bend(), nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
    for _ in range(3):
        layers += [*_blocks(width), nn.Upsample(scale_factor=2), _half(width, stride=1)]
    return nn.Sequential(*layers, Block(width), nn.Conv2d(width, 3, 3, padding=1))


class TinyAutoencoder(nn.Module):
    """One or both halves, with the face of the autoencoder that they stand for."""

    def __init__(self, config: TinyConfig) -> None:
        super().__init__()
        self.config = config
        if config.encoder:
            self.encoder = _encoder(config.channels, config.width)
        if config.decoder:
            self.decoder = _decoder(config.channels, config.width)

    def encode(self, x: Tensor) -> Tensor:
        """The unscaled latent of a picture in [-1, 1]: ``b 3 h w -> b c h/8 w/8``."""
        return self.encoder(x * 0.5 + 0.5) / self.config.scale

    def decode(self, z: Tensor) -> Tensor:
        """The picture of an unscaled latent, about [-1, 1], not clamped."""
        return self.decoder(z * self.config.scale) * 2 - 1
