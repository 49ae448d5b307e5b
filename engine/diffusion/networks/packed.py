"""Layers whose weights lie in the order in which oneDNN multiplies them, on CPUs.

Without that every call of a layer puts its weights in order before it multiplies, which at small
sizes is half of the time of a step.

Invariant: a packed layer computes what its plain form does, up to rounding; names stay the same,
and :func:`plain` gives the very bits back.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

#: Least channels on both sides of what is packed: all heavy layers. For narrower convolutions,
#: and for kernels other than 3x3, the best order depends on the size of the picture, and another
#: one costs many times what is gained.
LINEAR_CHANNELS, CONV_CHANNELS = 256, 512
#: Sizes that the order is asked for.
PIXELS, ROWS = 16, 256
#: Types in which packed weights gain; convolutions in float32 take longer to pack than they save.
TYPES = {nn.Linear: (torch.float32, torch.bfloat16), nn.Conv2d: (torch.bfloat16,)}
_NAMES = (
    "_reorder_convolution_weight",
    "_convolution_pointwise",
    "_reorder_linear_weight",
    "_linear_pointwise",
)


class PackedLinear(nn.Linear):
    """A linear layer with a packed weight."""

    def forward(self, input: Tensor) -> Tensor:
        return _onednn()._linear_pointwise(input, self.weight, self.bias, "none", [], "")


class PackedConv2d(nn.Conv2d):
    """A convolution with a packed weight."""

    def forward(self, input: Tensor) -> Tensor:
        how = (self.padding, self.stride, self.dilation, self.groups)
        bias = self.bias
        return _onednn()._convolution_pointwise(input, self.weight, bias, *how, "none", [], "")


_PACKED: dict[type, type[nn.Module]] = {nn.Linear: PackedLinear, nn.Conv2d: PackedConv2d}


def packer(network: nn.Module) -> Callable[[str, Tensor], Tensor]:
    """What packs a network's tensors by their names; those that need not be packed stay.

    The first layer stays plain: its weight tells callers where and in which type to compute.
    """
    if not all(hasattr(_onednn(), name) for name in _NAMES):
        return lambda name, tensor: tensor
    first = next(iter(network.state_dict()), "")
    modules = {f"{name}.weight": module for name, module in network.named_modules()}
    layers = {n: m for n, m in modules.items() if n != first and _is_heavy(m)}
    # One for all: fresh memory costs more than what is done with it.
    scratch = torch.empty(max(map(_conv_bytes, layers.values()), default=0), dtype=torch.uint8)

    def pack(name: str, tensor: Tensor) -> Tensor:
        usual = tensor.device.type == "cpu" and tensor.layout is torch.strided
        layer = layers.get(name)
        if layer is None or not usual or tensor.dtype not in TYPES[type(layer)]:
            return tensor
        return _in_order(layer, tensor.detach(), scratch)

    return pack


def make_packed(network: nn.Module) -> None:
    """Let the layers of a network whose weights are packed use them."""
    for module in network.modules():
        if type(module) in _PACKED and module.weight.layout is torch._mkldnn:
            module.__class__ = _PACKED[type(module)]


def unpack(network: nn.Module) -> None:
    """Make a network plain again, for programs that compile it."""
    kinds = {packed: kind for kind, packed in _PACKED.items()}
    for module in network.modules():
        if type(module) in kinds:
            weight = module.get_parameter("weight")
            module.weight = nn.Parameter(plain(weight), requires_grad=False)
            module.__class__ = kinds[type(module)]


def plain(weight: Tensor) -> Tensor:
    """A weight in the usual order."""
    return weight.to_dense() if weight.layout is torch._mkldnn else weight


def _is_heavy(module: nn.Module) -> bool:
    if type(module) is nn.Linear:
        return min(module.weight.shape) >= LINEAR_CHANNELS
    if type(module) is not nn.Conv2d:
        return False
    how = (module.kernel_size, module.stride, module.padding, module.dilation, module.groups)
    is_usual = how == ((3, 3), (1, 1), (1, 1), (1, 1), 1) and module.padding_mode == "zeros"
    return is_usual and min(module.weight.shape[:2]) >= CONV_CHANNELS


def _conv_bytes(module: nn.Module) -> int:
    """Most bytes of a convolution's packable weight."""
    widest = max(dtype.itemsize for dtype in TYPES[nn.Conv2d])
    return module.weight.numel() * widest if isinstance(module, nn.Conv2d) else 0


def _in_order(module: nn.Module, weight: Tensor, scratch: Tensor) -> Tensor:
    if not isinstance(module, nn.Conv2d):
        return _onednn()._reorder_linear_weight(weight, ROWS)
    how = (module.padding, module.stride, module.dilation, module.groups)
    size = (2, module.in_channels, PIXELS, PIXELS)
    return _onednn()._reorder_convolution_weight(_pixels_first(weight, scratch), *how, size)


def _pixels_first(weight: Tensor, scratch: Tensor) -> Tensor:
    """A weight ``o i h w`` as ``o h w i``, from where oneDNN goes on in a third of the time."""
    out, channels, *kernel = weight.shape
    room = scratch.view(weight.dtype)[: weight.numel()].view(out, *kernel, channels)
    return room.permute(0, 3, 1, 2).copy_(weight)


def _onednn() -> Any:
    return torch.ops.mkldnn
