"""ControlNet: a copy of a U-Net's way down that reads a picture (Zhang et al. 2023).

Invariant: parameter names are those of the original files below ``control_model.``, the way
down of the U-Net included; the union's own parts are named as its published files do.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..control import Residuals
from .layers import timestep_embedding
from .unet import UNet, UNetConfig

#: Features of each of the union's switches.
SWITCH_FEATURES = 256


@dataclass(frozen=True)
class ControlNetConfig:
    """Sizes of a control network.

    Attributes:
        unet: of the U-Net that it is for; what is only about its way up is not read.
        hint_channels: of the picture.
        hint_widths: channels of the layers that shrink the picture to an eighth.
        kinds: of pictures that a union can tell apart; 0: this is no union.
        union_layers: transformer layers through which a union's picture goes.
    """

    unet: UNetConfig
    hint_channels: int = 3
    hint_widths: tuple[int, ...] = (16, 32, 96, 256)
    kinds: int = 0
    union_layers: int = 1


class ControlNet(UNet):
    """Residuals for a U-Net from a noisy latent and a picture."""

    def __init__(self, config: ControlNetConfig) -> None:
        nn.Module.__init__(self)
        self.config, self.kinds = config.unet, config.kinds
        c, c_emb = config.unet.model_channels, config.unet.model_channels * 4
        self.time_embed = _mlp(c, c_emb)
        if config.unet.vector_channels is not None:
            self.label_emb = nn.Sequential(_mlp(config.unet.vector_channels, c_emb))
        self.input_blocks, widths = self._down(c, c_emb)
        self.zero_convs = nn.ModuleList(nn.Sequential(nn.Conv2d(w, w, 1)) for w in widths)
        self.input_hint_block = _hint_block(config, c)
        self.middle_block = self._middle(widths[-1], c_emb)
        self.middle_block_out = nn.Sequential(nn.Conv2d(widths[-1], widths[-1], 1))
        if config.kinds:
            self.task_embedding = nn.Parameter(torch.empty(config.kinds, c))
            self.transformer_layes = nn.ModuleList(
                UnionLayer(c) for _ in range(config.union_layers)
            )
            self.spatial_ch_projs = nn.Linear(c, c)
            self.control_add_embedding = Switches(config.kinds * SWITCH_FEATURES, c_emb)

    def hint(self, picture: Tensor) -> Tensor:
        """Features of a picture ``b c (8 h) (8 w)``: ``b model_channels h w``."""
        return self.input_hint_block(picture)

    def forward(
        self,
        x: Tensor,
        timesteps: Tensor,
        context: Tensor,
        vector: Tensor | None = None,
        hint: Tensor | None = None,
        kinds: tuple[int, ...] = (),
    ) -> Residuals:
        """What is added to the U-Net's feature maps in one call.

        Args:
            x: noisy latent, ``b c h w``.
            timesteps: ``b``.
            context: conditioning tokens, ``b n context_dim``.
            vector: pooled conditioning, if the network has one.
            hint: from :meth:`hint`, ``b model_channels h w``.
            kinds: of the picture, for a union; empty: not told.
        """
        features = timestep_embedding(timesteps, self.config.model_channels).to(x.dtype)
        emb = self.time_embed(features)
        if vector is not None and self.config.vector_channels is not None:
            emb = emb + self.label_emb(vector)
        if self.kinds:
            emb = emb + self._switched(kinds, x)
        x = self.input_blocks[0](x, emb, context)
        if hint is not None:
            x = x + (self._union(hint, kinds) if self.kinds else hint)
        skips = [self.zero_convs[0](x)]
        for block, out in zip(self.input_blocks[1:], self.zero_convs[1:], strict=True):
            x = block(x, emb, context)
            skips.append(out(x))
        return Residuals(skips, self.middle_block_out(self.middle_block(x, emb, context)))

    def _switched(self, kinds: tuple[int, ...], x: Tensor) -> Tensor:
        """The embedding of which kinds are there."""
        on = torch.zeros(self.kinds, device=x.device)
        on[list(kinds)] = 1.0
        return self.control_add_embedding(timestep_embedding(on, SWITCH_FEATURES).to(x).flatten())

    def _union(self, hint: Tensor, kinds: tuple[int, ...]) -> Tensor:
        """The hint, shifted by what its mean features and its kind say."""
        mean = hint.mean((2, 3))  # b c
        mean = mean + self.task_embedding[list(kinds)].sum(0) if kinds else mean
        for layer in self.transformer_layes:
            mean = layer(mean)
        return hint + self.spatial_ch_projs(mean)[:, :, None, None]


class UnionLayer(nn.Module):
    """One pre-normed transformer layer over a single token, with CLIP's names and activation."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.attn = LonelyAttention(width)
        self.ln_1 = nn.LayerNorm(width)
        self.mlp = nn.ModuleDict(
            {"c_fc": nn.Linear(width, width * 4), "c_proj": nn.Linear(width * 4, width)}
        )
        self.ln_2 = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        """``b c`` to the same."""
        x = x + self.attn(self.ln_1(x))
        inner = self.mlp["c_fc"](self.ln_2(x))
        return x + self.mlp["c_proj"](inner * torch.sigmoid(1.702 * inner))


class LonelyAttention(nn.Module):
    """Attention of a token to itself alone: its value, projected.

    The published unions were trained with an attention that ran over the pictures of a batch
    and not over a picture's tokens, and are used with one picture, which all of a batch share.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.empty(3 * width))
        self.out_proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        weight, bias = self.in_proj_weight.chunk(3)[2], self.in_proj_bias.chunk(3)[2]
        return self.out_proj(F.linear(x, weight, bias))


class Switches(nn.Module):
    """The embedding of a union's switches."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        self.linear_1 = nn.Linear(c_in, c_out)
        self.linear_2 = nn.Linear(c_out, c_out)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear_2(F.silu(self.linear_1(x)))


def _hint_block(config: ControlNetConfig, c_out: int) -> nn.Sequential:
    first, *others = config.hint_widths
    layers: list[nn.Module] = [nn.Conv2d(config.hint_channels, first, 3, padding=1), nn.SiLU()]
    for width in others:
        layers += [nn.Conv2d(first, first, 3, padding=1), nn.SiLU()]
        layers += [nn.Conv2d(first, width, 3, padding=1, stride=2), nn.SiLU()]
        first = width
    return nn.Sequential(*layers, nn.Conv2d(first, c_out, 3, padding=1))


def _mlp(c_in: int, c_out: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(c_in, c_out), nn.SiLU(), nn.Linear(c_out, c_out))
