"""Leases: which worker has a job, and until when it has it for sure.

queued -> leased -> running -> done | failed | cancelled. A lease holds for some seconds and is
renewed while its worker gives signs of life. A job goes back into the queue when its lease ran
out, and when the server ended, for its workers end with it; how often it was leased is counted.

Invariant: a job that is leased or running has a worker and an end of its lease; no other has.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import replace

from . import turns
from .jobs import IN_HAND, Job, State, get

_FREED = "worker = NULL, lease_until = NULL"


def lease(
    db: sqlite3.Connection,
    worker: str,
    now: float,
    until: float,
    known: Mapping[str, Job] | None = None,
) -> Job | None:
    """Give the job that is next to a worker; None if none waits.

    Args:
        db: the database.
        worker: its name.
        now: seconds since the epoch.
        until: when the lease ends.
        known: jobs that need not be read again, as they were added.
    """
    id = turns.first(db)
    if id is None:
        return None
    turns.take(db, id)
    db.execute(
        "UPDATE jobs SET state = ?, started = ?, attempts = attempts + 1, worker = ?, "
        "lease_until = ? WHERE id = ?",
        (State.LEASED, now, worker, until, id),
    )
    job = (known or {}).get(id)
    if job is None:
        return get(db, id)
    row = db.execute("SELECT number, attempts FROM jobs WHERE id = ?", (id,)).fetchone()
    job = replace(job, number=row["number"], attempts=row["attempts"])
    return replace(job, state=State.LEASED, started=now, worker=worker, lease_until=until)


def assign(db: sqlite3.Connection, id: str, workers: str) -> None:
    """Note that other workers than the one it was leased to have a job; several with commas."""
    query = "UPDATE jobs SET worker = ? WHERE id = ? AND state IN (?, ?)"
    db.execute(query, (workers, id, *IN_HAND))


def begin(db: sqlite3.Connection, ids: Iterable[str]) -> None:
    """Note that the workers of leased jobs have started them."""
    query = "UPDATE jobs SET state = ? WHERE id = ? AND state = ?"
    db.executemany(query, [(State.RUNNING, id, State.LEASED) for id in ids])


def renew(db: sqlite3.Connection, ids: Iterable[str], until: float) -> None:
    """Let the leases of these jobs hold longer."""
    query = "UPDATE jobs SET lease_until = ? WHERE id = ? AND state IN (?, ?)"
    db.executemany(query, [(until, id, *IN_HAND) for id in ids])


def expired(db: sqlite3.Connection, now: float) -> list[str]:
    """The jobs whose lease has run out."""
    query = "SELECT id FROM jobs WHERE state IN (?, ?) AND lease_until < ?"
    return [row["id"] for row in db.execute(query, (*IN_HAND, now))]


def refuse(db: sqlite3.Connection, id: str) -> bool:
    """Take back a lease that no worker got to see: it counts as none. False if there was none."""
    query = (
        "UPDATE jobs SET state = ?, started = NULL, attempts = attempts - 1, turn = NULL, "
        f"{_FREED} WHERE id = ? AND state = ?"
    )
    return db.execute(query, (State.QUEUED, id, State.LEASED)).rowcount == 1


def give_back(db: sqlite3.Connection, id: str) -> bool:
    """Queue a job again whose worker was lost; False if no worker has it."""
    query = f"UPDATE jobs SET state = ?, started = NULL, {_FREED} WHERE id = ? AND state IN (?, ?)"
    return db.execute(query, (State.QUEUED, id, *IN_HAND)).rowcount == 1


def recover(db: sqlite3.Connection) -> list[str]:
    """Put back what workers had when the server ended; the ids of those jobs."""
    rows = db.execute("SELECT id FROM jobs WHERE state IN (?, ?)", IN_HAND).fetchall()
    ids = [row["id"] for row in rows]
    return [id for id in ids if give_back(db, id)]
