"""Hypernetworks: small networks that change what attention takes its keys and values from.

A file (``.pt``, the layout of the web UI that trains them) holds, by the width of the tokens that
they are for, a pair of state dicts: for keys and for values. Widths of feature maps are for
self-attention, the width of the text for cross-attention.

Invariant: nothing in a file is executed, and what it calls an activation is looked up in a list.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.errors import ModelFileError

from .handles import Model
from .hooks import Where
from .weights import file_id, unpickle

#: Files whose networks stay in memory after use.
KEPT = 4
ACTIVATIONS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "linear": lambda x: x,
    "relu": F.relu,
    "leakyrelu": F.leaky_relu,
    "elu": F.elu,
    "swish": F.hardswish,
    "hardswish": F.hardswish,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu6": F.relu6,
    "gelu": F.gelu,
    "silu": F.silu,
    "mish": F.mish,
    "selu": F.selu,
    "celu": F.celu,
    "softplus": F.softplus,
    "softsign": F.softsign,
    "softshrink": F.softshrink,
    "tanhshrink": F.tanhshrink,
    "hardtanh": F.hardtanh,
    "hardsigmoid": F.hardsigmoid,
    "hardshrink": F.hardshrink,
    "logsigmoid": F.logsigmoid,
}
#: ``linear1`` in the first files, ``linear.0`` in later ones.
_LAYER = re.compile(r"linear\.?(\d+)\.weight")
#: Layers of one network: matrix with bias, or norm (a vector) with bias.
Layers = tuple[tuple[Tensor, Tensor | None], ...]


@dataclass(frozen=True)
class Network:
    """One of the small networks.

    Attributes:
        layers: matrices and norms, in order.
        activation: behind each matrix but the last.
        active_end: behind the last one too.
    """

    layers: Layers
    activation: Callable[[Tensor], Tensor]
    active_end: bool

    def __call__(self, x: Tensor, strength: float) -> Tensor:
        """Tokens ``b n width``, changed."""
        h, matrices = x, sum(weight.dim() == 2 for weight, _ in self.layers)
        for weight, bias in self.layers:
            weight, bias = weight.to(x), None if bias is None else bias.to(x)
            if weight.dim() == 1:
                h = F.layer_norm(h, weight.shape, weight, bias)
                continue
            matrices -= 1
            h = F.linear(h, weight, bias)
            h = self.activation(h) if matrices or self.active_end else h
        return x + h * strength


@dataclass(frozen=True)
class Hypernetwork:
    """A file, as a function for attentions.

    Attributes:
        id: of the file and its state.
        strength: how far to go.
        path: the file.
    """

    id: str
    strength: float
    path: Path = field(compare=False)

    def __call__(
        self, q: Tensor, k: Tensor, v: Tensor, where: Where
    ) -> tuple[Tensor, Tensor, Tensor]:
        """What queries, keys and values are made of."""
        pair = _networks(self.path, self.id, k.device).get(k.shape[-1])
        if pair is None:
            return q, k, v
        return q, pair[0](k, self.strength), pair[1](v, self.strength)


def with_hypernetwork(model: Model, path: Path, strength: float) -> Model:
    """A denoiser whose attentions a file has changed; a strength of 0 leaves it as it is.

    Raises:
        ModelFileError: the file holds no hypernetwork.
    """
    change = Hypernetwork(file_id(path), strength, path)
    _networks(path, change.id, torch.device("cpu"))
    return model.hooked(self_inputs=change, cross_inputs=change) if strength else model


@lru_cache(maxsize=KEPT)
def _networks(path: Path, id: str, device: torch.device) -> Mapping[int, tuple[Network, Network]]:
    """The pairs of networks of a file, by the width of tokens; ``id`` tells its states apart."""
    data = unpickle(path)
    found = {k: v for k, v in data.items() if _is_pair(k, v)} if isinstance(data, dict) else {}
    if not found:
        raise ModelFileError(
            f"'{path.name}' holds no hypernetwork: no pairs of networks by the width of tokens. "
            "Choose a .pt file that was trained as a hypernetwork."
        )
    activation = _activation(path, data.get("activation_func"))
    active_end = bool(data.get("activate_output", True))
    return {
        width: (
            Network(_layers(path, pair[0], device), activation, active_end),
            Network(_layers(path, pair[1], device), activation, active_end),
        )
        for width, pair in found.items()
    }


def _is_pair(width: Any, value: Any) -> bool:
    return isinstance(width, int) and isinstance(value, list | tuple) and len(value) == 2


def _activation(path: Path, name: str | None) -> Callable[[Tensor], Tensor]:
    known = ACTIVATIONS.get((name or "linear").lower())
    if known is None:
        raise ModelFileError(
            f"The hypernetwork '{path.name}' uses the activation '{name}', which is not known. "
            f"Known are: {', '.join(ACTIVATIONS)}."
        )
    return known


def _layers(path: Path, state: Mapping[str, Tensor], device: torch.device) -> Layers:
    """Matrices and norms by their numbers; what is between has no tensors."""
    numbers = sorted((int(m[1]), key) for key in state if (m := _LAYER.fullmatch(key)))
    if not numbers:
        raise ModelFileError(
            f"The hypernetwork '{path.name}' has no layers named linear; its tensors are "
            f"{', '.join(list(state)[:3])}. It was written by another program; convert it."
        )
    biases = ((state[key], state.get(key.replace("weight", "bias"))) for _, key in numbers)
    return tuple((w.to(device), None if b is None else b.to(device)) for w, b in biases)
