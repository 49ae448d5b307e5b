"""The queue loses nothing and ends every job once."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import JobConflict
from engine.store import jobs, leases, runlog, settings, timings
from engine.store.database import Database, connect
from engine.store.jobs import Job, State
from engine.store.migrations import MIGRATIONS


@pytest.fixture
def db(tmp_path: Path) -> sqlite3.Connection:
    return connect(tmp_path / "loom.db")


def job(id: str, number: float = 1.0) -> Job:
    return Job(id, number, {"1": {"class_type": "A"}}, ("1",), {"a": 1}, {"key": "secret"}, "me")


def lease(db: sqlite3.Connection, now: float = 100.0) -> Job | None:
    return leases.lease(db, "worker-0", now, now + 30)


def test_jobs_run_in_order_of_their_numbers(db: sqlite3.Connection) -> None:
    for id, number in (("b", 2.0), ("a", 1.0), ("c", 2.0)):
        jobs.add(db, job(id, number))
    leased = [lease(db) for _ in range(4)]
    assert [j.id if j else None for j in leased] == ["a", "b", "c", None]


def test_a_job_comes_back_as_it_was(db: sqlite3.Connection) -> None:
    jobs.add(db, job("a"))
    found = jobs.get(db, "a")
    assert found is not None
    assert (found.prompt, found.targets, found.extra, found.secrets, found.client) == (
        {"1": {"class_type": "A"}},
        ("1",),
        {"a": 1},
        {"key": "secret"},
        "me",
    )
    assert found.state is State.QUEUED


def test_an_id_is_taken_for_good(db: sqlite3.Connection) -> None:
    jobs.add(db, job("a"))
    lease(db)
    jobs.finish(db, "a", State.DONE, {})
    with pytest.raises(JobConflict, match="'a' already"):
        jobs.add(db, job("a"))


def test_a_final_state_is_final(db: sqlite3.Connection) -> None:
    jobs.add(db, job("a"))
    assert not jobs.finish(db, "a", State.DONE, {})
    lease(db)
    assert jobs.finish(db, "a", State.DONE, {"1": {"images": []}})
    assert not jobs.finish(db, "a", State.FAILED, {}, {"why": "late"})
    found = jobs.get(db, "a")
    assert found is not None and (found.state, found.failure) == (State.DONE, None)


def test_a_restart_puts_running_jobs_back(tmp_path: Path) -> None:
    first = connect(tmp_path / "loom.db")
    jobs.add(first, job("a"))
    jobs.add(first, job("b"))
    lease(first)
    second = connect(tmp_path / "loom.db")
    assert leases.recover(second) == ["a"]
    again = lease(second)
    assert again is not None and (again.id, again.attempts) == ("a", 2)


def test_a_job_passes_through_its_states(db: sqlite3.Connection) -> None:
    jobs.add(db, job("a"))
    leased = lease(db)
    assert leased is not None
    assert (leased.state, leased.worker, leased.lease_until) == (State.LEASED, "worker-0", 130.0)
    leases.begin(db, ["a"])
    assert [(j.id, j.state) for j in jobs.in_hand(db)] == [("a", State.RUNNING)]
    assert jobs.finish(db, "a", State.DONE, {})
    found = jobs.get(db, "a")
    assert found is not None and (found.worker, found.lease_until) == (None, None)


def test_a_lease_that_nobody_renews_runs_out(db: sqlite3.Connection) -> None:
    for id in "ab":
        jobs.add(db, job(id))
        lease(db)
    leases.renew(db, ["a"], 160.0)
    assert leases.expired(db, 130.0) == []
    assert leases.expired(db, 131.0) == ["b"]
    assert leases.give_back(db, "b") and not leases.give_back(db, "b")
    again = lease(db, 140.0)
    assert again is not None and (again.id, again.attempts, again.lease_until) == ("b", 2, 170.0)


def test_a_lease_that_no_worker_saw_does_not_count(db: sqlite3.Connection) -> None:
    jobs.add(db, job("a"))
    lease(db)
    assert leases.refuse(db, "a") and not leases.refuse(db, "a")
    again = lease(db)
    assert again is not None and again.attempts == 1


def test_front_and_back_of_the_queue(db: sqlite3.Connection) -> None:
    jobs.add(db, job("a", jobs.next_number(db)))
    jobs.add(db, job("b", jobs.next_number(db)))
    jobs.add(db, job("first", jobs.first_number(db)))
    assert [j.id for j in jobs.in_state(db, State.QUEUED)] == ["first", "a", "b"]


def test_history_pages_oldest_first(db: sqlite3.Connection) -> None:
    for i in range(5):
        jobs.add(db, job(str(i), i))
        lease(db)
        jobs.finish(db, str(i), State.DONE, {})
    ids = lambda *page: [j.id for j in jobs.history(db, *page)]  # noqa: E731
    assert ids() == ["0", "1", "2", "3", "4"]
    assert ids(2, -1) == ["3", "4"]
    assert ids(2, 1) == ["1", "2"]
    assert jobs.drop_history(db, ["0"]) == 1
    assert jobs.drop_history(db) == 4


def test_dropping_waiting_jobs_leaves_running_ones(db: sqlite3.Connection) -> None:
    for i in range(3):
        jobs.add(db, job(str(i), i))
    lease(db)
    assert jobs.drop_queued(db, ["0", "1"]) == 1
    assert jobs.drop_queued(db) == 1
    assert jobs.remaining(db) == 1


def test_old_jobs_are_forgotten_first(db: sqlite3.Connection) -> None:
    for i in range(6):
        jobs.add(db, job(str(i), i))
        lease(db)
        jobs.finish(db, str(i), State.DONE, {})
    jobs.add(db, job("waiting", 9))
    assert jobs.prune(db, keep=4, max_bytes=1 << 30) == 2
    assert [j.id for j in jobs.history(db)] == ["2", "3", "4", "5"]
    assert jobs.prune(db, keep=4, max_bytes=1 << 30) == 0
    assert jobs.get(db, "waiting") is not None


def test_search_finds_words_of_the_prompt(db: sqlite3.Connection) -> None:
    jobs.add(db, replace(job("cat"), prompt={"1": {"inputs": {"text": "a Cat"}}}))
    jobs.add(db, replace(job("dog"), prompt={"1": {"inputs": {"text": "a dog"}}}))
    found, total = jobs.search(db, text="cat")
    assert ([j.id for j in found], total) == (["cat"], 1)
    found, total = jobs.search(db, [State.QUEUED], limit=1, offset=1, ascending=True)
    assert ([j.id for j in found], total) == (["dog"], 2)


def test_the_log_keeps_order_and_can_be_caught_up(db: sqlite3.Connection) -> None:
    jobs.add(db, job("a"))
    runlog.append(db, [runlog.Entry("a", f"e{i}", {"i": i}, float(i), i + 1) for i in range(3)])
    runlog.append(db, [runlog.Entry("deleted", "x", {}, 0.0, 9)])
    found = runlog.of_job(db, "a")
    assert [e.type for e in found] == ["e0", "e1", "e2"]
    assert [e.type for e in runlog.of_job(db, "a", found[0].seq)] == ["e1", "e2"]


def test_settings_are_set_one_by_one(db: sqlite3.Connection) -> None:
    settings.update(db, "me", {"a": 1, "b": [1]})
    settings.update(db, "me", {"a": None})
    assert settings.all_settings(db, "me") == {"a": None, "b": [1]}
    assert settings.all_settings(db, "you") == {}


def test_medians_of_the_newest_timings(db: sqlite3.Connection) -> None:
    def took(kind: str, ms: float, *more: float) -> None:
        timings.record(db, [timings.Taken(kind, ms, *more)])  # type: ignore[arg-type]

    for i in range(timings.KEPT):
        took("A", 1000.0, float(i))
    for i in range(timings.KEPT):
        took("A", 3.0, 1000.0 + i, 64)
    for ms, at in ((1.0, 1.0), (5.0, 2.0), (2.0, 3.0)):
        took("B", ms, at)
    assert timings.usual(db) == {"A": timings.Usual(3.0, 64), "B": timings.Usual(2.0)}
    assert db.execute("SELECT count(*) FROM timings").fetchone()[0] == timings.KEPT + 3


def test_an_older_file_is_brought_up_to_date(tmp_path: Path) -> None:
    old = sqlite3.connect(tmp_path / "old.db")
    old.executescript(f"{MIGRATIONS[0]} PRAGMA user_version = 1;")
    old.close()
    migrated = connect(tmp_path / "old.db")
    jobs.add(migrated, job("a"))
    assert lease(migrated) is not None
    assert timings.usual(migrated) == {}


async def test_a_failed_transaction_changes_nothing(tmp_path: Path) -> None:
    database = Database(tmp_path / "loom.db")

    def half(connection: sqlite3.Connection) -> None:
        jobs.add(connection, job("a"))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await database.run(half)
    assert await database.run(jobs.get, "a") is None
    database.close()
