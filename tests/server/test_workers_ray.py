"""Jobs on a Ray cluster of two workers on this computer, one of which is lost on the way."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.live import ROOT, LiveServer, serving

from .test_prompt import shown
from .test_workers import at_work, branches, states


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    base = tmp_path_factory.mktemp("ray") / "base"
    with serving(base, "--workers", "ray://local[2]") as running:
        running.until(lambda: states(running) == ["ready", "ready"], "both actors are ready")
        yield running


def actor_of(server: LiveServer, worker: dict[str, Any]) -> int:
    """The process id of a worker's actor, as its heartbeats tell it."""
    return int(worker["host"]["pid"])


def events(server: LiveServer, job: str, type: str) -> list[dict[str, Any]]:
    found = server.get(f"/x/events?job={job}")["events"]
    return [event["data"] for event in found if event["type"] == type]


@pytest.mark.timeout(180)
def test_a_job_runs_on_the_cluster(server: LiveServer) -> None:
    entry = server.wait(server.submit(shown("ProbeSteps", count=3, ms=5, note="ray")))
    assert entry["outputs"]["2"] == {"text": ["3 ray"]}
    assert all(worker["remote"] for worker in server.get("/x/workers")["workers"])


def test_branches_run_on_both(server: LiveServer) -> None:
    server.until(lambda: states(server) == ["ready", "ready"], "both are idle")
    job = server.submit(branches(50))
    assert set(server.wait(job)["outputs"]) == {"2", "4"}
    assert len(events(server, job, "leased")[0]["workers"]) == 2


def test_an_interrupt_reaches_the_actor(server: LiveServer) -> None:
    job = server.submit(shown("ProbeSteps", count=100_000, ms=5, note="stop"))
    at_work(server, job)
    server.post("/interrupt")
    assert server.wait(job)["status"]["messages"][-1][0] == "execution_interrupted"


def test_what_a_lost_actor_had_runs_again_elsewhere(server: LiveServer) -> None:
    server.until(lambda: states(server) == ["ready", "ready"], "both are idle")
    job = server.submit(shown("ProbeSteps", count=400, ms=5, note="again"))
    first = at_work(server, job)
    server.until(lambda: at_work(server, job)["running"], "the node runs")
    os.kill(actor_of(server, first), signal.SIGKILL)
    entry = server.wait(job)
    assert entry["status"]["completed"]
    assert entry["outputs"]["2"] == {"text": ["400 again"]}
    (lost,) = events(server, job, "lost")
    assert "worker on the cluster was lost" in lost["reason"]
    leased = events(server, job, "leased")
    assert [each["attempt"] for each in leased] == [1, 2]
    assert leased[1]["workers"] != leased[0]["workers"]
    assert f"Job {job} goes back into the queue" in server.log()
    lines = (server.base / "output" / "shown.txt").read_text().splitlines()
    assert lines.count("400 again") == 1


def test_a_job_that_ends_every_worker_fails_at_last(server: LiveServer) -> None:
    job = server.submit(shown("ProbeCrash", number=1))
    name, data = server.wait(job)["status"]["messages"][-1]
    assert (name, data["loss"]) == ("execution_error", "unreachable")
    assert len(events(server, job, "leased")) == 3


def test_an_address_that_is_none_is_refused() -> None:
    command = [sys.executable, "main.py", "--workers", "tcp://nowhere"]
    found = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert found.returncode == 2
    assert "give ray://HOST:PORT" in found.stderr
