"""Memory before disk, behind the face of one cache.

Invariant: writing to disk never holds up a run: it happens on a thread of its own, and when
that falls behind, results are simply not written. What was found on disk is in memory after.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from engine.graph.signature import Signature

from .disk import DiskTier
from .memory import Entry, ResultCache

#: Results that took less are computed again sooner than they are read.
WORTH_SECONDS = 0.02
#: Results waiting to be written; further ones are not.
LONGEST_BACKLOG = 64


class TieredCache(ResultCache):
    """An in-memory cache over a tier on disk."""

    def __init__(self, budget: int, disk: DiskTier) -> None:
        super().__init__(budget)
        self.disk = disk
        self._writer = ThreadPoolExecutor(1, "cache-writer")
        self._backlog = threading.BoundedSemaphore(LONGEST_BACKLOG)

    def __contains__(self, signature: Signature) -> bool:
        return super().__contains__(signature) or signature in self.disk

    def get(self, signature: Signature) -> Entry | None:
        """The entry from memory, else from disk."""
        entry = super().get(signature)
        if entry is None and (entry := self.disk.get(signature)) is not None:
            super().put(signature, entry)
        return entry

    def put(self, signature: Signature, entry: Entry) -> int:
        """Remember a result; on disk too if it took long enough or showed something."""
        size = super().put(signature, entry)
        worth = entry.seconds >= WORTH_SECONDS or entry.ui
        if worth and self._backlog.acquire(blocking=False):
            self._writer.submit(self._write, signature, entry)
        return size

    def _write(self, signature: Signature, entry: Entry) -> None:
        try:
            self.disk.put(signature, entry)
        finally:
            self._backlog.release()

    def discard(self, signature: Signature) -> None:
        """Forget one result in both tiers."""
        super().discard(signature)
        self.disk.discard(signature)

    def clear_disk(self) -> None:
        """Forget what is on disk."""
        self.disk.clear()

    def flush(self) -> None:
        """Wait until everything is written."""
        self._writer.submit(lambda: None).result()

    def report(self) -> dict[str, Any]:
        """How much is where."""
        return {**super().report(), "disk": self.disk.report()}
