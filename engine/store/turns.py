"""Whose job is next: people take turns, and where there are no accounts, clients do.

The rule: jobs with a number below 0 (``front``, or chosen so) go before everything, smaller
numbers first. Of the rest, the client goes next whose last lease is the longest ago (one that
has had none goes before all others; of several such the one with the smallest number); of its
jobs the one with the smallest number. Jobs without a client count as those of one client. So
whoever queues 500 jobs delays another who queues one by a single job.

Invariant: :func:`waiting` lists the jobs in just the order in which :func:`first` gives them.
"""

import sqlite3
from collections import deque

from .jobs import Job, State, in_state

_HEAD = "SELECT id FROM jobs WHERE state = ? AND {which} ORDER BY number, created, rowid LIMIT 1"
_HURRIED = _HEAD.format(which="number < 0")
#: Whose turn a job takes.
_LINE = "coalesce(owner, client)"
_OF_LINE = _HEAD.format(which=f"{_LINE} IS ? AND number >= 0")
#: The people or clients that wait, with their last turn, the next first.
_LINES = f"""
    SELECT line, coalesce((SELECT max(turn) FROM jobs AS past
                           WHERE coalesce(past.owner, past.client) IS queue.line), 0) AS turn
    FROM (SELECT {_LINE} AS line, min(number) AS number, min(rowid) AS row FROM jobs
          WHERE state = ? AND number >= 0 GROUP BY line) AS queue
    ORDER BY turn, number, row
"""


def first(db: sqlite3.Connection) -> str | None:
    """The id of the job that is next; linear in the jobs that wait."""
    row = db.execute(_HURRIED, (State.QUEUED,)).fetchone()
    if row is None:
        next_line = db.execute(f"{_LINES} LIMIT 1", (State.QUEUED,)).fetchone()
        if next_line is None:
            return None
        row = db.execute(_OF_LINE, (State.QUEUED, next_line["line"])).fetchone()
    return str(row["id"])


def take(db: sqlite3.Connection, id: str) -> None:
    """Note that it is this job's turn."""
    query = "UPDATE jobs SET turn = (SELECT coalesce(max(turn), 0) + 1 FROM jobs) WHERE id = ?"
    db.execute(query, (id,))


def waiting(db: sqlite3.Connection) -> list[Job]:
    """All jobs that wait, in the order in which they will run."""
    found = in_state(db, State.QUEUED)
    hurried = [job for job in found if job.number < 0]
    queues: dict[str | None, deque[Job]] = {}
    for job in found[len(hurried) :]:
        queues.setdefault(line(job), deque()).append(job)
    turns = {row["line"]: row["turn"] for row in db.execute(_LINES, (State.QUEUED,))}
    order = list(hurried)
    for job in hurried:  # whoever hurried has had a turn by then, and goes behind
        if line(job) in turns:
            del turns[line(job)]
            turns[line(job)] = 0
    circle = deque(queues[whose] for whose in turns)
    while circle:
        queue = circle.popleft()
        order.append(queue.popleft())
        if queue:
            circle.append(queue)
    return order


def line(job: Job) -> str | None:
    """Whose turn a job takes: its owner's, or its client's where there are no accounts."""
    return job.client if job.owner is None else job.owner
