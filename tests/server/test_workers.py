"""A server with two workers: jobs side by side, each interrupted and lost by itself."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests.live import LiveServer, serving

from .test_prompt import shown


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with serving(tmp_path_factory.mktemp("pair") / "base", "--devices", "cpu,cpu") as running:
        running.until(lambda: states(running) == ["ready", "ready"], "both workers are ready")
        yield running


def workers(server: LiveServer) -> list[dict[str, Any]]:
    return list(server.get("/x/workers")["workers"])


def states(server: LiveServer) -> list[str]:
    return [worker["state"] for worker in workers(server)]


def at_work(server: LiveServer, job: str) -> dict[str, Any]:
    """The worker that has a job, once one has it."""
    has = lambda: [w for w in workers(server) if job in w["jobs"]]  # noqa: E731
    return dict(server.until(has, f"a worker has {job}")[0])


def long(note: str) -> dict[str, Any]:
    return shown("ProbeSteps", count=100_000, ms=5, note=note)


def test_two_jobs_run_at_once_and_one_interrupt_stops_one(pair: LiveServer) -> None:
    first, second = pair.submit(long("a")), pair.submit(long("b"))
    pair.until(lambda: set(pair.running()) == {first, second}, "both run")
    assert at_work(pair, first)["name"] != at_work(pair, second)["name"]
    assert states(pair) == ["busy", "busy"]
    pair.post("/interrupt", {"prompt_id": second})
    assert pair.wait(second)["status"]["messages"][-1][0] == "execution_interrupted"
    assert pair.running() == [first]
    pair.post("/interrupt", {"prompt_id": first})
    pair.wait(first)


def test_a_lost_worker_takes_only_its_own_job_along(pair: LiveServer) -> None:
    first, second = pair.submit(long("c")), pair.submit(shown("ProbeSteps", count=300, ms=5))
    pair.until(lambda: set(pair.running()) == {first, second}, "both run")
    os.kill(at_work(pair, first)["pid"], signal.SIGKILL)
    assert pair.wait(first)["status"]["messages"][-1][0] == "execution_error"
    assert pair.wait(second)["status"]["completed"]
    pair.until(lambda: states(pair) == ["ready", "ready"], "the worker is replaced")


def test_all_devices_are_listed(pair: LiveServer) -> None:
    stats = pair.get("/system_stats")
    assert [device["type"] for device in stats["devices"]] == ["cpu", "cpu"]
    assert [worker["device"] for worker in workers(pair)] == ["cpu", "cpu"]
    assert pair.get("/x/cache")["memory"]["budget"] == 2 * (2 << 30)


def test_clients_take_turns_and_the_queue_shows_it(pair: LiveServer) -> None:
    pair.post("/x/queue/pause")
    many = [pair.submit(shown(number=i, note="many"), client_id="many") for i in range(3)]
    one = pair.submit(shown(number=9, note="one"), client_id="one")
    front = pair.submit(shown(number=8, note="front"), client_id="many", front=True)
    pending = [item[1] for item in pair.get("/queue")["queue_pending"]]
    assert pending == [front, one, *many]
    pair.post("/x/queue/resume")
    entries = [pair.wait(id) for id in pending]
    assert all(entry["status"]["completed"] for entry in entries)
    started = [pair.get(f"/jobs/{id}")["execution_start_time"] for id in pending]
    assert started == sorted(started)
