"""Keeps the leases of jobs that workers have: renewed while those live, and noticed when out.

Invariant: a lease is renewed only if its worker has given a sign of life since the last time.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from engine.store import leases
from engine.store.database import Database
from engine.store.jobs import Job

from .active import Active

#: How long a lease holds, how much of that is left when it is renewed, how often one looks.
LEASE_SECONDS, RENEW_SECONDS, LOOK_SECONDS = 30.0, 20.0, 1.0


class Tenure:
    """Renews leases."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def lease(self, worker: str, known: Mapping[str, Job] | None = None) -> Job | None:
        """Lease the next job to a worker; ``known`` ones are not read again."""
        now = self._clock()
        until = now + LEASE_SECONDS
        return await self._database.run(leases.lease, worker, now, until, known)

    async def keep(
        self, active: Callable[[], Iterable[Active]], lost: Callable[[str], None]
    ) -> None:
        """Look after all leases until cancelled.

        Args:
            active: the jobs that workers have now.
            lost: hears of each job whose lease has run out.
        """
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for job in await self.look(list(active())):
                lost(job)

    async def look(self, active: list[Active]) -> list[str]:
        """Renew what is due, note what has started; the jobs whose lease has run out."""
        now = self._clock()
        begun = [each for each in active if each.started and not each.noted]
        due = [each for each in active if each.until - now < RENEW_SECONDS]
        alive = [each for each in due if each.gave_signs]
        if not begun and not due:
            return []
        for each in begun:
            each.noted = True
        for each in alive:
            each.renew(now + LEASE_SECONDS)
        names = [each.job.id for each in begun], [each.job.id for each in alive]
        return await self._database.run(partial(_write, *names, now, now + LEASE_SECONDS))


def _write(
    begun: list[str], alive: list[str], now: float, until: float, db: sqlite3.Connection
) -> list[str]:
    leases.begin(db, begun)
    leases.renew(db, alive, until)
    return leases.expired(db, now)
