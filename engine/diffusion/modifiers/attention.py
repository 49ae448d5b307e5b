"""Guidance by attention, and cheaper attention.

Invariant: works on whatever the tokens of a feature map are; sizes come from ``Where``.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from ..hooks import Guided, Hooks, Place, Where
from ..networks.layers import attention
from ..patches import Patch
from ..stored import network_shapes
from ..weights import Weights, read_header

#: Transformer blocks that the middle of a published U-Net has at most.
_MIDDLE_DEPTH = 12


def middle_places() -> list[Place]:
    """Every attention in the middle of a U-Net."""
    return [("middle", 0, i) for i in range(_MIDDLE_DEPTH)]


def identity_attention(q: Tensor, k: Tensor, v: Tensor, where: Where) -> Tensor:
    """Each token attends to itself alone."""
    return v


@dataclass(frozen=True)
class PerturbedAttention:
    """Guide away from a prediction without self-attention in the middle (Ahn et al. 2024).

    Attributes:
        scale: how far.
    """

    scale: float

    def __call__(self, g: Guided, denoised: Tensor) -> Tensor:
        """After guidance."""
        if self.scale == 0 or g.see is None or g.hooks is None:
            return denoised
        instead = dict.fromkeys(middle_places(), identity_attention)
        perturbed = g.see(g.x, "positive", g.hooks.add(attend_self=instead))
        return denoised + (g.cond - perturbed) * self.scale


def keep_attention(q: Tensor, k: Tensor, v: Tensor, where: Where) -> Tensor:
    """Attention as ever, whose map is kept for :class:`SelfAttentionGuidance`."""
    heads, roles = where.heads, where.roles
    if 1 in roles:
        b = q.shape[0] // len(roles)
        at = roles.index(1)
        rows = slice(at * b, (at + 1) * b)
        q_, k_ = (t[rows].unflatten(-1, (heads, -1)).transpose(1, 2) for t in (q, k))
        weights = (q_ @ k_.transpose(-1, -2) / math.sqrt(q_.shape[-1])).softmax(-1)
        where.memory["sag"] = (weights.mean(1).sum(1), where.size)  # b n, how much looked at
    return attention(q, k, v, heads)


@dataclass(frozen=True)
class SelfAttentionGuidance:
    """Guide away from a picture blurred where the model looks (Hong et al. 2023).

    Attributes:
        scale: how far.
        blur: standard deviation of the blur, in latent cells.
    """

    scale: float
    blur: float

    def __call__(self, g: Guided, denoised: Tensor) -> Tensor:
        """After guidance."""
        if "sag" not in g.memory or g.see is None or g.hooks is None or g.scale <= 1:
            return denoised
        seen, size = g.memory.pop("sag")
        mask = (seen > 1.0).float().view(-1, 1, *size)
        mask = F.interpolate(mask, g.x.shape[-2:], mode="nearest").to(g.x)
        blurred = gaussian_blur(g.uncond, 9, self.blur)
        degraded = torch.lerp(g.uncond, blurred, mask)
        plain = Hooks().add(around=g.hooks.around)
        worse = g.see(degraded + (g.x - g.uncond), "negative", plain)
        return denoised + (degraded - worse) * self.scale


def gaussian_blur(x: Tensor, size: int, sigma: float) -> Tensor:
    """Blur ``b c h w`` by a Gaussian of ``size`` taps; reflected at the borders."""
    size = min(size, 2 * min(x.shape[-2:]) - 1)
    size -= 1 - size % 2
    taps = torch.arange(size, device=x.device, dtype=x.dtype) - size // 2
    kernel = torch.exp(-(taps**2) / (2 * max(sigma, 1e-6) ** 2))
    kernel = (kernel / kernel.sum()).expand(x.shape[1], 1, -1)
    padded = F.pad(x, [size // 2] * 4, mode="reflect")
    rows = F.conv2d(padded, kernel[:, :, None], groups=x.shape[1])
    return F.conv2d(rows, kernel[..., None], groups=x.shape[1])


@dataclass(frozen=True)
class HyperTile:
    """Self-attention within tiles of the feature map (T. Fish 2023), large maps first.

    Attributes:
        tile: sides of a tile at the top level, in latent cells.
        swap: so many sizes of tiles take turns.
        depth: levels below the top that are tiled too.
        scales: tiles of a deeper level cover the same part of the picture.
    """

    tile: int
    swap: int
    depth: int
    scales: bool

    def inputs(self, q: Tensor, k: Tensor, v: Tensor, where: Where) -> tuple[Tensor, ...]:
        """Cut the queries into tiles; keys and values are those of the tile."""
        tiles = self._tiles(where)
        if tiles is None:
            return q, k, v
        cut = _cut(q, where.size, tiles)
        return cut, cut, cut

    def outputs(self, x: Tensor, where: Where) -> Tensor:
        """Put the tiles together again."""
        tiles = self._tiles(where)
        return x if tiles is None else _join(x, where.size, tiles)

    def _tiles(self, where: Where) -> tuple[int, int] | None:
        """How many tiles there are in height and width; None where there is only one."""
        level = round(math.log2(max(where.full[0] / max(where.size[0], 1), 1)))
        if level > self.depth or where.place[0] == "middle":
            return None
        side = max(1, self.tile // (2**level if self.scales else 1))
        # Drawn anew for every level of noise and place, and yet the same in every run.
        draw = random.Random(f"{where.place} {where.sigma}")
        counts = tuple(n // _divisor(n, side, self.swap, draw) for n in where.size)
        return (counts[0], counts[1]) if counts != (1, 1) else None


def _divisor(n: int, least: int, choices: int, draw: random.Random) -> int:
    """One of the smallest divisors of ``n`` that are ``least`` or more."""
    found = [d for d in range(min(least, n), n + 1) if n % d == 0][:choices]
    return draw.choice(found)


def _cut(x: Tensor, size: tuple[int, int], tiles: tuple[int, int]) -> Tensor:
    (h, w), (m, n) = size, tiles
    x = x.view(-1, m, h // m, n, w // n, x.shape[-1]).transpose(2, 3)
    return x.flatten(0, 2).flatten(1, 2)  # b (m i) (n j) c -> (b m n) (i j) c


def _join(x: Tensor, size: tuple[int, int], tiles: tuple[int, int]) -> Tensor:
    (h, w), (m, n) = size, tiles
    x = x.view(-1, m, n, h // m, w // n, x.shape[-1]).transpose(2, 3)
    return x.flatten(1, 4)  # (b m n) (i j) c -> b (m i n j) c


@dataclass(frozen=True)
class TokenMerging:
    """Merge alike tokens before self-attention (Bolya and Hoffman 2023), at the top level.

    Attributes:
        ratio: part of the tokens to merge away, at most 3/4.
    """

    ratio: float

    def inputs(self, q: Tensor, k: Tensor, v: Tensor, where: Where) -> tuple[Tensor, ...]:
        """Merge the tokens; how to undo it is kept for :meth:`outputs`."""
        where.memory.pop("tome", None)
        if where.size != where.full or self.ratio <= 0:
            return q, k, v
        merge, unmerge = match(q, where.size, self.ratio)
        where.memory["tome"] = unmerge
        merged = merge(q)
        return merged, merged, merged

    def outputs(self, x: Tensor, where: Where) -> Tensor:
        """Give every token that was merged away what its partner got."""
        unmerge = where.memory.pop("tome", None)
        return x if unmerge is None else unmerge(x)


Change = Callable[[Tensor], Tensor]


def match(x: Tensor, size: tuple[int, int], ratio: float) -> tuple[Change, Change]:
    """Bipartite soft matching (section 3 of the paper): merge into one token of each 2x2 square.

    Args:
        x: tokens, ``b (h w) c``.
        size: h and w.
        ratio: part of the tokens to merge away.

    Returns:
        A function that merges tokens and one that spreads them again.
    """
    (h, w), (b, n, _) = size, x.shape
    index = torch.arange(n, device=x.device).view(h, w)
    is_kept = torch.zeros(h, w, dtype=torch.bool, device=x.device)
    is_kept[::2, ::2] = True
    kept, others = index[is_kept], index[~is_kept]
    away = min(int(n * ratio), len(others))
    unit = F.normalize(x.float(), dim=-1)
    alike, partner = (unit[:, others] @ unit[:, kept].transpose(1, 2)).max(-1)  # b others
    order = alike.argsort(dim=-1, descending=True)
    merged, left = order[:, :away], order[:, away:]
    into = partner.gather(1, merged)

    def take(t: Tensor, rows: Tensor) -> Tensor:
        return t.gather(1, rows[..., None].expand(-1, -1, t.shape[-1]))

    def merge(t: Tensor) -> Tensor:
        rest, target = t[:, others], t[:, kept]
        spread = into[..., None].expand(-1, -1, t.shape[-1])
        target = target.scatter_reduce(1, spread, take(rest, merged), "mean", include_self=True)
        return torch.cat([take(rest, left), target], dim=1)

    def unmerge(t: Tensor) -> Tensor:
        rest, target = t[:, : len(others) - away], t[:, len(others) - away :]
        whole = t.new_empty(b, n, t.shape[-1])
        whole[:, kept] = target
        moved = t.new_empty(b, len(others), t.shape[-1])
        moved.scatter_(1, left[..., None].expand(-1, -1, t.shape[-1]), rest)
        moved.scatter_(1, merged[..., None].expand(-1, -1, t.shape[-1]), take(target, into))
        whole[:, others] = moved
        return whole

    return merge, unmerge


@dataclass(frozen=True)
class Gain:
    """A weight multiplied by a number."""

    factor: float

    def __call__(self, weight: Tensor, strength: float) -> Tensor:
        """The multiplied weight."""
        return weight * (1 + (self.factor - 1) * strength)


def text_gains(weights: Weights, q: float, k: float, v: float, out: float) -> Patch:
    """Multiply the projections of a text encoder's attention, with their biases."""
    gains = {"q_proj": q, "k_proj": k, "v_proj": v, "out_proj": out}
    ends = {f".self_attn.{name}.": Gain(gain) for name, gain in gains.items() if gain != 1.0}
    names = network_shapes(weights)
    changes = {n: g for n in names for end, g in ends.items() if end in n}
    return Patch(f"text gains {gains}", 1.0, changes)


def attention_gains(weights: Weights, part: str, q: float, k: float, v: float, out: float) -> Patch:
    """Multiply the projections of all self-attention (``attn1``) or cross-attention (``attn2``)."""
    gains = {"to_q": q, "to_k": k, "to_v": v, "to_out.0": out}
    names = weights.names(read_header(weights.path).shapes).values()
    ends = {f".{part}.{name}.weight": Gain(gain) for name, gain in gains.items() if gain != 1.0}
    changes = {n: gain for n in names for end, gain in ends.items() if n.endswith(end)}
    return Patch(f"gains {part} {gains}", 1.0, changes)
