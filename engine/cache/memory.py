"""The tiers in memory: results on the device where they were made, and in the computer's own.

A result whose device memory is due for others moves to the computer's memory, and back when
it is hit. Without a device all of that is empty and costs nothing.

Invariant: the bytes of each tier stay within its budget, except for results that a run has
pinned; what runs have pinned is never given up to make room. Entries are immutable.
"""

import heapq
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from engine.graph.signature import Signature

from .entry import Entry
from .moving import Mover
from .parts import Key, Part, parts_of
from .room import Room

__all__ = ["Entry", "ResultCache", "Spare"]

#: What a result takes besides its parts (measured: 0.8 kB for a number, 1.7 kB for a tensor),
#: so that many small ones count too.
ENTRY_BYTES = 2048
#: Results that a report names.
LARGEST = 10
#: Between two looks at the free memory while something runs.
SPARE_SECONDS = 0.1


class Spare:
    """Memory of the computer that shall stay free (``--cache-ram``).

    Attributes:
        active: bytes while something runs.
        idle: bytes while nothing runs.
    """

    def __init__(
        self,
        active: int,
        idle: int,
        free: Callable[[], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Ask ``free`` for the bytes that are free, rarely while something runs."""
        self.active, self.idle = active, idle
        self._free, self._clock = free, clock
        self._due = 0.0

    def missing(self, is_active: bool) -> int:
        """Bytes to give up now."""
        now = self._clock()
        if is_active and now < self._due:
            return 0
        self._due = now + SPARE_SECONDS
        return max(0, (self.active if is_active else self.idle) - self._free())


class ResultCache:
    """Results by signature; safe to use from several threads.

    Attributes:
        hits: results that were found.
        misses: results that were not.
        demotions: results that moved from the device to the computer's memory.
        promotions: results that moved back.
        is_deep: whether :meth:`fetch` may find what :meth:`get` does not, and take long.
    """

    is_deep = False

    def __init__(
        self,
        budget: int,
        device_budget: int = 0,
        mover: Mover | None = None,
        spare: "Spare | None" = None,
    ) -> None:
        """Keep at most so many bytes in the computer's memory and on the device; 0 keeps nothing.

        Args:
            budget: bytes in the computer's memory.
            device_budget: bytes on the device.
            mover: without one, what has no place on the device is given up.
            spare: memory to leave to others, if any.
        """
        self.hits = self.misses = self.demotions = self.promotions = 0
        self._entries: dict[Signature, Entry] = {}
        self._host: Room[Signature] = Room(budget)
        self._device: Room[Signature] = Room(device_budget)
        self._mover = mover
        self._spare = spare
        self._runs = 0
        self._movers_thread = ThreadPoolExecutor(1, "cache-mover")
        self._homes: dict[Signature, dict[Key, str]] = {}
        self._pins: Counter[Signature] = Counter()
        self._lock = threading.RLock()

    @property
    def used(self) -> int:
        """Bytes held now, wherever."""
        return self._host.used + self._device.used

    def __contains__(self, signature: Signature) -> bool:
        return signature in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def begin(self, signatures: Collection[Signature]) -> None:
        """A run of nodes with these signatures begins."""
        with self._lock:
            self._runs += 1

    def end(self) -> None:
        """A run ended."""
        with self._lock:
            self._runs -= 1
            self._leave_spare()

    def refresh(self) -> None:
        """Learn what other processes left in tiers that they share."""

    def pin(self, signature: Signature) -> None:
        """Keep a result, if it is there or when it comes, until as many times unpinned."""
        with self._lock:
            self._pins[signature] += 1

    def unpin(self, signature: Signature) -> None:
        """The inverse of :meth:`pin`."""
        with self._lock:
            self._pins[signature] -= 1
            if not self._pins[signature]:
                del self._pins[signature]
                self._host.release(signature)
                self._device.release(signature)

    def get(self, signature: Signature) -> Entry | None:
        """The entry of that name, back where it was made; it counts as used now."""
        with self._lock:
            entry = self._entries.get(signature)
            if entry is None:
                self.misses += 1
                return None
            self.hits += 1
            self._host.use(signature)
            if signature in self._device:
                self._device.use(signature)
            return self._promote(signature) if signature in self._homes else entry

    def fetch(self, signature: Signature) -> Entry | None:
        """As :meth:`get`, also from tiers that may be slow."""
        return self.get(signature)

    def put(self, signature: Signature, entry: Entry) -> int:
        """Remember a result, if there is room for it; its bytes."""
        parts = parts_of(entry.values)
        size = sum(part.bytes for part in parts.values())
        with self._lock:
            self._forget(signature)
            if self._fits(parts):
                self._place(signature, entry, parts)
                self._make_room(signature)
                self._leave_spare()
        return size

    def discard(self, signature: Signature) -> None:
        """Forget one result."""
        with self._lock:
            self._forget(signature)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
            self._homes.clear()
            self._host.clear()
            self._device.clear()

    def flush(self) -> None:
        """Wait until everything is where it shall be."""
        self._movers_thread.submit(lambda: None).result()

    def report(self) -> dict[str, Any]:
        """How much is where, and what is largest."""
        with self._lock:
            return {
                "device": {**self._tier(self._device), "demotions": self.demotions},
                "memory": {**self._tier(self._host), "promotions": self.promotions},
                "hits": self.hits,
                "misses": self.misses,
                "largest": self._largest(),
            }

    def _tier(self, room: Room[Signature]) -> dict[str, int]:
        return {
            "entries": len(room),
            "bytes": room.used,
            "budget": room.budget,
            "pinned": room.bytes_of(self._pins),
        }

    def _largest(self) -> list[dict[str, Any]]:
        owned = [
            (size, key, tier)
            for tier, room in (("device", self._device), ("memory", self._host))
            for key, size in room.owned()
        ]
        return [
            {"kind": e.kind, "bytes": size, "tier": tier, "seconds": e.seconds}
            for size, key, tier in heapq.nlargest(LARGEST, owned)
            for e in (self._entries[key],)
        ]

    def _fits(self, parts: dict[Key, Part]) -> bool:
        device = sum(part.bytes for part in parts.values() if part.home)
        host = sum(part.bytes for part in parts.values()) - device + ENTRY_BYTES
        moved = host if device <= self._device.budget else host + device
        return moved <= self._host.budget

    def _place(self, signature: Signature, entry: Entry, parts: dict[Key, Part]) -> None:
        self._entries[signature] = entry
        host: dict[Key, int] = {signature: ENTRY_BYTES}
        device: dict[Key, int] = {}
        for key, part in parts.items():
            (device if part.home else host)[key] = part.bytes
        self._host.add(signature, host, entry.seconds)
        if device:
            self._device.add(signature, device, entry.seconds)

    def _make_room(self, newest: Signature) -> None:
        while self._device.is_over:
            victim = self._device.lowest(self._is_pinned)
            if victim is None and newest not in self._device:
                break
            self._demote(newest if victim is None else victim)
        self._evict(lambda: self._host.is_over)
        if self._host.is_over:  # all the rest is pinned
            self._forget(newest)

    def _leave_spare(self) -> None:
        missing = self._spare.missing(self._runs > 0) if self._spare else 0
        if missing:
            goal = self._host.used - missing
            self._evict(lambda: self._host.used > max(goal, 0))

    def _evict(self, is_due: Callable[[], bool]) -> None:
        """Give up what is cheapest in the computer's memory."""
        while is_due() and (key := self._host.lowest(self._is_pinned)) is not None:
            entry, size = self._entries[key], self._host.bytes_of([key])
            self._forget(key)
            self._dropped(key, entry, size)

    def _dropped(self, signature: Signature, entry: Entry, size: int) -> None:
        """A result left the memory."""

    def _is_pinned(self, signature: Signature) -> bool:
        return signature in self._pins

    def _demote(self, victim: Signature) -> None:
        """Move a result, with what shares memory with it, off the device."""
        if self._mover is None:
            self._forget(victim)
            return
        group = self._device.together(victim)
        for signature in group:
            entry = self._entries[signature]
            self._device.remove(signature)
            sizes: dict[Key, int] = {k: p.bytes for k, p in parts_of(entry.values).items()}
            self._host.add(signature, {**sizes, signature: ENTRY_BYTES}, entry.seconds)
        moving = {signature: self._entries[signature] for signature in group}
        self._movers_thread.submit(self._move_down, moving, self._mover)

    def _move_down(self, moving: dict[Signature, Entry], mover: Mover) -> None:
        try:
            moved = mover.down([entry.values for entry in moving.values()])
        except Exception:  # no memory for the copy, say; then the results are given up
            moved = [None] * len(moving)
        with self._lock:
            for (signature, old), values in zip(moving.items(), moved, strict=True):
                if self._entries.get(signature) is old and signature not in self._device:
                    self._settle(signature, old, values)

    def _settle(self, signature: Signature, old: Entry, values: Any) -> None:
        """Put a moved copy in the place of what was on the device."""
        parts = {} if values is None else parts_of(values)
        if values is None or any(part.home for part in parts.values()):
            self._forget(signature)
            return
        before = parts_of(old.values)
        home = next(part.home for part in before.values() if part.home)
        self._place(signature, replace(old, values=values), parts)
        self._homes[signature] = {key: home for key in parts if key not in before}
        self.demotions += 1

    def _promote(self, signature: Signature) -> Entry:
        """Move a result, with what shares memory with it, back to the device."""
        assert self._mover is not None
        group = [key for key in self._host.together(signature) if key in self._homes]
        homes: dict[Key, str] = {}
        for key in group:
            homes |= self._homes.pop(key)
        old = [self._entries[key] for key in group]
        values = self._mover.up([entry.values for entry in old], homes)
        for key, entry, back in zip(group, old, values, strict=True):
            self._place(key, replace(entry, values=back), parts_of(back))
            self.promotions += 1
        found = self._entries[signature]
        self._make_room(signature)
        return found

    def _forget(self, signature: Signature) -> None:
        if self._entries.pop(signature, None) is not None:
            self._homes.pop(signature, None)
            self._host.remove(signature)
            self._device.remove(signature)
