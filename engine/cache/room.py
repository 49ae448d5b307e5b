"""A budget of bytes for results that share memory, and the ledger of who owns which part.

Invariant: each part has exactly one owner, the result that has held it longest; the bytes of
a result are those that it owns, so that the sum over all results is the memory they take.
When an owner goes, its parts pass to the next holder.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Generic, TypeVar

from .greedydual import GreedyDual
from .parts import Key

K = TypeVar("K")


class Ledger(Generic[K]):
    """Who holds which parts.

    Attributes:
        owned: bytes by holder.
    """

    def __init__(self) -> None:
        self.owned: dict[K, int] = {}
        self._sizes: dict[Key, int] = {}
        self._holders: dict[Key, dict[K, None]] = {}  # the first is the owner
        self._parts: dict[K, tuple[Key, ...]] = {}

    def add(self, holder: K, parts: Mapping[Key, int]) -> int:
        """Enter a holder; the bytes that it owns."""
        owned = 0
        for part, size in parts.items():
            holders = self._holders.setdefault(part, {})
            if not holders:
                self._sizes[part] = size
                owned += size
            holders[holder] = None
        self._parts[holder] = tuple(parts)
        self.owned[holder] = owned
        return owned

    def remove(self, holder: K) -> set[K]:
        """Strike a holder out; those who own more than before."""
        heirs = set()
        del self.owned[holder]
        for part in self._parts.pop(holder):
            holders = self._holders[part]
            was_owner = next(iter(holders)) == holder
            del holders[holder]
            if not holders:
                del self._holders[part], self._sizes[part]
            elif was_owner:
                heir = next(iter(holders))
                self.owned[heir] += self._sizes[part]
                heirs.add(heir)
        return heirs

    def companions(self, holder: K) -> set[K]:
        """A holder and all who hold a part that it holds."""
        found = {holder}
        for part in self._parts[holder]:
            if len(self._holders[part]) > 1:
                found.update(self._holders[part])
        return found


class Room(Generic[K]):
    """Results with the bytes that they own, within a budget unless what is kept exceeds it."""

    def __init__(self, budget: int) -> None:
        self._ranks: GreedyDual[K] = GreedyDual(budget)
        self._ledger: Ledger[K] = Ledger()

    @property
    def budget(self) -> int:
        """Bytes of everything together, at most."""
        return self._ranks.budget

    @property
    def used(self) -> int:
        """Bytes of everything together, now."""
        return self._ranks.used

    @property
    def is_over(self) -> bool:
        """Whether something has to go."""
        return self._ranks.used > self._ranks.budget

    def __contains__(self, key: object) -> bool:
        return key in self._ranks

    def __len__(self) -> int:
        return len(self._ranks)

    def owned(self) -> Iterator[tuple[K, int]]:
        """Everything with the bytes that it owns."""
        return iter(self._ledger.owned.items())

    def bytes_of(self, keys: Iterable[K]) -> int:
        """Bytes that some of the results own."""
        return sum(self._ledger.owned.get(key, 0) for key in keys)

    def add(self, key: K, parts: Mapping[Key, int], cost: float) -> None:
        """Take something in, whether it fits or not."""
        self.remove(key)
        self._ranks.put(key, self._ledger.add(key, parts), cost)

    def remove(self, key: K) -> None:
        """Forget something."""
        if self._ranks.remove(key):
            self.release(key)
            for heir in self._ledger.remove(key):
                self._ranks.resize(heir, self._ledger.owned[heir])

    def release(self, key: K) -> None:
        """Something may not be kept any more, and so may not what shares memory with it."""
        for companion in self._ledger.companions(key) if key in self._ledger.owned else ():
            self._ranks.release(companion)

    def use(self, key: K) -> None:
        """Say that something was used now."""
        if key in self._ranks:
            self._ranks.use(key)

    def clear(self) -> None:
        """Forget everything."""
        self._ranks.clear()
        self._ledger = Ledger()

    def together(self, key: K) -> set[K]:
        """Something and what shares memory with it: one alone would free little."""
        return self._ledger.companions(key)

    def lowest(self, is_kept: Callable[[K], bool]) -> K | None:
        """What to give up next; never what shares memory with something that is kept."""
        return self._ranks.lowest(lambda key: any(map(is_kept, self._ledger.companions(key))))
