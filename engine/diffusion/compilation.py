"""Networks compiled by torch: faster steps, for minutes of waiting before the first one.

Invariant: a network is compiled once per backend, and its compiled forms go when it goes.
"""

import torch
from torch import nn

from .networks.packed import unpack


def compiled(network: nn.Module, backend: str) -> nn.Module:
    """The network, compiled by a backend of ``torch.compile`` (``inductor``, ``cudagraphs``)."""
    # In the instance's own dict, where it is no submodule and forms a cycle that is collected.
    known = network.__dict__.setdefault("compiled_forms", {})
    if backend not in known:
        unpack(network)  # compilers order weights themselves
        known[backend] = torch.compile(network, backend=backend)
    form: nn.Module = known[backend]
    return form
