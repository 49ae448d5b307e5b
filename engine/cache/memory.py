"""The in-memory tier: GreedyDual-Size (Cao and Irani 1997) over cost and bytes.

Invariant: the bytes of all entries together stay within the budget. Every entry has a
priority, clock + seconds to recompute / bytes, set when it was last used; the entry with the
lowest priority goes first and the clock rises to its priority, so what is not used ages.
"""

import heapq
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.graph.signature import Signature

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
        self.budget = budget
        self.used = 0
        self._entries: dict[Signature, tuple[Entry, int, float]] = {}
        self._queue: list[tuple[float, Signature]] = []
        self._clock = 0.0
        self._lock = threading.Lock()

    def __contains__(self, signature: Signature) -> bool:
        return signature in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, signature: Signature) -> Entry | None:
        """The entry of that name, which counts as used now."""
        with self._lock:
            found = self._entries.get(signature)
            if found is None:
                return None
            self._rank(signature, found[0], found[1])
            return found[0]

    def put(self, signature: Signature, entry: Entry) -> None:
        """Remember a result, if it fits at all."""
        size = max(nbytes(entry.values), 1)
        with self._lock:
            self._forget(signature)
            if size > self.budget:
                return
            self.used += size
            self._rank(signature, entry, size)
            while self.used > self.budget:
                self._evict()

    def discard(self, signature: Signature) -> None:
        """Forget one result."""
        with self._lock:
            self._forget(signature)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
            self._queue.clear()
            self.used = 0

    def _rank(self, signature: Signature, entry: Entry, size: int) -> None:
        priority = self._clock + entry.seconds / size
        self._entries[signature] = (entry, size, priority)
        heapq.heappush(self._queue, (priority, signature))
        if len(self._queue) > 4 * len(self._entries) + 64:
            self._queue = [(p, s) for s, (_, _, p) in self._entries.items()]
            heapq.heapify(self._queue)

    def _evict(self) -> None:
        while True:
            priority, signature = heapq.heappop(self._queue)
            current = self._entries.get(signature)
            if current is not None and current[2] == priority:
                self._clock = priority
                self._forget(signature)
                return

    def _forget(self, signature: Signature) -> None:
        found = self._entries.pop(signature, None)
        if found is not None:
            self.used -= found[1]
