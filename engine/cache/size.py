"""How many bytes a result holds on to.

Invariant: never touches the data itself; anything with ``nbytes`` counts, shared storage
counts once.
"""

from collections.abc import Mapping
from typing import Any


def nbytes(value: Any) -> int:
    """Bytes of all arrays and texts inside a value of plain containers."""
    total = 0
    seen: set[int] = set()
    stack = [value]
    while stack:
        item = stack.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, Mapping):
            stack.extend(item.values())
        elif isinstance(item, list | tuple | set | frozenset):
            stack.extend(item)
        else:
            total += _own(item)
    return total


def _own(item: Any) -> int:
    if isinstance(item, str | bytes | bytearray):
        return len(item)
    size = getattr(item, "nbytes", 0)
    return size if isinstance(size, int) else 0
