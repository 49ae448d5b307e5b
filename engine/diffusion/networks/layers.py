"""Pieces that every diffusion network shares: norms, timestep features, attention.

Invariant: nothing here knows a model family; each function is pure in its arguments.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def group_norm(channels: int, eps: float = 1e-5) -> nn.GroupNorm:
    """Group normalisation with ``min(32, channels // 4)`` groups.

    Published models have 128 channels or more and so get their usual 32 groups. At 32
    channels, 32 groups would be instance normalisation, which erases flat colour.
    """
    return nn.GroupNorm(min(32, channels // 4), channels, eps=eps)


def timestep_embedding(timesteps: Tensor, dim: int, max_period: float = 10000.0) -> Tensor:
    """Sinusoidal features of (fractional) timesteps (Ho et al. 2020, section B).

    Args:
        timesteps: shape ``b``.
        dim: number of features, even.
        max_period: the slowest wavelength, in timesteps.

    Returns:
        Shape ``b dim``, float32: cosines first, then sines.
    """
    half = dim // 2
    steps = torch.arange(half, dtype=torch.float32, device=timesteps.device)
    angles = timesteps[:, None].float() * torch.exp(-math.log(max_period) * steps / half)
    return torch.cat([angles.cos(), angles.sin()], dim=-1)


def attention(q: Tensor, k: Tensor, v: Tensor, heads: int, mask: Tensor | None = None) -> Tensor:
    """Scaled dot-product attention over ``heads`` slices of the channel axis.

    Args:
        q: ``b n (heads d)``.
        k: ``b m (heads d)``.
        v: ``b m (heads d)``.
        heads: number of heads.
        mask: additive or boolean, broadcastable to ``b heads n m``.

    Returns:
        ``b n (heads d)``.
    """
    q, k, v = (t.unflatten(-1, (heads, -1)).transpose(1, 2) for t in (q, k, v))
    out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)  # b heads n d
    return out.transpose(1, 2).flatten(2)
