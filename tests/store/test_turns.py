"""Clients take turns, and the queue is shown as it will run."""

import sqlite3
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.store import jobs, leases, turns
from engine.store.database import connect
from engine.store.jobs import Job, State


@pytest.fixture
def db(tmp_path: Path) -> sqlite3.Connection:
    return connect(tmp_path / "loom.db")


def add(db: sqlite3.Connection, id: str, number: float, client: str | None) -> None:
    jobs.add(db, Job(id, number, {}, (), client=client))


def lease(db: sqlite3.Connection) -> str | None:
    job = leases.lease(db, "worker-0", 1.0, 31.0)
    return None if job is None else job.id


def drain(db: sqlite3.Connection) -> list[str]:
    """The jobs in the order in which they are leased."""
    found = []
    while (id := lease(db)) is not None:
        found.append(id)
    return found


def test_one_job_does_not_wait_for_five_hundred(db: sqlite3.Connection) -> None:
    for i in range(500):
        add(db, f"many-{i}", i + 1, "many")
    assert lease(db) == "many-0"
    add(db, "one", 501, "one")
    assert [lease(db) for _ in range(2)] == ["one", "many-1"]


def test_of_one_client_smaller_numbers_go_first(db: sqlite3.Connection) -> None:
    for id, number in (("c", 3.0), ("a", 1.0), ("b", 2.0)):
        add(db, id, number, None)
    jobs.move(db, "a", 9.0)
    assert drain(db) == ["b", "c", "a"]


def test_the_front_goes_before_everything(db: sqlite3.Connection) -> None:
    add(db, "first", 1, "a")
    add(db, "second", 2, "b")
    add(db, "hurried", jobs.first_number(db), "a")
    add(db, "more", jobs.first_number(db), "b")
    assert [job.id for job in turns.waiting(db)] == ["more", "hurried", "second", "first"]
    assert drain(db) == ["more", "hurried", "second", "first"]


def test_a_turn_outlives_a_restart_and_a_refused_lease_is_none(tmp_path: Path) -> None:
    db = connect(tmp_path / "loom.db")
    for i, client in enumerate("abab"):
        add(db, f"{client}{i}", i + 1, client)
    assert lease(db) == "a0"
    db.close()
    db = connect(tmp_path / "loom.db")
    assert lease(db) == "b1"
    assert leases.refuse(db, "b1")
    assert drain(db) == ["b1", "a2", "b3"]


CLIENTS = st.sampled_from(["a", "b", "c", None])
QUEUE = st.lists(st.tuples(CLIENTS, st.integers(-3, 9)), max_size=30)


@settings(max_examples=60, deadline=None)
@given(QUEUE, QUEUE, st.integers(0, 10))
def test_the_queue_is_shown_as_it_will_run(
    early: list[tuple[str | None, int]], late: list[tuple[str | None, int]], leased: int
) -> None:
    db = connect(":memory:")
    for i, (client, number) in enumerate(early):
        add(db, f"early-{i}", number, client)
    for _ in range(leased):
        lease(db)
    for i, (client, number) in enumerate(late):
        add(db, f"late-{i}", number, client)
    shown = [job.id for job in turns.waiting(db)]
    assert drain(db) == shown


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 20), min_size=1))
def test_nobody_gets_a_second_turn_before_everybody_had_one(counts: dict[str, int]) -> None:
    db = connect(":memory:")
    for client, count in counts.items():
        for i in range(count):
            add(db, f"{client}{i}", i, client)
    had: Counter[str] = Counter()
    for id in drain(db):
        waiting = [client for client in counts if had[client] < counts[client]]
        assert had[id[0]] == min(had[client] for client in waiting)
        had[id[0]] += 1


def test_a_lease_reads_no_job_that_does_not_wait(db: sqlite3.Connection) -> None:
    """Every look at the table goes through an index, however long the history is."""
    db.execute("BEGIN")
    template = Job("", 0.0, {}, ())
    for i in range(100):
        jobs.add(db, replace(template, id=str(i), number=float(i), client=str(i % 5)))
    db.execute("COMMIT")
    asked: list[str] = []
    db.set_trace_callback(asked.append)
    for _ in range(3):
        lease(db)
    db.set_trace_callback(None)
    assert len(jobs.in_state(db, State.QUEUED)) == 97
    looks = [text for text in asked if text.lstrip().startswith(("SELECT", "UPDATE"))]
    assert len(looks) >= 9
    for text in looks:
        steps = [row["detail"] for row in db.execute(f"EXPLAIN QUERY PLAN {text}")]
        assert not any(step.startswith("SCAN jobs") and "INDEX" not in step for step in steps), text
