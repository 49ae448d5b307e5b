"""Leases are renewed by signs of life and by nothing else."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from engine.server.active import Active, Part
from engine.server.merge import Merge
from engine.server.runview import RunView
from engine.server.tenure import LEASE_SECONDS, RENEW_SECONDS, Tenure
from engine.store import jobs
from engine.store.database import Database
from engine.store.jobs import Job, State
from engine.workers.pool import Member, Process
from engine.workers.seats import Seat


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


async def leased(database: Database, tenure: Tenure) -> Active:
    """A job that a worker has, which was heard of just before."""
    await database.run(jobs.add, Job("a", 1.0, {}, ()))
    job = await tenure.lease("worker-0")
    assert job is not None and job.lease_until is not None
    member = Member(Seat("worker-0", "cpu"))
    member.process = cast(Process, SimpleNamespace(remote=True))
    merge = Merge({"worker-0": ()})
    return Active(job, RunView("a"), {"worker-0": Part(member, ())}, merge, job.lease_until)


@pytest.mark.parametrize("alive", [True, False])
async def test_a_lease_holds_as_long_as_its_worker_lives(tmp_path: Path, alive: bool) -> None:
    database, clock = Database(tmp_path / "loom.db"), Clock()
    tenure = Tenure(database, clock)
    active = await leased(database, tenure)
    member = active.parts["worker-0"].member
    for _ in range(5):
        member.beat += 1.0 if alive else 0.0
        clock.now += RENEW_SECONDS / 2 + 1
        found = await tenure.look([active])
    assert found == ([] if alive else ["a"])
    job = await database.run(jobs.get, "a")
    assert job is not None and job.lease_until is not None
    assert (job.lease_until > clock.now) is alive
    database.close()


async def test_the_queue_on_disk_learns_that_a_job_has_started(tmp_path: Path) -> None:
    database = Database(tmp_path / "loom.db")
    tenure = Tenure(database, Clock())
    active = await leased(database, tenure)
    await tenure.look([active])
    assert await database.run(jobs.in_state, State.RUNNING) == []
    active.started = True
    await tenure.look([active])
    assert [job.id for job in await database.run(jobs.in_state, State.RUNNING)] == ["a"]
    assert active.until == Clock.now + LEASE_SECONDS
    database.close()
