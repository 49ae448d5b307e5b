"""The attentions of a U-Net by their places, and pictures that accompany its calls.

Invariant: places are read off tensor names, so that they hold for any size of U-Net.
"""

import re
from collections.abc import Sequence

import torch
from torch import Tensor

from .evaluation import repeat_to_batch
from .hooks import Place, Where
from .stored import network_shapes
from .weights import Weights

_ATTENTION = re.compile(
    r"(?:(input|output)_blocks\.(\d+)|(middle)_block)\.\d+\.transformer_blocks\.(\d+)\.attn2\.to_k\."
)
#: Parts of a network in the order in which diffusers counts its attentions.
_ORDER = ("input", "output", "middle")


def cross_attentions(weights: Weights) -> dict[Place, tuple[int, int]]:
    """Channels and width of the tokens of each cross-attention, in the order of diffusers."""
    found: dict[Place, tuple[int, int]] = {}
    for name, shape in network_shapes(weights).items():
        if m := _ATTENTION.match(name):
            place = (m[1] or m[3], int(m[2] or 0), int(m[4]))
            found[place] = (shape[0], shape[1])
    return {p: found[p] for p in sorted(found, key=lambda p: (_ORDER.index(p[0]), *p[1:]))}


def for_call(parts: Sequence[Tensor], x: Tensor, where: Where) -> Tensor:
    """What accompanies a call: for each part of its batch one of ``parts`` by its role.

    Args:
        parts: for the positive and the negative side, ``n ...``; repeated to the latents.
        x: what the network computes with, the parts of the batch one behind the other.
        where: tells the roles of the parts.
    """
    roles = where.roles or (0,)
    size = len(x) // len(roles)
    return torch.cat([repeat_to_batch(parts[role], size) for role in roles])
