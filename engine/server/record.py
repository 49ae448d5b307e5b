"""What is written down while jobs run: the log of runs, and how long nodes took.

Invariant: every event has a sequence number greater than that of all events before it, also
across restarts; it is given at once, while the writing follows within a quarter of a second.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Mapping
from typing import Any

from engine.store import runlog, timings
from engine.store.database import Database

from .counts import Counts

#: Something to do in a transaction.
Then = Callable[[sqlite3.Connection], object]
#: How often the log is written.
FLUSH_SECONDS = 0.25


class Record:
    """Collects events and measurements and writes them in batches.

    Attributes:
        counts: what is counted since the start.
    """

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self._last = 0
        self._entries: list[runlog.Entry] = []
        self._timings: list[timings.Taken] = []
        self._writing = asyncio.Lock()
        self.counts = Counts()

    async def open(self) -> None:
        """Go on behind the last event of earlier servers."""
        self._last = max(self._last, await self._database.run(runlog.last))

    def event(self, job: str, type: str, data: Mapping[str, Any]) -> runlog.Entry:
        """Take an event in.

        Its number is the time in microseconds, so that numbers that a killed server gave out
        and did not write are not given again.
        """
        now = self._clock()
        self._last = max(self._last + 1, int(now * 1e6))
        entry = runlog.Entry(job, type, data, now, self._last)
        self._entries.append(entry)
        return entry

    def took(self, kind: str, ms: float, bytes: int | None, peak: int | None) -> None:
        """Take in how long a node of some kind took, and how much memory."""
        self.counts.node(kind, ms / 1000)
        self._timings.append(timings.Taken(kind, ms, self._clock(), bytes, peak))

    async def flush(self, then: Then | None = None) -> None:
        """Write what was taken in so far, and do something more in the same transaction."""
        async with self._writing:
            await self._write(then)

    async def keep_flushing(self) -> None:
        """Write now and then, until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            await self.flush()

    async def since(
        self, after: int, client: str | None, jobs: int
    ) -> tuple[list[runlog.Entry], int]:
        """All events of the jobs that have some behind ``after``, and how many jobs are left out.

        Whoever starts listening without waiting for anything in between misses nothing.

        Args:
            after: last sequence number known.
            client: only its jobs; None means everybody's.
            jobs: at most so many, the newest.
        """
        async with self._writing:
            await self._write()
            found, left_out = await self._database.run(runlog.since, after, client, jobs)
            return [*found, *self._entries], left_out

    async def _write(self, then: Then | None = None) -> None:
        entries, self._entries = self._entries, []
        taken, self._timings = self._timings, []
        if entries or taken or then:
            await self._database.run(_store, entries, taken, then)


def _store(
    db: sqlite3.Connection,
    entries: list[runlog.Entry],
    taken: list[timings.Taken],
    then: Then | None,
) -> None:
    runlog.append(db, entries)
    timings.record(db, taken)
    if then is not None:
        then(db)
