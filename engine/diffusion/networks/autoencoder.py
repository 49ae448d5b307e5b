"""The KL-regularised autoencoder of latent diffusion (Rombach et al. 2022, section 3.1).

Encoder and decoder also serve the one with a codebook (:mod:`.vq`).

Invariant: parameter names are those of the original checkpoints below
``first_stage_model.``; one latent cell stands for ``2 ** (levels - 1)`` pixels a side.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .layers import attention, group_norm


@dataclass(frozen=True)
class AutoencoderConfig:
    """Sizes of an autoencoder.

    Attributes:
        channels: channels at full resolution.
        channel_mult: channels of each level as a multiple of ``channels``.
        num_res_blocks: residual blocks in each encoder level (one more in the decoder).
        z_channels: channels of the encoder's output and the decoder's input.
        embed_dim: channels of the latent.
        image_channels: channels of the picture.
        attention: per level, from the finest, whether its blocks attend; empty: nowhere.
        middle_attention: whether the bottleneck attends.
        moments: the encoder gives mean and variance, not one value.
    """

    channels: int = 128
    channel_mult: tuple[int, ...] = (1, 2, 4, 4)
    num_res_blocks: int = 2
    z_channels: int = 4
    embed_dim: int = 4
    image_channels: int = 3
    attention: tuple[bool, ...] = ()
    middle_attention: bool = True
    moments: bool = True

    @property
    def downscale(self) -> int:
        """Pixels a side that one latent cell stands for."""
        return 2 ** (len(self.channel_mult) - 1)

    @property
    def encoded_channels(self) -> int:
        """Channels that the encoder gives."""
        return self.z_channels * (2 if self.moments else 1)

    def attends(self, level: int) -> bool:
        """Whether the blocks of a level attend."""
        return bool(self.attention) and self.attention[level]


class ResnetBlock(nn.Module):
    """Two normed 3x3 convolutions with a residual path."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        self.norm1 = group_norm(c_in, eps=1e-6)
        self.conv1 = nn.Conv2d(c_in, c_out, 3, padding=1)
        self.norm2 = group_norm(c_out, eps=1e-6)
        self.conv2 = nn.Conv2d(c_out, c_out, 3, padding=1)
        if c_in != c_out:
            self.nin_shortcut = nn.Conv2d(c_in, c_out, 1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.conv1(F.silu(self.norm1(x)))
        h = self.conv2(F.silu(self.norm2(h)))
        return (self.nin_shortcut(x) if hasattr(self, "nin_shortcut") else x) + h


class AttnBlock(nn.Module):
    """Single-head self-attention over all pixels of a feature map."""

    def __init__(self, c: int) -> None:
        super().__init__()
        self.norm = group_norm(c, eps=1e-6)
        self.q = nn.Conv2d(c, c, 1)
        self.k = nn.Conv2d(c, c, 1)
        self.v = nn.Conv2d(c, c, 1)
        self.proj_out = nn.Conv2d(c, c, 1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.norm(x)
        q, k, v = (f(h).flatten(2).transpose(1, 2) for f in (self.q, self.k, self.v))
        h = attention(q, k, v, heads=1)  # b (h w) c
        return x + self.proj_out(h.transpose(1, 2).unflatten(2, x.shape[-2:]))


class Middle(nn.Module):
    """The bottleneck: residual block, attention, residual block."""

    def __init__(self, c: int, attend: bool = True) -> None:
        super().__init__()
        self.block_1 = ResnetBlock(c, c)
        self.attn_1 = AttnBlock(c) if attend else nn.Identity()
        self.block_2 = ResnetBlock(c, c)

    def forward(self, x: Tensor) -> Tensor:
        return self.block_2(self.attn_1(self.block_1(x)))


class Downsample(nn.Module):
    """Halve height and width; the pad is on the right and at the bottom only."""

    def __init__(self, c: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(c, c, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.pad(x, (0, 1, 0, 1)))


class Upsample(nn.Module):
    """Double height and width (nearest), then a 3x3 convolution."""

    def __init__(self, c: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(c, c, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))


class Level(nn.Module):
    """The residual blocks of one resolution, with the resampling that ends it."""

    def __init__(
        self, widths: list[int], resample: nn.Module | None, name: str, attend: bool = False
    ) -> None:
        super().__init__()
        pairs = pairwise(widths)
        self.block = nn.ModuleList(ResnetBlock(a, b) for a, b in pairs)
        self.attn = nn.ModuleList(AttnBlock(c) for c in widths[1:] if attend)
        if resample is not None:
            self.add_module(name, resample)
        self._resample = name if resample is not None else None

    def forward(self, x: Tensor) -> Tensor:
        for i, block in enumerate(self.block):
            x = block(x)
            x = self.attn[i](x) if len(self.attn) else x
        return getattr(self, self._resample)(x) if self._resample else x


class Encoder(nn.Module):
    """Picture to the moments of the latent's posterior, or to the latent."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        widths = [config.channels * m for m in config.channel_mult]
        self.conv_in = nn.Conv2d(config.image_channels, config.channels, 3, padding=1)
        self.down = nn.ModuleList()
        c = config.channels
        for i, width in enumerate(widths):
            last = i == len(widths) - 1
            resample = None if last else Downsample(width)
            chain = [c] + [width] * config.num_res_blocks
            self.down.append(Level(chain, resample, "downsample", config.attends(i)))
            c = width
        self.mid = Middle(c, config.middle_attention)
        self.norm_out = group_norm(c, eps=1e-6)
        self.conv_out = nn.Conv2d(c, config.encoded_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.conv_in(x)
        for level in self.down:
            h = level(h)
        return self.conv_out(F.silu(self.norm_out(self.mid(h))))


class Decoder(nn.Module):
    """Latent to picture."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        widths = [config.channels * m for m in config.channel_mult]
        c = widths[-1]
        self.conv_in = nn.Conv2d(config.z_channels, c, 3, padding=1)
        self.mid = Middle(c, config.middle_attention)
        levels: list[nn.Module] = []
        for i, width in reversed(list(enumerate(widths))):
            chain = [c] + [width] * (config.num_res_blocks + 1)
            resample = Upsample(width) if i else None
            levels.insert(0, Level(chain, resample, "upsample", config.attends(i)))
            c = width
        self.up = nn.ModuleList(levels)
        self.norm_out = group_norm(c, eps=1e-6)
        self.conv_out = nn.Conv2d(c, config.image_channels, 3, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        h = self.mid(self.conv_in(z))
        for level in reversed(self.up):
            h = level(h)
        return self.conv_out(F.silu(self.norm_out(h)))


class AutoencoderKL(nn.Module):
    """Encoder, decoder and the 1x1 convolutions around the latent."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
        self.quant_conv = nn.Conv2d(2 * config.z_channels, 2 * config.embed_dim, 1)
        self.post_quant_conv = nn.Conv2d(config.embed_dim, config.z_channels, 1)

    def encode_moments(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of the posterior, each ``b embed_dim h/f w/f``.

        Args:
            x: picture in [-1, 1], ``b 3 h w``, sides divisible by ``config.downscale``.
        """
        mean, logvar = self.quant_conv(self.encoder(x)).chunk(2, dim=1)
        return mean, torch.clamp(logvar, -30.0, 20.0)

    def encode(self, x: Tensor) -> Tensor:
        """The posterior's mean: the unscaled latent of a picture in [-1, 1]."""
        return self.encode_moments(x)[0]

    def decode(self, z: Tensor) -> Tensor:
        """The picture of an unscaled latent, about [-1, 1], not clamped."""
        return self.decoder(self.post_quant_conv(z))
