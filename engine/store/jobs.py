"""The queue and its history: jobs and the states they pass through.

queued -> leased -> running -> done | failed | cancelled; ``leases`` tells of the way from the
queue to a worker, and back if that is lost.

Invariant: a job is in exactly one state; a final state never changes again.
"""

import sqlite3
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from engine.errors import JobConflict
from engine.fast_json import dumps, loads


class State(StrEnum):
    """Where a job is on its way."""

    QUEUED = "queued"
    LEASED = "leased"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


FINAL = (State.DONE, State.FAILED, State.CANCELLED)
#: States of jobs that a worker has.
IN_HAND = (State.LEASED, State.RUNNING)
#: Of one account, or of all if that is NULL.
_OWNED = "(? IS NULL OR owner = ?)"


@dataclass(frozen=True)
class Job:
    """One prompt on its way through the queue.

    Attributes:
        id: chosen by the client or by the server.
        number: place in the queue; of the jobs of one client smaller ones run first, and those
            below 0 before the jobs of all clients.
        prompt: validated API-format prompt.
        targets: ids of the output nodes to run.
        extra: what the client sent along, such as the canvas workflow.
        secrets: keys of ``extra`` that no answer may show.
        client: websocket session that gets the events.
        owner: account whose job it is; None where there are no accounts.
        created: seconds since the epoch; so are ``started`` and ``ended``.
        attempts: how often it was leased to a worker.
        outputs: per node id, what it showed.
        failure: why it did not end well.
        worker: name of the worker that has it.
        lease_until: when that worker counts as lost unless it gives signs of life.
        turn: number of its lease among all leases, greater for later ones.
    """

    id: str
    number: float
    prompt: Mapping[str, Any]
    targets: tuple[str, ...]
    extra: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, Any] = field(default_factory=dict)
    client: str | None = None
    owner: str | None = None
    state: State = State.QUEUED
    created: float = 0.0
    started: float | None = None
    ended: float | None = None
    attempts: int = 0
    outputs: Mapping[str, Any] = field(default_factory=dict)
    failure: Mapping[str, Any] | None = None
    worker: str | None = None
    lease_until: float | None = None
    turn: int | None = None


def add_all(db: sqlite3.Connection, new: Iterable[Job]) -> None:
    """Put jobs into the queue, all or none.

    Raises:
        JobConflict: a job with one of their ids exists.
    """
    for job in new:
        add(db, job)


def add(db: sqlite3.Connection, job: Job) -> None:
    """Put a job into the queue.

    Raises:
        JobConflict: a job with this id exists, whatever its state.
    """
    row = (
        job.id,
        job.number,
        State.QUEUED,
        _dump(job.prompt),
        _dump(job.targets),
        _dump(job.extra),
        _dump(job.secrets),
        job.client,
        job.owner,
        job.created or time.time(),
    )
    columns = "id, number, state, prompt, targets, extra, secrets, client, owner, created"
    try:
        db.execute(f"INSERT INTO jobs ({columns}) VALUES (?,?,?,?,?,?,?,?,?,?)", row)
    except sqlite3.IntegrityError as error:
        raise JobConflict(
            f"There is a job '{job.id}' already; send another prompt_id or none."
        ) from error


def of_sweep(db: sqlite3.Connection, sweep: str) -> list[Job]:
    """The jobs of a sweep, in the order in which they were made."""
    query = "SELECT * FROM jobs WHERE json_extract(extra, '$.sweep.id') = ? ORDER BY number, rowid"
    return [_job(row) for row in db.execute(query, (sweep,))]


def next_number(db: sqlite3.Connection) -> float:
    """The place behind all jobs so far."""
    return float(db.execute("SELECT coalesce(max(number), 0) FROM jobs").fetchone()[0]) + 1


def first_number(db: sqlite3.Connection) -> float:
    """The place before all waiting jobs."""
    row = db.execute("SELECT coalesce(min(number), 0) FROM jobs WHERE state = ?", (State.QUEUED,))
    return min(float(row.fetchone()[0]), 0.0) - 1


def finish(
    db: sqlite3.Connection,
    id: str,
    state: State,
    outputs: Mapping[str, Any],
    failure: Mapping[str, Any] | None = None,
) -> bool:
    """Give a job that a worker has its final state; False if none has it."""
    query = (
        "UPDATE jobs SET state = ?, ended = ?, outputs = ?, failure = ?, worker = NULL, "
        "lease_until = NULL WHERE id = ? AND state IN (?, ?)"
    )
    text = None if failure is None else _dump(failure)
    values = (state, time.time(), _dump(outputs), text, id, *IN_HAND)
    return db.execute(query, values).rowcount == 1


def get(db: sqlite3.Connection, id: str) -> Job | None:
    """The job of that id."""
    row = db.execute("SELECT * FROM jobs WHERE id = ?", (id,)).fetchone()
    return None if row is None else _job(row)


def in_state(db: sqlite3.Connection, state: State) -> list[Job]:
    """All jobs in a state, by their numbers."""
    query = "SELECT * FROM jobs WHERE state = ? ORDER BY number, created, rowid"
    return [_job(row) for row in db.execute(query, (state,))]


def in_hand(db: sqlite3.Connection) -> list[Job]:
    """All jobs that workers have, those that were leased first in front."""
    query = "SELECT * FROM jobs WHERE state IN (?, ?) ORDER BY started, number, rowid"
    return [_job(row) for row in db.execute(query, IN_HAND)]


def count_queued(db: sqlite3.Connection) -> int:
    """How many jobs wait."""
    query = "SELECT count(*) FROM jobs WHERE state = ?"
    return int(db.execute(query, (State.QUEUED,)).fetchone()[0])


def remaining(db: sqlite3.Connection) -> int:
    """How many jobs wait or run."""
    query = "SELECT count(*) FROM jobs WHERE state IN (?, ?, ?)"
    return int(db.execute(query, (State.QUEUED, *IN_HAND)).fetchone()[0])


def drop_queued(
    db: sqlite3.Connection, ids: Iterable[str] | None = None, owner: str | None = None
) -> int:
    """Remove waiting jobs, all or those of ``ids``, of one owner or all; how many there were."""
    query = f"DELETE FROM jobs WHERE state = ? AND {_OWNED}"
    if ids is None:
        return db.execute(query, (State.QUEUED, owner, owner)).rowcount
    rows = [(State.QUEUED, owner, owner, id) for id in ids]
    return sum(db.execute(f"{query} AND id = ?", row).rowcount for row in rows)


def history(
    db: sqlite3.Connection,
    max_items: int | None = None,
    offset: int | None = None,
    owner: str | None = None,
) -> list[Job]:
    """Ended jobs, oldest first.

    Args:
        db: the database.
        max_items: at most so many; None means all.
        offset: skip so many of the oldest; None or negative takes the newest ``max_items``.
        owner: only the jobs of this account; None means everybody's.
    """
    final = f"state IN (?, ?, ?) AND {_OWNED}"
    which = (*FINAL, owner, owner)
    if offset is None or offset < 0:
        query = f"SELECT * FROM jobs WHERE {final} ORDER BY ended DESC, rowid DESC LIMIT ?"
        rows = db.execute(query, (*which, -1 if max_items is None else max_items)).fetchall()
        return [_job(row) for row in reversed(rows)]
    query = f"SELECT * FROM jobs WHERE {final} ORDER BY ended, rowid LIMIT ? OFFSET ?"
    limit = -1 if max_items is None else max_items
    return [_job(row) for row in db.execute(query, (*which, limit, offset))]


def drop_history(
    db: sqlite3.Connection, ids: Iterable[str] | None = None, owner: str | None = None
) -> int:
    """Forget ended jobs, all or those of ``ids``, of one owner or all; how many there were."""
    query = f"DELETE FROM jobs WHERE state IN (?, ?, ?) AND {_OWNED}"
    if ids is None:
        return db.execute(query, (*FINAL, owner, owner)).rowcount
    rows = [(*FINAL, owner, owner, id) for id in ids]
    return sum(db.execute(f"{query} AND id = ?", row).rowcount for row in rows)


def cancel_queued(db: sqlite3.Connection, id: str) -> bool:
    """Cancel a waiting job, which stays in the history; False if it does not wait."""
    query = "UPDATE jobs SET state = ?, ended = ? WHERE id = ? AND state = ?"
    values = (State.CANCELLED, time.time(), id, State.QUEUED)
    return db.execute(query, values).rowcount == 1


def move(db: sqlite3.Connection, id: str, number: float) -> bool:
    """Give a waiting job another place in the queue; False if it does not wait."""
    query = "UPDATE jobs SET number = ? WHERE id = ? AND state = ?"
    return db.execute(query, (number, id, State.QUEUED)).rowcount == 1


def copy(db: sqlite3.Connection, id: str, new_id: str) -> Job | None:
    """Queue the same work once more under another id; None if there is no such job."""
    job = get(db, id)
    if job is None:
        return None
    add(db, replace(job, id=new_id, number=next_number(db)))
    return get(db, new_id)


def search(
    db: sqlite3.Connection,
    states: Iterable[State] | None = None,
    text: str = "",
    by_duration: bool = False,
    ascending: bool = False,
    limit: int | None = None,
    offset: int = 0,
    owner: str | None = None,
    paper: str = "",
) -> tuple[list[Job], int]:
    """A page of jobs, and how many there are in all.

    Args:
        db: the database.
        states: only jobs in these; None means any.
        text: only jobs whose prompt or whose document's name holds it.
        by_duration: order by how long they took instead of when they were made.
        ascending: oldest or shortest first.
        limit: jobs on the page; None means all.
        offset: jobs before the page.
        owner: only the jobs of this account; None means everybody's.
        paper: only jobs of the document of this id, as the canvas names it in ``x_paper``.
    """
    wanted = list(State if states is None else states)
    # Looking into every job's extra data is slow, so only a question about it does that.
    part = "coalesce(json_extract(extra, '$.x_paper.{}'), '')"
    where = (
        f"state IN ({', '.join('?' * len(wanted))}) AND {_OWNED} "
        f"AND (? = '' OR {part.format('id')} = ?) "
        f"AND (? = '' OR instr(lower(prompt), lower(?)) "
        f"OR instr(lower({part.format('name')}), lower(?)))"
    )
    which = (*wanted, owner, owner, paper, paper, text, text, text)
    order = "coalesce(ended - started, 0)" if by_duration else "created"
    direction = "ASC" if ascending else "DESC"
    total = db.execute(f"SELECT count(*) FROM jobs WHERE {where}", which).fetchone()[0]
    rows = db.execute(
        f"SELECT * FROM jobs WHERE {where} ORDER BY {order} {direction}, rowid {direction} "
        "LIMIT ? OFFSET ?",
        (*which, -1 if limit is None else limit, offset),
    )
    return [_job(row) for row in rows], int(total)


def prune(db: sqlite3.Connection, keep: int, max_bytes: int) -> int:
    """Forget the oldest ended jobs beyond ``keep``, and a tenth if the file is too large."""
    final = "state IN (?, ?, ?)"
    ended = db.execute(f"SELECT count(*) FROM jobs WHERE {final}", FINAL).fetchone()[0]
    size = (
        db.execute("PRAGMA page_count").fetchone()[0]
        - (db.execute("PRAGMA freelist_count").fetchone()[0])
    )
    size *= db.execute("PRAGMA page_size").fetchone()[0]
    surplus = max(ended - keep, ended // 10 if size > max_bytes else 0)
    if surplus <= 0:
        return 0
    query = (
        f"DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE {final} ORDER BY ended LIMIT ?)"
    )
    return db.execute(query, (*FINAL, surplus)).rowcount


def _job(row: sqlite3.Row) -> Job:
    data = dict(row)
    for name in ("prompt", "extra", "secrets", "outputs"):
        data[name] = loads(data[name])
    data["targets"] = tuple(loads(data["targets"]))
    data["failure"] = None if data["failure"] is None else loads(data["failure"])
    data["state"] = State(data["state"])
    return Job(**data)


def _dump(value: Any) -> str:
    return dumps(value).decode()
