"""How long nodes took on this computer: what estimates are made of.

Invariant: only the newest measurements of each kind of node are kept.
"""

import sqlite3
from collections.abc import Iterable
from statistics import median

#: Measurements of one kind that count.
KEPT = 50


def record(db: sqlite3.Connection, taken: Iterable[tuple[str, float, float]]) -> None:
    """Add measurements: kind of node, milliseconds, seconds since the epoch."""
    rows = list(taken)
    db.executemany("INSERT INTO timings (kind, ms, at) VALUES (?, ?, ?)", rows)
    for kind in {row[0] for row in rows}:
        oldest = (
            "DELETE FROM timings WHERE kind = ? AND rowid NOT IN "
            "(SELECT rowid FROM timings WHERE kind = ? ORDER BY at DESC LIMIT ?)"
        )
        db.execute(oldest, (kind, kind, KEPT))


def medians(db: sqlite3.Connection) -> dict[str, float]:
    """Median milliseconds of each kind of node."""
    found: dict[str, list[float]] = {}
    for kind, ms in db.execute("SELECT kind, ms FROM timings"):
        found.setdefault(kind, []).append(ms)
    return {kind: median(values) for kind, values in found.items()}
