"""GreedyDual-Size (Cao and Irani 1997): which item to give up when room is due.

Invariant: every item has a priority, clock + cost / size, set when it was last used. The item
with the lowest priority goes first and the clock rises to its priority, so that what is not
used ages; the sizes of all items together are ``used``.
"""

import heapq
from collections.abc import Iterator
from typing import Generic, TypeVar

K = TypeVar("K")


class GreedyDual(Generic[K]):
    """Items by key, each with a size in bytes and a cost in seconds.

    Attributes:
        budget: bytes of all items together, at most.
        used: bytes of all items together, now.
    """

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self.used = 0
        self._items: dict[K, tuple[int, float, float]] = {}  # size, cost, priority
        self._queue: list[tuple[float, int, K]] = []
        self._clock = 0.0
        self._pushes = 0

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def __len__(self) -> int:
        return len(self._items)

    def items(self) -> Iterator[tuple[K, int, float]]:
        """Key, size and cost of everything."""
        return ((key, size, cost) for key, (size, cost, _) in self._items.items())

    def add(self, key: K, size: int, cost: float) -> list[K]:
        """Take an item in; the keys that have to go for it, perhaps its own."""
        self.remove(key)
        self.used += size
        self._rank(key, size, cost)
        return list(self._evict())

    def use(self, key: K) -> None:
        """Say that an item was used now."""
        size, cost, _ = self._items[key]
        self._rank(key, size, cost)

    def remove(self, key: K) -> bool:
        """Forget an item; whether there was one."""
        found = self._items.pop(key, None)
        self.used -= found[0] if found else 0
        return found is not None

    def clear(self) -> None:
        """Forget everything."""
        self._items.clear()
        self._queue.clear()
        self.used = 0

    def _rank(self, key: K, size: int, cost: float) -> None:
        priority = self._clock + cost / max(size, 1)
        self._items[key] = (size, cost, priority)
        self._pushes += 1
        heapq.heappush(self._queue, (priority, self._pushes, key))
        if len(self._queue) > 4 * len(self._items) + 64:
            self._queue = [(p, i, k) for p, i, k in self._queue if self._is_current(k, p)]
            heapq.heapify(self._queue)

    def _is_current(self, key: K, priority: float) -> bool:
        item = self._items.get(key)
        return item is not None and item[2] == priority

    def _evict(self) -> Iterator[K]:
        while self.used > self.budget:
            priority, _, key = heapq.heappop(self._queue)
            if self._is_current(key, priority):
                self._clock = priority
                self.remove(key)
                yield key
