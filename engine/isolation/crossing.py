"""Values on their way between a worker and an isolated pack.

A value is taken apart into a tree of plain data and its tensors; the tensors lie one after another
in a file in memory, whose descriptor crosses with the tree. Whoever reads maps it: that is the one
copy that a crossing costs.

Invariant: putting together makes nothing but tensors, numbers, texts, None, lists, tuples,
dictionaries and blocks, whatever the other side sent; a mapped file can no longer change.
"""

import fcntl
import mmap
import os
import tempfile
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from engine.errors import NodeError
from engine.plugins.node import Blocked

if TYPE_CHECKING:
    from torch import Tensor

#: Each tensor begins at a multiple of this.
ALIGNED = 64
DEEPEST = 100
#: The types of tensors that cross.
DTYPES = (
    *("float64", "float32", "float16", "bfloat16", "float8_e4m3fn", "float8_e5m2", "complex64"),
    *("int64", "int32", "int16", "int8", "uint8", "bool"),
)
#: What a file in memory must be, so that who maps it can rely on it.
_SEALS = sum(getattr(fcntl, f"F_SEAL_{name}", 0) for name in ("SEAL", "SHRINK", "GROW", "WRITE"))


class NotCrossing(NodeError):
    """A value that stays where it is."""


def taken_apart(value: Any, where: str, tensors: "list[Tensor]", depth: int = 0) -> Any:
    """A value as a tree of plain data; its tensors are appended to ``tensors``.

    Raises:
        NotCrossing: a part of it is of a kind that cannot cross; the text says which.
    """
    import torch

    if depth > DEEPEST:
        raise NotCrossing(f"{where[:80]}... is nested more than {DEEPEST} deep")
    match value:
        case None | bool():
            return value
        case str() | int() | float():
            return _plain(value)
        case Blocked():
            return ["b", value.message]
        case torch.Tensor():
            tensors.append(_crossing(value, where))
            return ["x", len(tensors) - 1]
        case list() | tuple():
            each = ((v, f"{where}[{i}]") for i, v in enumerate(value))
            parts = (taken_apart(v, place, tensors, depth + 1) for v, place in each)
            return ["t" if isinstance(value, tuple) else "l", *parts]
        case Mapping():
            return ["d", *(_entry(k, v, where, tensors, depth) for k, v in value.items())]
    if type(value).__module__ == "numpy" and not getattr(value, "shape", True):
        return taken_apart(value.item(), where, tensors, DEEPEST)
    raise NotCrossing(f"{where} is of the type {type(value).__name__}")


def _plain(value: Any) -> Any:
    """Without what a subclass adds."""
    kind = next(kind for kind in (str, int, float) if isinstance(value, kind))
    return kind.__str__(value) if kind is str else kind(value)


def _entry(key: Any, value: Any, where: str, tensors: "list[Tensor]", depth: int) -> list[Any]:
    if key is not None and not isinstance(key, str | int | float):
        raise NotCrossing(f"{where} has a key of the type {type(key).__name__}")
    place = f"{where}[{key!r}]"
    return [key, taken_apart(value, place, tensors, depth + 1)]


def _crossing(tensor: "Tensor", where: str) -> "Tensor":
    import torch

    if _name(tensor) not in DTYPES or tensor.layout != torch.strided or tensor.is_quantized:
        raise NotCrossing(f"{where} is a tensor of the kind {tensor.dtype}, {tensor.layout}")
    return tensor.detach().cpu().resolve_conj().resolve_neg().contiguous()


def _name(tensor: "Tensor") -> str:
    return str(tensor.dtype).removeprefix("torch.")


def put_together(tree: Any, tensors: "Sequence[Tensor]") -> Any:
    """The value that :func:`taken_apart` had.

    Raises:
        ValueError: this is no such tree.
    """
    match tree:
        case None | bool() | int() | float() | str():
            return tree
        case ["x", int(index)] if 0 <= index < len(tensors):
            return tensors[index]
        case ["b", None | str() as message]:
            return Blocked(message)
        case ["l", *items]:
            return [put_together(item, tensors) for item in items]
        case ["t", *items]:
            return tuple(put_together(item, tensors) for item in items)
        case ["d", *entries]:
            return {_key(key): put_together(value, tensors) for key, value in entries}
    raise ValueError(f"{str(tree)[:80]} is no value")


def _key(key: Any) -> Any:
    if key is not None and not isinstance(key, str | int | float):
        raise ValueError(f"{str(key)[:80]} is no key")
    return key


def laid_out(tensors: "Sequence[Tensor]") -> tuple[list[Any], int | None]:
    """Type and shape of each tensor, and the file in memory that holds them all; None for none."""
    import torch

    if not tensors:
        return [], None
    file = _new_file()
    places = _places([tensor.nbytes for tensor in tensors])
    os.ftruncate(file, max(1, places[-1]))
    for tensor, at in zip(tensors, places, strict=False):
        _write(file, memoryview(tensor.reshape(-1).view(torch.uint8).numpy().data), at)
    if _SEALS:
        fcntl.fcntl(file, fcntl.F_ADD_SEALS, _SEALS)
    return [[_name(tensor), list(tensor.shape)] for tensor in tensors], file


def _places(sizes: Sequence[int]) -> list[int]:
    """Where each of some tensors begins, and where the last one ends."""
    places = [0]
    for size in sizes:
        places.append(places[-1] + -(-size // ALIGNED) * ALIGNED)
    return places


def _new_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("loom", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _write(file: int, data: memoryview, at: int) -> None:
    while data:
        written = os.pwrite(file, data, at)
        data, at = data[written:], at + written


def mapped(kinds: Any, file: int | None) -> "list[Tensor]":
    """The tensors in a file that :func:`laid_out` wrote, without copying; takes the file over.

    Raises:
        ValueError: they are not in it, or it may still change.
    """
    import torch

    if file is None:
        if kinds:
            raise ValueError("tensors were announced and did not come")
        return []
    try:
        shapes = [_shape(kind) for kind in kinds]
        if _SEALS and fcntl.fcntl(file, fcntl.F_GET_SEALS) & _SEALS != _SEALS:
            raise ValueError("the memory that holds the tensors can still change")
        memory = mmap.mmap(file, 0, access=mmap.ACCESS_COPY)
    finally:
        os.close(file)
    sizes = [_count(shape) * dtype.itemsize for dtype, shape in shapes]
    places = list(pairwise(_places(sizes)))
    if places and places[-1][1] > len(memory):
        raise ValueError("the tensors are larger than the memory that holds them")
    found = []
    for (dtype, shape), (at, _) in zip(shapes, places, strict=True):
        count = _count(shape)
        flat = torch.frombuffer(memory, dtype=dtype, count=count, offset=at) if count else None
        found.append(torch.empty(shape, dtype=dtype) if flat is None else flat.view(shape))
    return found if _SEALS else [tensor.clone() for tensor in found]


def _shape(kind: Any) -> Any:
    import torch

    match kind:
        case [str(name), [*sizes]] if name in DTYPES:
            if all(isinstance(size, int) and 0 <= size < 1 << 48 for size in sizes):
                return getattr(torch, name), sizes
    raise ValueError(f"{str(kind)[:80]} is no tensor")


def _count(sizes: Sequence[int]) -> int:
    count = 1
    for size in sizes:
        count *= size
    return count
