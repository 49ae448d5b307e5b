"""``comfy.ldm.modules.attention``: attention, and the blocks that it stands in.

Invariant: the classes are those of the engine's networks, so that packs find what they look for
when they take a network apart.
"""

from typing import Any

from torch import Tensor

from engine.diffusion.networks.layers import attention
from engine.diffusion.networks.unet import (
    GEGLU,
    CrossAttention,
    FeedForward,
    SpatialTransformer,
    TransformerBlock,
)

__all__ = ["GEGLU", "CrossAttention", "FeedForward", "SpatialTransformer"]

BasicTransformerBlock = TransformerBlock


def optimized_attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    heads: int,
    mask: Tensor | None = None,
    attn_precision: Any = None,
    skip_reshape: bool = False,
    skip_output_reshape: bool = False,
    **more: Any,
) -> Tensor:
    """Scaled dot-product attention.

    Args:
        q: ``b n (heads d)``, or ``b heads n d`` with ``skip_reshape``.
        k: ``b m (heads d)``, or ``b heads m d``.
        v: the same.
        heads: number of heads.
        mask: additive or boolean, ``n m``, ``b n m`` or ``b heads n m``.
        attn_precision: not asked; the kernels sum in float32.
        skip_reshape: the heads have an axis of their own already.
        skip_output_reshape: leave them one.

    Returns:
        ``b n (heads d)``, or ``b heads n d``.
    """
    if skip_reshape:
        q, k, v = (t.transpose(1, 2).flatten(2) for t in (q, k, v))
    if mask is not None and mask.dim() == 3:
        mask = mask[:, None]
    out = attention(q, k, v, heads, mask)
    return out.unflatten(-1, (heads, -1)).transpose(1, 2) if skip_output_reshape else out


optimized_attention_masked = optimized_attention
attention_pytorch = attention_basic = attention_sub_quad = attention_split = optimized_attention


def optimized_attention_for_device(
    device: Any = None, mask: bool = False, small_input: bool = False
) -> Any:
    """The attention of a device: the same for all."""
    return optimized_attention


def default(val: Any, d: Any) -> Any:
    """A value, or what stands for None."""
    return d if val is None else val


def exists(val: Any) -> bool:
    """Whether a value is not None."""
    return val is not None
