"""How long nodes took on this computer, and how much memory: what estimates are made of.

Invariant: only the newest measurements of each kind of node are kept. Estimates are medians
over them, whatever the size of the inputs was.
"""

import sqlite3
from collections.abc import Iterable
from statistics import median
from typing import NamedTuple

#: Measurements of one kind that count.
KEPT = 50


class Taken(NamedTuple):
    """One measurement.

    Attributes:
        kind: of the node.
        ms: how long it took, in milliseconds.
        at: seconds since the epoch.
        bytes: of its result.
        peak: bytes of the device that the call took on top of what was there, if that is known.
    """

    kind: str
    ms: float
    at: float
    bytes: int | None = None
    peak: int | None = None


class Usual(NamedTuple):
    """Medians of one kind of node; None where nothing was measured."""

    ms: float
    bytes: int | None = None
    peak: int | None = None


def record(db: sqlite3.Connection, taken: Iterable[Taken]) -> None:
    """Add measurements."""
    rows = list(taken)
    columns = "(kind, ms, at, bytes, peak)"
    db.executemany(f"INSERT INTO timings {columns} VALUES (?, ?, ?, ?, ?)", rows)
    for kind in {row.kind for row in rows}:
        oldest = (
            "DELETE FROM timings WHERE kind = ? AND rowid NOT IN "
            "(SELECT rowid FROM timings WHERE kind = ? ORDER BY at DESC LIMIT ?)"
        )
        db.execute(oldest, (kind, kind, KEPT))


def usual(db: sqlite3.Connection) -> dict[str, Usual]:
    """What each kind of node usually takes."""
    found: dict[str, list[sqlite3.Row]] = {}
    for row in db.execute("SELECT kind, ms, bytes, peak FROM timings"):
        found.setdefault(row["kind"], []).append(row)
    return {kind: _medians(rows) for kind, rows in found.items()}


def _medians(rows: list[sqlite3.Row]) -> Usual:
    ms = median(row["ms"] for row in rows)
    return Usual(ms, _whole(row["bytes"] for row in rows), _whole(row["peak"] for row in rows))


def _whole(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return round(median(known)) if known else None
