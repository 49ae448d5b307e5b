"""Memory before disk, behind the face of one cache.

Invariant: neither writing nor reading the disk ever holds up the event loop: writing happens
on a thread of its own, and when that falls behind, results are simply not written; reading
is :meth:`TieredCache.fetch`, which is called on threads. What was found on disk is in memory
after.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from engine.graph.signature import Signature

from .disk import DiskTier
from .entry import Entry
from .memory import ResultCache, Spare
from .moving import Mover
from .references import form_of

#: Results that took less are computed again sooner than they are read.
WORTH_SECONDS = 0.02
#: Bytes of results waiting to be written; further ones are not.
LONGEST_BACKLOG = 512 << 20
#: What waiting takes besides the bytes, so that many small results count too.
WAITING_BYTES = 1 << 16


class TieredCache(ResultCache):
    """A cache in memory over a tier on disk."""

    is_deep = True

    def __init__(
        self,
        budget: int,
        disk: DiskTier,
        device_budget: int = 0,
        mover: Mover | None = None,
        spare: Spare | None = None,
    ) -> None:
        super().__init__(budget, device_budget, mover, spare)
        self.disk = disk
        self._writer = ThreadPoolExecutor(1, "cache-writer")
        self._waiting = 0
        self._waiting_lock = threading.Lock()
        self._written = 0

    def __contains__(self, signature: Signature) -> bool:
        return super().__contains__(signature) or signature in self.disk

    def refresh(self) -> None:
        """Learn what other processes left on disk."""
        self.disk.refresh()

    def fetch(self, signature: Signature) -> Entry | None:
        """The entry from memory, else from disk; not to be called on the event loop's thread."""
        if not super().__contains__(signature):
            entry = self.disk.get(signature)
            if entry is not None:
                super().put(signature, entry)
                return entry
        return self.get(signature)

    def put(self, signature: Signature, entry: Entry) -> int:
        """Remember a result; on disk too if reading it is better than computing it again."""
        size = super().put(signature, entry)
        if _is_worth(entry):
            self._write_later(signature, entry, size)
        return size

    def _write_later(self, signature: Signature, entry: Entry, size: int) -> None:
        size += WAITING_BYTES
        with self._waiting_lock:
            if self._waiting and self._waiting + size > LONGEST_BACKLOG:
                return
            self._waiting += size
        self._writer.submit(self._write, signature, entry, size)

    def _write(self, signature: Signature, entry: Entry, size: int) -> None:
        try:
            self._written += self.disk.put(signature, entry)
        finally:
            with self._waiting_lock:
                self._waiting -= size

    def _dropped(self, signature: Signature, entry: Entry, size: int) -> None:
        """What leaves the memory stays on disk, if it was not written for lack of time."""
        if signature not in self.disk and _is_worth(entry):
            self._write_later(signature, entry, size)

    def discard(self, signature: Signature) -> None:
        """Forget one result in all tiers."""
        super().discard(signature)
        self.disk.discard(signature)

    def clear_disk(self) -> None:
        """Forget what is on disk."""
        self.disk.clear()

    def flush(self) -> None:
        """Wait until everything is moved and written."""
        super().flush()
        self._writer.submit(lambda: None).result()

    def report(self) -> dict[str, Any]:
        """How much is where."""
        disk = {**self.disk.report(), "pinned": 0, "written": self._written}
        return {**super().report(), "disk": disk}


def _is_worth(entry: Entry) -> bool:
    """Whether it took long, showed something, or refers to weights."""
    if entry.seconds >= WORTH_SECONDS or entry.ui:
        return True
    return any(form_of(item) is not None for items in entry.values for item in items)
