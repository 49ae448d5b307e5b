"""GreedyDual-Size (Cao and Irani 1997): which item to give up when room is due.

Invariant: every item has a priority, clock + cost / size, set when it was last used. The item
with the lowest priority goes first and the clock rises to its priority, so that what is not
used ages; the sizes of all items together are ``used``. An item is in the queue once for
each change of its priority, so that using the same items again and again costs nothing.
"""

import heapq
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K")


def _nothing(key: object) -> bool:
    return False


class GreedyDual(Generic[K]):
    """Items by key, each with a size in bytes and a cost in seconds.

    Attributes:
        budget: bytes of all items together, at most.
        used: bytes of all items together, now.
    """

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self.used = 0
        self._items: dict[K, tuple[int, float, float, int]] = {}  # size, cost, priority, number
        self._parked: dict[K, tuple[float, int, K]] = {}  # kept items, out of the queue
        self._queue: list[tuple[float, int, K]] = []
        self._clock = 0.0
        self._pushes = 0

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def __len__(self) -> int:
        return len(self._items)

    def items(self) -> Iterator[tuple[K, int, float]]:
        """Key, size and cost of everything."""
        return ((key, item[0], item[1]) for key, item in self._items.items())

    def add(self, key: K, size: int, cost: float) -> list[K]:
        """Take an item in; the keys that have to go for it, perhaps its own."""
        self.put(key, size, cost)
        return self.evict()

    def put(self, key: K, size: int, cost: float) -> None:
        """Take an item in, whether there is room or not."""
        self.remove(key)
        self.used += size
        self._rank(key, size, cost)

    def use(self, key: K) -> None:
        """Say that an item was used now."""
        size, cost, priority, _ = self._items[key]
        if priority != self._clock + cost / max(size, 1):
            self._rank(key, size, cost)

    def resize(self, key: K, size: int) -> None:
        """Say that an item has another size than before."""
        old, cost, _, _ = self._items[key]
        self.used += size - old
        self._rank(key, size, cost)

    def remove(self, key: K) -> bool:
        """Forget an item; whether there was one."""
        found = self._items.pop(key, None)
        self._parked.pop(key, None)
        self.used -= found[0] if found else 0
        return found is not None

    def clear(self) -> None:
        """Forget everything."""
        self._items.clear()
        self._parked.clear()
        self._queue.clear()
        self.used = 0

    def evict(self) -> list[K]:
        """Forget items until the rest is within the budget; their keys."""
        gone = []
        while self.used > self.budget and (key := self.lowest()) is not None:
            self.remove(key)
            gone.append(key)
        return gone

    def lowest(self, is_kept: Callable[[K], bool] = _nothing) -> K | None:
        """The item to give up next, leaving out those that are kept; None if there is none.

        What is kept is looked at once, and not again until it is released or used.
        """
        while self._queue:
            ranked = self._queue[0]
            if self._is_current(ranked):
                if not is_kept(ranked[2]):
                    self._clock = ranked[0]
                    return ranked[2]
                self._parked[ranked[2]] = ranked
            heapq.heappop(self._queue)
        return None

    def release(self, key: K) -> None:
        """An item may not be kept any more."""
        ranked = self._parked.pop(key, None)
        if ranked is not None and self._is_current(ranked):
            heapq.heappush(self._queue, ranked)

    def _rank(self, key: K, size: int, cost: float) -> None:
        priority = self._clock + cost / max(size, 1)
        self._pushes += 1
        self._items[key] = (size, cost, priority, self._pushes)
        heapq.heappush(self._queue, (priority, self._pushes, key))
        if len(self._queue) > 4 * len(self._items) + 64:
            self._queue = [ranked for ranked in self._queue if self._is_current(ranked)]
            heapq.heapify(self._queue)

    def _is_current(self, ranked: tuple[float, int, K]) -> bool:
        item = self._items.get(ranked[2])
        return item is not None and item[3] == ranked[1]
