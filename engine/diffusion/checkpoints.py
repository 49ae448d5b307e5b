"""From a file to handles (cheap: the header only) and from a handle to a network (the tensors).

Invariant: a network is either complete or not returned: a missing, surplus or misshapen
tensor is an error that names it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from engine.errors import ModelFileError

from .families import FAMILIES, Checkpoint, detect
from .families.autoencoder import describe_vae
from .handles import Vae
from .networks.compact import EIGHT_BITS, compactable, make_compact
from .networks.packed import make_packed, packer
from .weights import Precision, Shapes, Weights, read_header, read_tensors, stream_tensors

Shape = tuple[int, ...]

#: Prefixes that a VAE file of its own may use.
VAE_PREFIXES = ("", "first_stage_model.", "vae.")
#: Tensors that training leaves behind and that no network here has.
LEFTOVERS = ("position_ids", "logvar", "num_batches_tracked", "logit_scale", "attn_mask")
#: Of matrices of eight bits: what to multiply by, and what their inputs were divided by.
SCALES, INPUT_SCALES = ("scale_weight", "weight_scale"), ("scale_input", "input_scale")
LEFTOVER_PREFIXES = ("loss.", "model_ema.")


def load_checkpoint(path: Path) -> Checkpoint:
    """Handles on a checkpoint's denoiser, text encoder and autoencoder.

    Raises:
        ModelFileError: the file cannot be read, or no known family matches.
    """
    header = read_header(path)
    family = detect(header.shapes)
    if family is None:
        raise ModelFileError(
            f"'{path.name}' is no checkpoint of a known family "
            f"({', '.join(f.name for f in FAMILIES)}). It holds {len(header.shapes)} tensors, "
            f"such as {_some(header.shapes)}. If it is a VAE, a LoRA or an upscaler, use the "
            "loader for that kind."
        )
    with complete(path):
        return family.describe(header)


@contextmanager
def complete(path: Path) -> Iterator[None]:
    """Let missing tensors, and such of odd shapes, be the file's fault.

    Raises:
        ModelFileError: the block did not find what tells a network's size.
    """
    try:
        yield
    except (LookupError, ValueError, TypeError, ZeroDivisionError) as error:
        raise ModelFileError(
            f"'{path.name}' is incomplete or damaged: what tells the size of a part of it is "
            f"missing or has an odd shape ({type(error).__name__}: {error}). Fetch it again."
        ) from error


def load_vae(path: Path) -> Vae:
    """A handle on an autoencoder that is a file of its own.

    Raises:
        ModelFileError: the file cannot be read or holds no autoencoder.
    """
    header = read_header(path)
    found = (describe_vae(header, prefix) for prefix in VAE_PREFIXES)
    with complete(path):
        vae = next((vae for vae in found if vae is not None), None)
    if vae is None:
        raise ModelFileError(
            f"'{path.name}' holds no autoencoder with encoder and decoder; its tensors are "
            f"{_some(header.shapes)}. Choose a VAE file."
        )
    return vae


def build(
    weights: Weights, device: torch.device, dtype: torch.dtype, packs: bool = False
) -> nn.Module:
    """The network of some weights, ready to be called, on a device and in a precision.

    Args:
        weights: of the network.
        device: where it shall be.
        dtype: that it computes in.
        packs: whether heavy weights are put into the order that the CPU multiplies in.

    Raises:
        ModelFileError: the tensors do not fit the network.
    """
    if weights.is_whole:
        return weights.build().to(device, dtype).requires_grad_(False).eval()
    network = build_empty(weights)
    expected = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    shapes = read_header(weights.path).shapes
    names, scales = _without_scales(weights, shapes)
    unpacked = (_unpacked_shapes(weights, n, shapes[k]) for k, n in names.items())
    found = {n: _fit(shape, expected.get(n)) for parts in unpacked for n, shape in parts.items()}
    _check(found, expected, weights)
    precision = _precision(weights, names, compactable(network), dtype)
    factors = _read_scales(weights, scales, device)
    pack = packer(network) if packs else lambda name, tensor: tensor
    state = {
        name: pack(name, _scaled(part.reshape(expected[name]), factors.get(name)))
        for k, tensor in stream_tensors(weights.path, names.keys(), device, precision)
        for name, part in weights.unpack(names[k], tensor).items()
    }
    network.load_state_dict(state, assign=True)
    make_compact(network, factors)
    make_packed(network)
    return network.requires_grad_(False).eval()


def _without_scales(weights: Weights, shapes: Shapes) -> tuple[dict[str, str], dict[str, str]]:
    """The file's names to the network's, and those of scales to the weights they are for."""
    names: dict[str, str] = {}
    scales: dict[str, str] = {}
    for key, name in weights.names(shapes).items():
        layer, _, last = name.rpartition(".")
        if last in SCALES:
            scales[key] = f"{layer}.weight"
        elif not _is_leftover(name):
            names[key] = name
    return names, scales


def _read_scales(
    weights: Weights, scales: Mapping[str, str], device: torch.device
) -> dict[str, Tensor]:
    tensors = read_tensors(weights.path, scales)
    return {scales[key]: t.float().to(device) for key, t in tensors.items()}


def _scaled(tensor: Tensor, factor: Tensor | None) -> Tensor:
    """What does not stay compact is multiplied right away."""
    if factor is None or tensor.dtype in EIGHT_BITS:
        return tensor
    return tensor * factor.to(tensor.dtype)


def _precision(
    weights: Weights, names: Mapping[str, str], may_be_compact: set[str], dtype: torch.dtype
) -> Precision:
    """Matrices of eight bits stay so; all else has the type that is computed in."""

    def wanted(key: str, stored: torch.dtype) -> torch.dtype:
        if names[key] not in may_be_compact:
            return dtype
        return stored if stored in EIGHT_BITS else weights.kept_as or dtype

    return wanted


def _unpacked_shapes(weights: Weights, name: str, shape: Shape) -> dict[str, Shape]:
    parts = weights.unpack(name, torch.empty(shape, device="meta"))
    return {part: tuple(tensor.shape) for part, tensor in parts.items()}


def build_empty(weights: Weights) -> nn.Module:
    """The network of some weights without the weights."""
    with _WithoutInit(), torch.device("meta"):
        return weights.build()


class _WithoutInit(TorchFunctionMode):
    """Let networks be made without initial values.

    They have none on the meta device anyway, but drawing normal numbers there makes torch
    import its compiler, which takes a second of every cold start.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__module__", None) == nn.init.__name__:
            return kwargs["tensor"] if "tensor" in kwargs else args[0]
        return func(*args, **kwargs)


def _is_leftover(name: str) -> bool:
    return name.endswith((*LEFTOVERS, *INPUT_SCALES, "scaled_fp8")) or name.startswith(
        LEFTOVER_PREFIXES
    )


def _fit(shape: Shape, expected: Shape | None) -> Shape:
    """Some files hold 1x1 convolutions as matrices, or the other way round."""
    if expected is None or [n for n in shape if n > 1] != [n for n in expected if n > 1]:
        return shape
    return expected


def _check(state: Mapping[str, Shape], expected: Mapping[str, Shape], weights: Weights) -> None:
    faults = {
        "missing": expected.keys() - state.keys(),
        "unknown": state.keys() - expected.keys(),
        "of another size": {k for k in expected.keys() & state.keys() if state[k] != expected[k]},
    }
    found = [f"{len(keys)} {fault} ({_some(keys)})" for fault, keys in faults.items() if keys]
    if found:
        raise ModelFileError(
            f"The tensors of '{weights.path.name}' do not fit the network they seem to belong to: "
            f"{'; '.join(found)}. The file is incomplete or of a family that is not known yet."
        )


def _some(names: Iterable[str], count: int = 3) -> str:
    chosen = sorted(names)
    return ", ".join(chosen[:count]) + (", ..." if len(chosen) > count else "")
