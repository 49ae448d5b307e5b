"""What a result is made of: the storages that it keeps alive, each with its bytes and place.

Invariant: never touches the data itself. Views of one tensor, and the same tensor in several
places, are one part; two parts have the same key only if they are the same memory, as long as
somebody holds them.
"""

from collections.abc import Callable, Hashable, Mapping
from typing import Any, NamedTuple

#: Names a piece of memory among all that is held now.
Key = Hashable


class Part(NamedTuple):
    """A piece of memory.

    Attributes:
        bytes: all of it, also where only a view of it is held.
        home: the device where it is; empty for the computer's own memory.
    """

    bytes: int
    home: str = ""


def parts_of(value: Any) -> dict[Key, Part]:
    """The parts of a value of plain containers; what has no size counts nothing."""
    found: dict[Key, Part] = {}
    seen: set[int] = set()
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, Mapping):
            if id(item) not in seen:
                seen.add(id(item))
                stack.extend(item.values())
        elif isinstance(item, list | tuple | set | frozenset):
            if id(item) not in seen:
                seen.add(id(item))
                stack.extend(item)
        elif not isinstance(item, int | float | None):
            _note(item, found)
    return found


def nbytes(value: Any) -> int:
    """Bytes of all parts of a value."""
    return sum(part.bytes for part in parts_of(value).values())


def _note(item: Any, found: dict[Key, Part]) -> None:
    if isinstance(item, str | bytes | bytearray):
        found[id(item)] = Part(len(item))
        return
    if hasattr(item, "untyped_storage"):
        key, part = storage_of(item)
        found[key] = part
        return
    while getattr(item, "base", None) is not None and hasattr(item.base, "nbytes"):
        item = item.base  # what an array of numpy is a view of
    size = getattr(item, "nbytes", 0)
    if isinstance(size, int) and size:
        found[id(item)] = Part(size)


def storage_of(tensor: Any) -> tuple[Key, Part]:
    """The memory behind a tensor."""
    home = "" if tensor.device.type == "cpu" else str(tensor.device)
    try:
        storage = tensor.untyped_storage()
        return (home, storage.data_ptr()), Part(storage.nbytes(), home)
    except (NotImplementedError, RuntimeError):  # sparse tensors and such have no storage
        return id(tensor), Part(tensor.nbytes, home)


def replaced(value: Any, change: Callable[[Any], Any]) -> Any:
    """A value with each of its tensors replaced; other things stay the same objects."""
    if hasattr(value, "untyped_storage"):
        return change(value)
    if type(value) is dict:
        return {key: replaced(item, change) for key, item in value.items()}
    if type(value) is list or type(value) is tuple:
        return type(value)(replaced(item, change) for item in value)
    return value
