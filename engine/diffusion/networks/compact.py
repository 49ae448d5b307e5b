"""Layers whose weights are kept in eight bits and widened each time they are used.

Invariant: a compact layer computes exactly what its plain form would with the widened weight;
``state_dict`` has the same names in both.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

EIGHT_BITS = (torch.float8_e4m3fn, torch.float8_e5m2)


class CompactLinear(nn.Linear):
    """A linear layer with a compact weight."""

    def forward(self, input: Tensor) -> Tensor:
        return F.linear(input, wide_weight(self, input.dtype), self.bias)


class CompactConv2d(nn.Conv2d):
    """A convolution with a compact weight."""

    def forward(self, input: Tensor) -> Tensor:
        return self._conv_forward(input, wide_weight(self, input.dtype), self.bias)


_COMPACT: dict[type, type[nn.Module]] = {nn.Linear: CompactLinear, nn.Conv2d: CompactConv2d}


def compactable(network: nn.Module) -> set[str]:
    """Names of the weights that may be kept in eight bits.

    The first layer stays wide: its type tells callers in which the network computes.
    """
    layers = [name for name, module in network.named_modules() if type(module) in _COMPACT]
    first = next(iter(network.state_dict()))
    return {f"{name}.weight" for name in layers} - {first}


def make_compact(network: nn.Module, scales: dict[str, Tensor]) -> None:
    """Let layers with compact weights widen them.

    Args:
        network: with its weights in place.
        scales: by the name of a weight, what it has to be multiplied by.
    """
    for name, module in network.named_modules():
        if type(module) in _COMPACT and module.weight.dtype in EIGHT_BITS:
            module.__class__ = _COMPACT[type(module)]
            scale = scales.get(f"{name}.weight")
            module.register_buffer("weight_scale", scale, persistent=False)


def scales_of(network: nn.Module) -> dict[str, Tensor]:
    """The scales of a network's compact weights, as :func:`make_compact` takes them."""
    layers = network.named_modules()
    found = {f"{name}.weight": getattr(module, "weight_scale", None) for name, module in layers}
    return {name: scale for name, scale in found.items() if scale is not None}


def widened(network: nn.Module, names: Iterable[str]) -> dict[str, Tensor]:
    """Some of a network's compact weights in the type that it computes in."""
    dtype = next(iter(network.state_dict().values())).dtype
    layers = {f"{name}.weight": layer for name, layer in network.named_modules()}
    compact = tuple(_COMPACT.values())
    found = {name: layers[name] for name in names if isinstance(layers.get(name), compact)}
    return {name: wide_weight(layer, dtype) for name, layer in found.items()}


def wide_weight(module: nn.Module, dtype: torch.dtype) -> Tensor:
    """A layer's weight in a type that is computed in."""
    weight: Tensor = module.get_parameter("weight").to(dtype)
    scale = getattr(module, "weight_scale", None)
    return weight if scale is None else weight * scale.to(dtype)
