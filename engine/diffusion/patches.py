"""Changes of weights that leave the weights alone: lists of what each tensor becomes.

Invariant: a patch is frozen and named by everything that its effect depends on; applying one
gives new tensors and never writes into the old ones.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor


class Change(Protocol):
    """What happens to one tensor."""

    def __call__(self, weight: Tensor, strength: float) -> Tensor:
        """The changed tensor, float32, from ``weight`` (float32, not to be written to)."""


@dataclass(frozen=True)
class Patch:
    """Changes of some tensors of one network.

    Attributes:
        id: of the file or the computation that the changes come from.
        strength: how far to go; 0 changes nothing.
        changes: by the network's own tensor names.
        keep: the weights are multiplied by this before.
    """

    id: str
    strength: float
    changes: Mapping[str, Change] = field(compare=False, repr=False)
    keep: float = 1.0


@torch.no_grad()
def patched(name: str, weight: Tensor, patches: Iterable[Patch]) -> Tensor:
    """A tensor after all patches, in its own precision and place; itself if none is about it."""
    changes = [(p, p.changes[name]) for p in patches if name in p.changes]
    if not changes:
        return weight
    result = weight.float()
    for patch, change in changes:
        result = change(result if patch.keep == 1.0 else result * patch.keep, patch.strength)
    return result.to(weight.dtype)
