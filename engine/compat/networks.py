"""Networks as packs look at them.

Invariant: a module of the caller's own over tensors that all share; what a pack does to its
modules, their places and types touches nobody's run, and is asked by none.
"""

from collections.abc import Sequence
from functools import lru_cache

from torch import nn

from engine.diffusion import residency
from engine.diffusion.checkpoints import build_empty
from engine.diffusion.networks.compact import EIGHT_BITS, widened
from engine.diffusion.networks.packed import plain
from engine.diffusion.patches import Patch
from engine.diffusion.stored import network_shapes
from engine.diffusion.weights import Weights


def own_network(weights: Weights, patches: Sequence[Patch] = ()) -> nn.Module:
    """A network with its weights, patched, where the engine has it."""
    base = residency.load(weights, patches)
    tensors = base.state_dict(keep_vars=True)
    wide = widened(base, [name for name, t in tensors.items() if t.dtype in EIGHT_BITS])
    made = build_empty(weights)
    own = {name: plain(wide.get(name, t)).detach() for name, t in tensors.items()}
    made.load_state_dict(own, assign=True)
    return made.requires_grad_(False).eval()


@lru_cache(maxsize=64)
def names_of(weights: Weights) -> frozenset[str]:
    """The names of a network's tensors."""
    return frozenset(network_shapes(weights))
