"""Marks: which nodes' code runs in a worker, written where they outlive it.

A node that ends its process, or holds Python's lock for good, can tell nobody any more; nor can
the event loop for it. So its id is put into memory that worker and server share before it is
called, and removed after.

Invariant: marking costs a copy of a few bytes; each thread of a worker has a place of its own.
"""

import mmap
import threading
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.plugins.node import Context, Inputs, Node

PLACES, PLACE_BYTES = 16, 240
SIZE = PLACES * PLACE_BYTES
_NOTHING = bytes(PLACE_BYTES)


class Marks:
    """The shared memory behind a file descriptor of :data:`SIZE` bytes."""

    def __init__(self, file: int) -> None:
        self._memory = mmap.mmap(file, SIZE)
        self._numbers = count()
        self._own = threading.local()

    def inside(self) -> tuple[str, ...]:
        """The marked nodes; those on the device first, and of them the last begun."""
        places = (self._memory[at : at + PLACE_BYTES] for at in range(0, SIZE, PLACE_BYTES))
        texts = [place.rstrip(b"\0").decode(errors="replace") for place in places]
        return tuple(text[1:] for text in sorted(filter(None, texts), key=lambda text: text[0]))

    def wipe(self) -> None:
        """Remove all marks."""
        self._memory[:] = bytes(SIZE)

    def watch(self, nodes: "Mapping[str, Node]") -> "dict[str, Node]":
        """The same nodes, marked while they are called."""
        return {
            id: node if node.is_async else replace(node, call=partial(self._call, node))
            for id, node in nodes.items()
        }

    def _call(self, node: "Node", inputs: "Inputs", ctx: "Context") -> Any:
        at = self._place()
        text = ("d" if node.spec.lane == "device" else "h") + ctx.node_id
        self._memory[at : at + PLACE_BYTES] = text.encode()[:PLACE_BYTES].ljust(PLACE_BYTES, b"\0")
        try:
            return node.call(inputs, ctx)
        finally:
            self._memory[at : at + PLACE_BYTES] = _NOTHING

    def _place(self) -> int:
        at: int | None = getattr(self._own, "at", None)
        if at is None:
            at = self._own.at = next(self._numbers) % PLACES * PLACE_BYTES
        return at
