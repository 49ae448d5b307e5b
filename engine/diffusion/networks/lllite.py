"""ControlNet-LLLite: small networks before the projections of attention that read a picture.

By Kohya (2023), in the manner of LoRA: the input of a projection, made narrow, is joined with
features of the picture at the same pixels and added to the input again.

Invariant: parameter names are those of the published files.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class PieceConfig:
    """Sizes of the network before one projection.

    Attributes:
        channels: of the projection's input.
        inner: of that input made narrow.
        seen: features of the picture.
        convolutions: outputs and kernel, which is the stride too, of each layer on the picture.
    """

    channels: int
    inner: int
    seen: int
    convolutions: tuple[tuple[int, int], ...]


class LLLite(nn.ModuleDict):
    """The networks, by their names in the file."""

    def __init__(self, pieces: tuple[tuple[str, PieceConfig], ...]) -> None:
        super().__init__({name: Piece(config) for name, config in pieces})


class Piece(nn.Module):
    """The network before one projection."""

    def __init__(self, config: PieceConfig) -> None:
        super().__init__()
        c, inner = config.channels, config.inner
        self.conditioning1 = _on_picture(config)
        self.down = nn.Sequential(nn.Linear(c, inner), nn.ReLU())
        self.mid = nn.Sequential(nn.Linear(inner + config.seen, inner), nn.ReLU())
        self.up = nn.Sequential(nn.Linear(inner, c))
        self.scale = 1
        for _, kernel in config.convolutions:
            self.scale *= kernel

    def see(self, picture: Tensor) -> Tensor:
        """Features of a picture ``b 3 (scale h) (scale w)`` in -1..1: ``b (h w) seen``."""
        return self.conditioning1(picture).flatten(2).transpose(1, 2)

    def forward(self, x: Tensor, seen: Tensor) -> Tensor:
        """What is added to ``x``, ``b (h w) channels``."""
        return self.up(self.mid(torch.cat([seen, self.down(x)], dim=-1)))


def _on_picture(config: PieceConfig) -> nn.Sequential:
    layers: list[nn.Module] = []
    c = 3
    for c_out, kernel in config.convolutions:
        layers += [nn.ReLU()] if layers else []
        layers.append(nn.Conv2d(c, c_out, kernel, stride=kernel))
        c = c_out
    return nn.Sequential(*layers)
