"""Networks that make pictures larger: RRDBNet (ESRGAN) and SRVGGNetCompact (Real-ESRGAN).

Invariant: parameter names are those of the published files; pictures are ``b 3 h w`` in 0..1
on both sides, and not clamped.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class CompactConfig:
    """Sizes of an SRVGGNetCompact.

    Attributes:
        features: channels inside.
        convs: 3x3 convolutions between the first and the last.
        scale: how many times larger.
    """

    features: int = 64
    convs: int = 16
    scale: int = 4


@dataclass(frozen=True)
class RRDBConfig:
    """Sizes of an RRDBNet.

    Attributes:
        features: channels inside.
        blocks: residual-in-residual dense blocks.
        growth: channels that each dense convolution adds.
        doublings: how often the picture is doubled at the end.
        unshuffle: pixels a side that are folded into channels at the start.
    """

    features: int = 64
    blocks: int = 23
    growth: int = 32
    doublings: int = 2
    unshuffle: int = 1

    @property
    def scale(self) -> int:
        """How many times larger."""
        return 2**self.doublings // self.unshuffle


class SRVGGNetCompact(nn.Module):
    """Convolutions at low resolution that predict what nearest-neighbour enlarging lacks.

    Real-ESRGAN (Wang et al. 2021), the compact network.
    """

    def __init__(self, config: CompactConfig) -> None:
        super().__init__()
        self.config = config
        c = config.features
        layers: list[nn.Module] = [nn.Conv2d(3, c, 3, padding=1), nn.PReLU(c)]
        for _ in range(config.convs):
            layers += [nn.Conv2d(c, c, 3, padding=1), nn.PReLU(c)]
        layers.append(nn.Conv2d(c, 3 * config.scale**2, 3, padding=1))
        self.body = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        detail = F.pixel_shuffle(self.body(x), self.config.scale)
        return detail + F.interpolate(x, scale_factor=float(self.config.scale), mode="nearest")


class DenseBlock(nn.Module):
    """Five convolutions, each of which sees all before it."""

    def __init__(self, config: RRDBConfig) -> None:
        super().__init__()
        c, g = config.features, config.growth
        self.conv1 = nn.Conv2d(c, g, 3, padding=1)
        self.conv2 = nn.Conv2d(c + g, g, 3, padding=1)
        self.conv3 = nn.Conv2d(c + 2 * g, g, 3, padding=1)
        self.conv4 = nn.Conv2d(c + 3 * g, g, 3, padding=1)
        self.conv5 = nn.Conv2d(c + 4 * g, c, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        seen = x
        for conv in (self.conv1, self.conv2, self.conv3, self.conv4):
            seen = torch.cat([seen, F.leaky_relu(conv(seen), 0.2)], dim=1)
        return x + 0.2 * self.conv5(seen)


class RRDB(nn.Module):
    """Three dense blocks in a residual path."""

    def __init__(self, config: RRDBConfig) -> None:
        super().__init__()
        self.rdb1 = DenseBlock(config)
        self.rdb2 = DenseBlock(config)
        self.rdb3 = DenseBlock(config)

    def forward(self, x: Tensor) -> Tensor:
        return x + 0.2 * self.rdb3(self.rdb2(self.rdb1(x)))


class RRDBNet(nn.Module):
    """Residual-in-residual dense blocks, then doublings (ESRGAN, Wang et al. 2018)."""

    def __init__(self, config: RRDBConfig) -> None:
        super().__init__()
        self.config = config
        c = config.features
        self.conv_first = nn.Conv2d(3 * config.unshuffle**2, c, 3, padding=1)
        self.body = nn.Sequential(*(RRDB(config) for _ in range(config.blocks)))
        self.conv_body = nn.Conv2d(c, c, 3, padding=1)
        for i in range(config.doublings):
            self.add_module(f"conv_up{i + 1}", nn.Conv2d(c, c, 3, padding=1))
        self.conv_hr = nn.Conv2d(c, c, 3, padding=1)
        self.conv_last = nn.Conv2d(c, 3, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[-2:]
        n, scale = self.config.unshuffle, self.config.scale
        x = F.pad(x, (0, -w % n, 0, -h % n), mode="replicate")
        x = self.conv_first(F.pixel_unshuffle(x, n))
        x = x + self.conv_body(self.body(x))
        for i in range(self.config.doublings):
            x = F.interpolate(x, scale_factor=2.0, mode="nearest")
            x = F.leaky_relu(self.get_submodule(f"conv_up{i + 1}")(x), 0.2)
        x = self.conv_last(F.leaky_relu(self.conv_hr(x), 0.2))
        return x[..., : h * scale, : w * scale]
