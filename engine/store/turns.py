"""Whose job is next: clients take turns.

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
_OF_CLIENT = _HEAD.format(which="client IS ? AND number >= 0")
#: The clients that wait, with their last turn, the next first.
_CLIENTS = """
    SELECT client, coalesce((SELECT max(turn) FROM jobs AS past
                             WHERE past.client IS queue.client), 0) AS turn
    FROM (SELECT client, min(number) AS number, min(rowid) AS row FROM jobs
          WHERE state = ? AND number >= 0 GROUP BY client) AS queue
    ORDER BY turn, number, row
"""


def first(db: sqlite3.Connection) -> str | None:
    """The id of the job that is next; linear in the jobs that wait."""
    row = db.execute(_HURRIED, (State.QUEUED,)).fetchone()
    if row is None:
        client = db.execute(f"{_CLIENTS} LIMIT 1", (State.QUEUED,)).fetchone()
        if client is None:
            return None
        row = db.execute(_OF_CLIENT, (State.QUEUED, client["client"])).fetchone()
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
        queues.setdefault(job.client, deque()).append(job)
    turns = {row["client"]: row["turn"] for row in db.execute(_CLIENTS, (State.QUEUED,))}
    order = list(hurried)
    for job in hurried:  # whoever hurried has had a turn by then, and goes behind
        if job.client in turns:
            del turns[job.client]
            turns[job.client] = 0
    circle = deque(queues[client] for client in turns)
    while circle:
        queue = circle.popleft()
        order.append(queue.popleft())
        if queue:
            circle.append(queue)
    return order
