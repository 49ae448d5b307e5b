"""Other rules for what is kept than value and bytes, for people who know them.

Invariant: whatever the rule, what a run has pinned stays, and the budgets of bytes hold.
"""

from collections.abc import Collection

from engine.graph.signature import Signature

from .entry import Entry
from .memory import ResultCache
from .moving import Mover


class ClassicCache(ResultCache):
    """Keeps the results of the last prompt only (``--cache-classic``).

    The results of inner nodes, which no prompt names, live for one prompt more, so that a
    loop that is made longer need not start anew.
    """

    def __init__(self, budget: int, device_budget: int = 0, mover: Mover | None = None) -> None:
        super().__init__(budget, device_budget, mover)
        self._named: set[Signature] = set()
        self._inner: set[Signature] = set()

    def begin(self, signatures: Collection[Signature]) -> None:
        """Forget what is not part of this prompt."""
        super().begin(signatures)
        with self._lock:
            self._named = set(signatures)
            kept = self._named | self._inner | self._pins.keys()
            for signature in self._entries.keys() - kept:
                self._forget(signature)
            self._inner = set()

    def get(self, signature: Signature) -> Entry | None:
        """As for every cache."""
        self._note(signature)
        return super().get(signature)

    def put(self, signature: Signature, entry: Entry) -> int:
        """As for every cache."""
        self._note(signature)
        return super().put(signature, entry)

    def _note(self, signature: Signature) -> None:
        if signature not in self._named:
            self._inner.add(signature)


class LruCache(ResultCache):
    """Keeps the results of at most so many nodes, the last used (``--cache-lru N``).

    Those of the prompt that runs are never given up for the number, so it may be exceeded.
    """

    def __init__(
        self, entries: int, budget: int, device_budget: int = 0, mover: Mover | None = None
    ) -> None:
        super().__init__(budget, device_budget, mover)
        self._most = entries
        self._run = 0
        self._used_in: dict[Signature, int] = {}  # number of a run; least recently used first

    def begin(self, signatures: Collection[Signature]) -> None:
        """Whatever this prompt does not name is older than what it names."""
        super().begin(signatures)
        with self._lock:
            self._run += 1
            for signature in signatures:
                self._touch(signature)
            self._trim()

    def get(self, signature: Signature) -> Entry | None:
        """As for every cache."""
        with self._lock:
            self._touch(signature)
            return super().get(signature)

    def put(self, signature: Signature, entry: Entry) -> int:
        """As for every cache."""
        with self._lock:
            size = super().put(signature, entry)
            self._touch(signature)
            self._trim()
            return size

    def _touch(self, signature: Signature) -> None:
        self._used_in.pop(signature, None)
        if signature in self._entries:
            self._used_in[signature] = self._run

    def _trim(self) -> None:
        for signature, run in list(self._used_in.items()) if self._is_trimmable() else ():
            if run == self._run or len(self._entries) <= self._most:
                return
            if signature not in self._pins:
                self._forget(signature)
                del self._used_in[signature]

    def _is_trimmable(self) -> bool:
        first = next(iter(self._used_in.values()), self._run)
        return first < self._run and len(self._entries) > self._most
