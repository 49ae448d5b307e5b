"""The in-memory tier.

Invariant: the bytes of all entries together stay within the budget; entries are immutable.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.graph.signature import Signature

from .greedydual import GreedyDual
from .size import nbytes


@dataclass(frozen=True)
class Entry:
    """What a node produced.

    Attributes:
        values: per output, its list of items.
        ui: what the node showed, if it showed something.
        seconds: how long the node itself took.
    """

    values: tuple[list[Any], ...]
    ui: Mapping[str, list[Any]] = field(default_factory=dict)
    seconds: float = 0.0


class ResultCache:
    """Results by signature; safe to use from several threads."""

    def __init__(self, budget: int) -> None:
        """Keep at most ``budget`` bytes; 0 keeps nothing."""
        self._entries: dict[Signature, Entry] = {}
        self._room: GreedyDual[Signature] = GreedyDual(budget)
        self._lock = threading.RLock()

    @property
    def used(self) -> int:
        """Bytes held now."""
        return self._room.used

    def __contains__(self, signature: Signature) -> bool:
        return signature in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, signature: Signature) -> Entry | None:
        """The entry of that name, which counts as used now."""
        with self._lock:
            entry = self._entries.get(signature)
            if entry is not None:
                self._room.use(signature)
            return entry

    def put(self, signature: Signature, entry: Entry) -> None:
        """Remember a result, if it fits at all."""
        size = max(nbytes(entry.values), 1)
        with self._lock:
            self._forget(signature)
            if size > self._room.budget:
                return
            self._entries[signature] = entry
            for evicted in self._room.add(signature, size, entry.seconds):
                del self._entries[evicted]

    def discard(self, signature: Signature) -> None:
        """Forget one result."""
        with self._lock:
            self._forget(signature)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
            self._room.clear()

    def flush(self) -> None:
        """Wait until everything is where it shall be; here it always is."""

    def report(self) -> dict[str, Any]:
        """How much is where."""
        return {"memory": {"entries": len(self), "bytes": self.used, "budget": self._room.budget}}

    def _forget(self, signature: Signature) -> None:
        self._entries.pop(signature, None)
        self._room.remove(signature)
