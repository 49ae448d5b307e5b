"""The log of runs: what happened to each job, in order, appended and never changed.

Invariant: sequence numbers grow by time, so a client that knows the last one it saw can ask
for all that came after.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.fast_json import dumps, loads


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of one job; ``at`` is in seconds since the epoch."""

    job: str
    type: str
    data: Mapping[str, Any]
    at: float
    seq: int


def append(db: sqlite3.Connection, entries: Iterable[Entry]) -> None:
    """Write events; those of jobs that were deleted meanwhile are dropped."""
    db.executemany(
        "INSERT INTO events (job, type, data, at, seq) SELECT :job, :type, :data, :at, :seq "
        "WHERE EXISTS (SELECT 1 FROM jobs WHERE id = :job)",
        [
            {"job": e.job, "type": e.type, "data": dumps(e.data).decode(), "at": e.at, "seq": e.seq}
            for e in entries
        ],
    )


def last(db: sqlite3.Connection) -> int:
    """The greatest sequence number so far."""
    return int(db.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()[0])


def of_job(
    db: sqlite3.Connection, job: str, after: int = 0, limit: int | None = None
) -> list[Entry]:
    """The events of a job behind sequence number ``after``, at most ``limit``."""
    query = "SELECT * FROM events WHERE job = ? AND seq > ? ORDER BY seq LIMIT ?"
    return _entries(db.execute(query, (job, after, _rows(limit))))


def behind(
    db: sqlite3.Connection, after: int, limit: int | None = None, owner: str | None = None
) -> list[Entry]:
    """The events behind sequence number ``after``, at most ``limit``; of one owner's jobs, or all.

    Ordered by number.
    """
    if owner is None:
        query = "SELECT * FROM events WHERE seq > ? ORDER BY seq LIMIT ?"
        return _entries(db.execute(query, (after, _rows(limit))))
    query = (
        "SELECT events.* FROM events JOIN jobs ON jobs.id = events.job "
        "WHERE seq > ? AND owner = ? ORDER BY seq LIMIT ?"
    )
    return _entries(db.execute(query, (after, owner, _rows(limit))))


def since(
    db: sqlite3.Connection, after: int, client: str | None, most: int
) -> tuple[list[Entry], int]:
    """All events, from the first, of the jobs with events behind ``after``.

    Args:
        db: the database.
        after: last sequence number known.
        client: only the jobs of this client; None means everybody's.
        most: jobs; of more than that the newest count.

    Returns:
        The events in order, and how many jobs were left out.
    """
    query = (
        "SELECT job, max(seq) AS newest FROM events JOIN jobs ON jobs.id = events.job "
        "WHERE seq > ? AND (? IS NULL OR client = ?) GROUP BY job ORDER BY newest DESC"
    )
    found = [row["job"] for row in db.execute(query, (after, client, client))]
    entries = [entry for job in found[:most] for entry in of_job(db, job)]
    return sorted(entries, key=lambda entry: entry.seq), max(len(found) - most, 0)


def _rows(limit: int | None) -> int:
    return -1 if limit is None else limit


def _entries(rows: Iterable[sqlite3.Row]) -> list[Entry]:
    return [
        Entry(row["job"], row["type"], loads(row["data"]), row["at"], row["seq"]) for row in rows
    ]
