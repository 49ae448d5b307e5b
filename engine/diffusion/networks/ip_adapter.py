"""IP-Adapter: tokens of a picture, and what cross-attention reads of them (Ye et al. 2023).

Invariant: parameter names are those of the published files (``image_proj.*``,
``ip_adapter.<number>.*``).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .layers import attention


@dataclass(frozen=True)
class IPAdapterConfig:
    """Sizes of an IP-Adapter.

    Attributes:
        kind: ``linear`` makes tokens of the vector that CLIP shares with text, ``full`` one of
            each of CLIP's last but one states, ``plus`` resamples those states.
        features: width of what CLIP gives.
        context_dim: width of a token.
        places: number and channels of each cross-attention.
        tokens: that a picture becomes; 0: as many as it has states.
        width: features inside the resampler.
        layers: of the resampler.
        heads: of the resampler, of 64 features each.
    """

    kind: str
    features: int
    context_dim: int
    places: tuple[tuple[int, int], ...]
    tokens: int = 4
    width: int = 0
    layers: int = 0
    heads: int = 0


class IPAdapter(nn.Module):
    """Tokens of pictures, and keys and values of tokens."""

    def __init__(self, config: IPAdapterConfig) -> None:
        super().__init__()
        self.config = config
        kinds = {"linear": LinearProjection, "full": FullProjection, "plus": Resampler}
        self.image_proj = kinds[config.kind](config)
        self.ip_adapter = nn.ModuleDict(
            {str(number): KeysValues(config.context_dim, c) for number, c in config.places}
        )

    def tokens(self, seen: Tensor) -> Tensor:
        """What CLIP saw, ``b features`` or ``b n features``, as ``b tokens context_dim``."""
        return self.image_proj(seen)

    def keys_values(self, number: int, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """For one cross-attention, each ``b n channels``."""
        return self.ip_adapter[str(number)](tokens)


class KeysValues(nn.Module):
    """Projections beside those of a cross-attention."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        self.to_k_ip = nn.Linear(c_in, c_out, bias=False)
        self.to_v_ip = nn.Linear(c_in, c_out, bias=False)

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        return self.to_k_ip(tokens), self.to_v_ip(tokens)


class LinearProjection(nn.Module):
    """One vector to a few tokens."""

    def __init__(self, config: IPAdapterConfig) -> None:
        super().__init__()
        self.width = config.context_dim
        self.proj = nn.Linear(config.features, config.tokens * config.context_dim)
        self.norm = nn.LayerNorm(config.context_dim)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.proj(x).unflatten(-1, (-1, self.width)))


class FullProjection(nn.Module):
    """A token of each state."""

    def __init__(self, config: IPAdapterConfig) -> None:
        super().__init__()
        c = config.features
        out = (nn.Linear(c, config.context_dim), nn.LayerNorm(config.context_dim))
        self.proj = nn.Sequential(nn.Linear(c, c), nn.GELU(), *out)

    def forward(self, x: Tensor) -> Tensor:
        return self.proj(x)


class Resampler(nn.Module):
    """Learned queries that look at the states (the Perceiver resampler of Alayrac et al. 2022)."""

    def __init__(self, config: IPAdapterConfig) -> None:
        super().__init__()
        width = config.width
        self.latents = nn.Parameter(torch.empty(1, config.tokens, width))
        self.proj_in = nn.Linear(config.features, width)
        self.layers = nn.ModuleList(
            nn.ModuleList((PerceiverAttention(width, config.heads), _feed_forward(width)))
            for _ in range(config.layers)
        )
        self.proj_out = nn.Linear(width, config.context_dim)
        self.norm_out = nn.LayerNorm(config.context_dim)

    def forward(self, x: Tensor) -> Tensor:
        x, queries = self.proj_in(x), self.latents.expand(len(x), -1, -1)
        for attend, feed_forward in self.layers:
            queries = queries + attend(x, queries)
            queries = queries + feed_forward(queries)
        return self.norm_out(self.proj_out(queries))


class PerceiverAttention(nn.Module):
    """Attention from queries to states and queries."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads, inner = heads, heads * 64
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)
        self.to_q = nn.Linear(width, inner, bias=False)
        self.to_kv = nn.Linear(width, inner * 2, bias=False)
        self.to_out = nn.Linear(inner, width, bias=False)

    def forward(self, x: Tensor, queries: Tensor) -> Tensor:
        queries = self.norm2(queries)
        k, v = self.to_kv(torch.cat([self.norm1(x), queries], dim=1)).chunk(2, dim=-1)
        return self.to_out(attention(self.to_q(queries), k, v, self.heads))


def _feed_forward(width: int) -> nn.Sequential:
    inner = 4 * width
    layers = (nn.Linear(width, inner, bias=False), nn.GELU(), nn.Linear(inner, width, bias=False))
    return nn.Sequential(nn.LayerNorm(width), *layers)
