"""The log of runs: what happened to each job, in order, appended and never changed.

Invariant: sequence numbers grow by time, so a client that knows the last one it saw can ask
for all that came after.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Entry:
    """One event of one job; ``at`` is in seconds since the epoch."""

    job: str
    type: str
    data: Mapping[str, Any]
    at: float
    seq: int = 0


def append(db: sqlite3.Connection, entries: Iterable[Entry]) -> None:
    """Write events; those of jobs that were deleted meanwhile are dropped."""
    db.executemany(
        "INSERT INTO events (job, type, data, at) "
        "SELECT :job, :type, :data, :at WHERE EXISTS (SELECT 1 FROM jobs WHERE id = :job)",
        [{"job": e.job, "type": e.type, "data": json.dumps(e.data), "at": e.at} for e in entries],
    )


def of_job(db: sqlite3.Connection, job: str, after: int = 0) -> list[Entry]:
    """The events of a job behind sequence number ``after``."""
    query = "SELECT job, type, data, at, seq FROM events WHERE job = ? AND seq > ? ORDER BY seq"
    rows = db.execute(query, (job, after))
    return [Entry(**{**dict(row), "data": json.loads(row["data"])}) for row in rows]
