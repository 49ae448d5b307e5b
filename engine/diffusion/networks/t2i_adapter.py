"""T2I-Adapter: features of a picture for a U-Net's way down (Mou et al. 2023).

Invariant: parameter names are those of diffusers below ``adapter.``.
"""

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class T2IAdapterConfig:
    """Sizes of an adapter.

    Attributes:
        channels: of the picture, 1 or 3.
        widths: channels of the features of each level.
        blocks: residual blocks a level.
        shrink: pixels a side that become channels of one cell.
        halved: levels that begin with halving.
        kernel: of the second convolution of a residual block.
        inner: how many times narrower the residual blocks are (4: a light adapter).
    """

    channels: int = 3
    widths: tuple[int, ...] = (320, 640, 1280, 1280)
    blocks: int = 2
    shrink: int = 8
    halved: tuple[int, ...] = (1, 2, 3)
    kernel: int = 1
    inner: int = 1


class Residual(nn.Module):
    """Two convolutions around a ReLU, added to their input."""

    def __init__(self, c: int, kernel: int) -> None:
        super().__init__()
        self.block1 = nn.Conv2d(c, c, 3, padding=1)
        self.block2 = nn.Conv2d(c, c, kernel, padding=kernel // 2)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.block2(F.relu(self.block1(x)))


class Level(nn.Module):
    """Perhaps halving, a change of width, residual blocks."""

    def __init__(self, c_in: int, c_out: int, halve: bool, config: T2IAdapterConfig) -> None:
        super().__init__()
        self.halve = halve
        light, c = config.inner > 1, c_out // config.inner
        self.in_conv = nn.Conv2d(c_in, c, 1) if light or c_in != c else None
        self.resnets = nn.Sequential(*(Residual(c, config.kernel) for _ in range(config.blocks)))
        self.out_conv = nn.Conv2d(c, c_out, 1) if light else None

    def forward(self, x: Tensor) -> Tensor:
        x = F.avg_pool2d(x, 2, ceil_mode=True) if self.halve else x
        x = self.resnets(x if self.in_conv is None else self.in_conv(x))
        return x if self.out_conv is None else self.out_conv(x)


class T2IAdapter(nn.Module):
    """Feature maps of a picture, one a level."""

    def __init__(self, config: T2IAdapterConfig) -> None:
        super().__init__()
        self.config = config
        c_in, first = config.channels * config.shrink**2, config.widths[0]
        light = config.inner > 1
        self.conv_in = None if light else nn.Conv2d(c_in, first, 3, padding=1)
        before = (c_in if light else first, *config.widths[:-1])
        self.body = nn.ModuleList(
            Level(a, b, i in config.halved, config)
            for i, (a, b) in enumerate(zip(before, config.widths, strict=True))
        )

    def forward(self, picture: Tensor) -> list[Tensor]:
        """``b c (shrink h) (shrink w)`` in 0..1 to ``b width h w``, halved level by level."""
        x = F.pixel_unshuffle(picture, self.config.shrink)
        x = x if self.conv_in is None else self.conv_in(x)
        features: list[Tensor] = []
        for level in self.body:
            x = level(x)
            features.append(x)
        return features
