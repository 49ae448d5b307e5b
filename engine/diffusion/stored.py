"""Networks as their files hold them: on the CPU, in the file's own precision, mapped.

For merging and saving, which read each tensor once and must not round it to what a device
computes in.

Invariant: what is mapped takes no memory of its own; a network here is never run.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache

import torch
from torch import Tensor, nn

from .checkpoints import build, build_empty
from .networks.compact import EIGHT_BITS, widened
from .patches import Patch, patched
from .weights import Shapes, Weights, read_header, read_tensors

#: Files that stay mapped after use.
KEPT = 4


@lru_cache(maxsize=4 * KEPT)
def network_shapes(weights: Weights) -> Shapes:
    """Shapes of a network's tensors, by its own names."""
    return {name: tuple(t.shape) for name, t in build_empty(weights).state_dict().items()}


@lru_cache(maxsize=KEPT)
def _network(weights: Weights) -> tuple[nn.Module, dict[str, Tensor]]:
    network = build(weights, torch.device("cpu"), _precision(weights))
    return network, network.state_dict()


def _precision(weights: Weights) -> torch.dtype:
    """Of the first tensor that is not compact."""
    for key in weights.names(read_header(weights.path).shapes):
        tensor = read_tensors(weights.path, (key,))[key]
        if tensor.is_floating_point() and tensor.dtype not in EIGHT_BITS:
            return tensor.dtype
    return torch.float16


def stored_tensor(weights: Weights, name: str, patches: Iterable[Patch] = ()) -> Tensor:
    """One tensor of a network, with changes, in the file's precision on the CPU."""
    network, state = _network(weights)
    tensor = state[name]
    if tensor.dtype in EIGHT_BITS:
        tensor = widened(network, (name,))[name]
    return patched(name, tensor, patches)


def stored_tensors(weights: Weights, patches: Iterable[Patch] = ()) -> Iterator[tuple[str, Tensor]]:
    """All tensors of a network, one after the other."""
    changes = tuple(patches)
    for name in network_shapes(weights):
        yield name, stored_tensor(weights, name, changes)
