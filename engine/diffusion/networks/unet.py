"""The denoising U-Net of latent diffusion (Rombach et al. 2022, section 3.3 and appendix E).

Invariant: parameter names are those of the original checkpoints below
``model.diffusion_model.``; the config holds every size, so one class serves the models of the
paper, SD 1.x, 2.x, SDXL and the embedded model.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..control import NO_RESIDUALS, Residuals
from ..hooks import Place, Watch
from .layers import attention, group_norm, timestep_embedding

#: Part of the network (``input``, ``middle``, ``output``) and number of the block in it.
Block = tuple[str, int]
#: Height and width of a feature map.
Size = tuple[int, int]
#: Where nothing is watched.
NO_PLACE: Place = ("", 0, 0)


@dataclass(frozen=True)
class UNetConfig:
    """Sizes of a U-Net.

    Attributes:
        in_channels: latent channels, plus those of a concatenated condition.
        out_channels: latent channels of the prediction.
        model_channels: channels of the first level.
        channel_mult: channels of each level as a multiple of ``model_channels``.
        num_res_blocks: residual blocks in each level on the way down (one more going up).
        attention_depth: transformer blocks behind each residual block, per level (0: none).
        middle_depth: transformer blocks in the middle.
        context_dim: width of the conditioning tokens.
        heads: attention heads; None means ``head_channels`` channels a head.
        linear_projection: project in and out of transformers by linear layers, not 1x1
            convolutions (SD 2.x, SDXL).
        vector_channels: width of the pooled conditioning vector; None: there is none.
        depths: transformer blocks behind each residual block on the way down and on the way up,
            for networks whose levels are not uniform; None: as ``attention_depth`` says.
        middle_blocks: residual blocks in the middle; 0: there is no middle.
        only_cross: per level, whether its first attention looks at the tokens too, not at the
            picture (the x4 upscaler); empty: nowhere.
        classes: entries of the table of class vectors; None: there is none.
        head_channels: channels of an attention head where ``heads`` is None.
        tokens: whether the network attends to tokens; otherwise its attention, at the levels
            that ``attention_depth`` says, is over the picture alone.
        resampling_blocks: halve and double sizes in residual blocks, not by convolutions.
        scale_shift: the timestep scales features too, instead of shifting them only.
    """

    in_channels: int = 4
    out_channels: int = 4
    model_channels: int = 320
    channel_mult: tuple[int, ...] = (1, 2, 4, 4)
    num_res_blocks: int = 2
    attention_depth: tuple[int, ...] = (1, 1, 1, 0)
    middle_depth: int = 1
    context_dim: int = 768
    heads: int | None = 8
    linear_projection: bool = False
    vector_channels: int | None = None
    depths: tuple[tuple[int, ...], tuple[int, ...]] | None = None
    middle_blocks: int = 2
    only_cross: tuple[bool, ...] = ()
    classes: int | None = None
    head_channels: int = 64
    tokens: bool = True
    resampling_blocks: bool = False
    scale_shift: bool = False

    def heads_of(self, channels: int) -> int:
        """Heads of an attention over so many channels."""
        return self.heads or channels // self.head_channels

    def uniform_depths(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The depths if every level is uniform."""
        n, levels = self.num_res_blocks, self.attention_depth
        down = tuple(depth for depth in levels for _ in range(n))
        up = tuple(depth for depth in reversed(levels) for _ in range(n + 1))
        return down, up


class Layers(nn.Sequential):
    """Norm, activation and convolution, with something done behind the norm or the activation."""

    def forward(
        self,
        x: Tensor,
        behind_norm: Callable[[Tensor], Tensor] | None = None,
        behind_activation: Callable[[Tensor], Tensor] | None = None,
    ) -> Tensor:
        norm, *between, conv = self
        x = behind_norm(norm(x)) if behind_norm else norm(x)
        for layer in between:
            x = layer(x)
        return conv(behind_activation(x) if behind_activation else x)


class ResBlock(nn.Module):
    """Residual block whose second half is shifted, or scaled too, by the timestep embedding.

    Args:
        c_in: channels of its input.
        c_out: channels of its output.
        c_emb: features of the timestep.
        resample: ``down`` or ``up`` if it halves or doubles height and width as well.
        scale_shift: whether the timestep scales.
    """

    def __init__(
        self, c_in: int, c_out: int, c_emb: int, resample: str = "", scale_shift: bool = False
    ) -> None:
        super().__init__()
        self.resample, self.scale_shift = resample, scale_shift
        conv_in = nn.Conv2d(c_in, c_out, 3, padding=1)
        conv_out = nn.Conv2d(c_out, c_out, 3, padding=1)
        self.in_layers = Layers(group_norm(c_in), nn.SiLU(), conv_in)
        self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(c_emb, c_out * (1 + scale_shift)))
        self.out_layers = Layers(group_norm(c_out), nn.SiLU(), nn.Identity(), conv_out)
        self.skip_connection = nn.Conv2d(c_in, c_out, 1) if c_in != c_out else nn.Identity()

    def forward(self, x: Tensor, emb: Tensor, size: torch.Size | None = None) -> Tensor:
        if self.resample:
            h = self.in_layers(x, behind_activation=partial(self._resized, size))
            x = self._resized(size, x)
        else:
            h = self.in_layers(x)
        told = self.emb_layers(emb)[:, :, None, None]
        if self.scale_shift:
            scale, shift = told.chunk(2, dim=1)
            h = self.out_layers(h, behind_norm=lambda normed: normed * (1 + scale) + shift)
        else:
            h = self.out_layers(h + told)
        return self.skip_connection(x) + h

    def _resized(self, size: torch.Size | None, x: Tensor) -> Tensor:
        if self.resample == "down":
            return F.avg_pool2d(x, 2, ceil_mode=True)
        return F.interpolate(x, size=size, mode="nearest")


class PixelAttention(nn.Module):
    """Self-attention over the pixels of a feature map, for networks that read no tokens."""

    def __init__(self, c: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = group_norm(c)
        self.qkv = nn.Conv1d(c, 3 * c, 1)
        self.proj_out = nn.Conv1d(c, c, 1)

    def forward(self, x: Tensor) -> Tensor:
        flat = self.qkv(self.norm(x).flatten(2)).transpose(1, 2)  # b (h w) (heads 3 d)
        parts = flat.unflatten(2, (self.heads, 3, -1)).unbind(3)
        h = attention(*(part.flatten(2) for part in parts), self.heads)  # b (h w) c
        return x + self.proj_out(h.transpose(1, 2)).unflatten(2, x.shape[-2:])


class CrossAttention(nn.Module):
    """Multi-head attention from image tokens to ``context`` (or to themselves)."""

    def __init__(self, dim: int, context_dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(dim, dim, bias=False)
        self.to_k = nn.Linear(context_dim, dim, bias=False)
        self.to_v = nn.Linear(context_dim, dim, bias=False)
        self.to_out = nn.Sequential(nn.Linear(dim, dim), nn.Identity())

    def forward(
        self,
        x: Tensor,
        context: Tensor | None = None,
        at: Watch | None = None,
        place: Place = NO_PLACE,
        size: Size = (0, 0),
    ) -> Tensor:
        if at is not None:
            return self.hooked(x, context, at, place, size)
        context = x if context is None else context
        q, k, v = self.to_q(x), self.to_k(context), self.to_v(context)
        return self.to_out(attention(q, k, v, self.heads))

    def hooked(
        self, x: Tensor, context: Tensor | None, at: Watch, place: Place, size: Size
    ) -> Tensor:
        """The same with the hooks of a place."""
        hooks, where = at.hooks, at.where(place, self.heads, size)
        alone = context is None
        q_in, k_in, v_in = x, x if context is None else context, x if context is None else context
        for change in hooks.self_inputs if alone else hooks.cross_inputs:
            q_in, k_in, v_in = change(q_in, k_in, v_in, where)
        q, k, v = self.to_q(q_in), self.to_k(k_in), self.to_v(v_in)
        instead = (hooks.attend_self if alone else hooks.attend_cross).get(place)
        out = instead(q, k, v, where) if instead else attention(q, k, v, self.heads)
        out = self.to_out(out)
        for change in hooks.self_outputs if alone else hooks.cross_outputs:
            out = change(out, where)
        return out


class GEGLU(nn.Module):
    """Gated linear unit with a GELU gate (Shazeer 2020)."""

    def __init__(self, dim: int, inner: int) -> None:
        super().__init__()
        self.proj = nn.Linear(dim, inner * 2)

    def forward(self, x: Tensor) -> Tensor:
        x, gate = self.proj(x).chunk(2, dim=-1)
        return x * F.gelu(gate)


class FeedForward(nn.Module):
    """Position-wise GEGLU feed-forward layer, four times as wide inside."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.net = nn.Sequential(GEGLU(dim, dim * 4), nn.Identity(), nn.Linear(dim * 4, dim))

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


class TransformerBlock(nn.Module):
    """Self-attention, cross-attention, feed-forward; each pre-normed and residual."""

    def __init__(self, dim: int, context_dim: int, heads: int, only_cross: bool = False) -> None:
        super().__init__()
        self.only_cross = only_cross
        self.attn1 = CrossAttention(dim, context_dim if only_cross else dim, heads)
        self.ff = FeedForward(dim)
        self.attn2 = CrossAttention(dim, context_dim, heads)
        self.norm1 = nn.LayerNorm(dim)
        self.norm2 = nn.LayerNorm(dim)
        self.norm3 = nn.LayerNorm(dim)

    def forward(
        self,
        x: Tensor,
        context: Tensor,
        at: Watch | None = None,
        place: Place = NO_PLACE,
        size: Size = (0, 0),
    ) -> Tensor:
        if at is not None:
            return self.hooked(x, context, at, place, size)
        x = x + self.attn1(self.norm1(x), context if self.only_cross else None)
        x = x + self.attn2(self.norm2(x), context)
        return x + self.ff(self.norm3(x))

    def hooked(self, x: Tensor, context: Tensor, at: Watch, place: Place, size: Size) -> Tensor:
        """The same with the hooks of a place."""
        first = context if self.only_cross else None
        x = x + self.attn1(self.norm1(x), first, at, place, size)
        for change in at.hooks.between:
            x = change(x, at.where(place, self.attn1.heads, size))
        x = x + self.attn2(self.norm2(x), context, at, place, size)
        return x + self.ff(self.norm3(x))


class SpatialTransformer(nn.Module):
    """Transformer blocks over the pixels of a feature map, conditioned on tokens."""

    def __init__(self, c: int, depth: int, config: UNetConfig, only_cross: bool = False) -> None:
        super().__init__()
        heads = config.heads_of(c)
        self.linear = config.linear_projection
        self.norm = group_norm(c, eps=1e-6)
        self.proj_in = nn.Linear(c, c) if self.linear else nn.Conv2d(c, c, 1)
        self.transformer_blocks = nn.ModuleList(
            TransformerBlock(c, config.context_dim, heads, only_cross) for _ in range(depth)
        )
        self.proj_out = nn.Linear(c, c) if self.linear else nn.Conv2d(c, c, 1)

    def forward(
        self, x: Tensor, context: Tensor, at: Watch | None = None, block: Block = ("", 0)
    ) -> Tensor:
        size = x.shape[-2:]
        h = self.norm(x)
        h = h if self.linear else self.proj_in(h)
        h = h.flatten(2).transpose(1, 2)  # b c h w -> b (h w) c
        h = self.proj_in(h) if self.linear else h
        for i, layer in enumerate(self.transformer_blocks):
            if at is None:
                h = layer(h, context)
            else:
                h = layer(h, context, at, (*block, i), (size[0], size[1]))
        h = self.proj_out(h) if self.linear else h
        h = h.transpose(1, 2).unflatten(2, size)  # b (h w) c -> b c h w
        return x + (h if self.linear else self.proj_out(h))


class Downsample(nn.Module):
    """Halve height and width by a strided 3x3 convolution."""

    def __init__(self, c: int) -> None:
        super().__init__()
        self.op = nn.Conv2d(c, c, 3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.op(x)


class Upsample(nn.Module):
    """Resize to the size of the next skip connection (nearest), then a 3x3 convolution."""

    def __init__(self, c: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(c, c, 3, padding=1)

    def forward(self, x: Tensor, size: torch.Size) -> Tensor:
        return self.conv(F.interpolate(x, size=size, mode="nearest"))


class Stage(nn.Sequential):
    """One entry of the input, middle or output blocks: each layer gets what it needs."""

    def forward(
        self,
        x: Tensor,
        emb: Tensor,
        context: Tensor,
        size: torch.Size | None = None,
        at: Watch | None = None,
        block: Block = ("", 0),
    ) -> Tensor:
        for layer in self:
            if isinstance(layer, ResBlock):
                x = layer(x, emb, size)
            elif isinstance(layer, SpatialTransformer):
                x = layer(x, context, at, block)
            elif isinstance(layer, Upsample):
                x = layer(x, size)
            else:
                x = layer(x)
        return x


class UNet(nn.Module):
    """Predict the noise (or velocity) in a latent, given timestep and conditioning tokens."""

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        c, c_emb = config.model_channels, config.model_channels * 4
        self.time_embed = _mlp(c, c_emb)
        if config.vector_channels is not None:
            self.label_emb = nn.Sequential(_mlp(config.vector_channels, c_emb))
        elif config.classes is not None:
            self.label_emb = nn.Embedding(config.classes, c_emb)
        self.input_blocks, skips = self._down(c, c_emb)
        if config.middle_blocks:
            self.middle_block = self._middle(skips[-1], c_emb)
        self.output_blocks = self._up(skips, c_emb)
        conv_out = nn.Conv2d(c, config.out_channels, 3, padding=1)
        self.out = nn.Sequential(group_norm(c), nn.SiLU(), conv_out)

    def _stage(
        self, c_in: int, c_out: int, c_emb: int, depth: int, level: int | None = None
    ) -> list[nn.Module]:
        cfg, block = self.config, self._block(c_in, c_out, c_emb)
        if not depth:
            return [block]
        if not cfg.tokens:
            return [block, PixelAttention(c_out, cfg.heads_of(c_out))]
        only_cross = bool(cfg.only_cross) and level is not None and cfg.only_cross[level]
        return [block, SpatialTransformer(c_out, depth, cfg, only_cross)]

    def _block(self, c_in: int, c_out: int, c_emb: int, resample: str = "") -> ResBlock:
        return ResBlock(c_in, c_out, c_emb, resample, self.config.scale_shift)

    def _resampling(self, c: int, c_emb: int, way: str) -> nn.Module:
        if self.config.resampling_blocks:
            return self._block(c, c, c_emb, way)
        return Downsample(c) if way == "down" else Upsample(c)

    def _down(self, c: int, c_emb: int) -> tuple[nn.ModuleList, list[int]]:
        cfg = self.config
        blocks: list[nn.Module] = [Stage(nn.Conv2d(cfg.in_channels, c, 3, padding=1))]
        skips, depths = [c], iter((cfg.depths or cfg.uniform_depths())[0])
        for level, mult in enumerate(cfg.channel_mult):
            for _ in range(cfg.num_res_blocks):
                c_out = cfg.model_channels * mult
                blocks.append(Stage(*self._stage(c, c_out, c_emb, next(depths), level)))
                c = c_out
                skips.append(c)
            if level < len(cfg.channel_mult) - 1:
                blocks.append(Stage(self._resampling(c, c_emb, "down")))
                skips.append(c)
        return nn.ModuleList(blocks), skips

    def _middle(self, c: int, c_emb: int) -> Stage:
        more = [self._block(c, c, c_emb) for _ in range(self.config.middle_blocks - 1)]
        return Stage(*self._stage(c, c, c_emb, self.config.middle_depth), *more)

    def _up(self, skips: list[int], c_emb: int) -> nn.ModuleList:
        cfg, skips = self.config, list(skips)
        blocks: list[nn.Module] = []
        c, depths = skips[-1], iter((cfg.depths or cfg.uniform_depths())[1])
        for level, mult in reversed(list(enumerate(cfg.channel_mult))):
            for i in range(cfg.num_res_blocks + 1):
                c_out = cfg.model_channels * mult
                layers = self._stage(c + skips.pop(), c_out, c_emb, next(depths), level)
                c = c_out
                if level and i == cfg.num_res_blocks:
                    layers.append(self._resampling(c, c_emb, "up"))
                blocks.append(Stage(*layers))
        return nn.ModuleList(blocks)

    def forward(
        self,
        x: Tensor,
        timesteps: Tensor,
        context: Tensor,
        vector: Tensor | None = None,
        control: Residuals | None = None,
        watch: Watch | None = None,
    ) -> Tensor:
        """Denoise one step.

        Args:
            x: noisy latent, ``b c h w``, scaled to the network's input variance.
            timesteps: ``b``, in 0..999 (fractions allowed).
            context: conditioning tokens, ``b n context_dim``.
            vector: pooled conditioning, ``b vector_channels``, or class numbers, ``b``; only if
                the config has one.
            control: added to feature maps on the way.
            watch: functions that look at or change feature maps on the way.

        Returns:
            The prediction, ``b out_channels h w``.
        """
        features = timestep_embedding(timesteps, self.config.model_channels).to(x.dtype)
        emb = self.time_embed(features)
        if vector is not None:
            emb = emb + self.label_emb(vector)
        for change in watch.hooks.embedding if watch else ():
            emb = change(emb, watch.where(("", 0, 0)))
        added = control or NO_RESIDUALS
        skips: list[Tensor] = []
        for i, block in enumerate(self.input_blocks):
            x = added.input(i, block(x, emb, context, None, watch, ("input", i)))
            for change in watch.hooks.input_block if watch else ():
                x = change(x, watch.where(("input", i, 0)))
            skips.append(x)
            for change in watch.hooks.input_onward if watch else ():
                x = change(x, watch.where(("input", i, 0)))
        if self.config.middle_blocks:
            x = self.middle_block(x, emb, context, None, watch, ("middle", 0))
        x = added.between(x)
        for change in watch.hooks.middle_block if watch else ():
            x = change(x, watch.where(("middle", 0, 0)))
        for i, block in enumerate(self.output_blocks):
            skip = added.skip(len(skips) - 1, skips.pop())
            for join in watch.hooks.output_join if watch else ():
                x, skip = join(x, skip, watch.where(("output", i, 0)))
            size = skips[-1].shape[-2:] if skips else None
            x = block(torch.cat([x, skip], dim=1), emb, context, size, watch, ("output", i))
        return self.out(x)


def _mlp(c_in: int, c_out: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(c_in, c_out), nn.SiLU(), nn.Linear(c_out, c_out))
