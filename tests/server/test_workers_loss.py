"""Crash, hang and lack of memory of real workers: told apart, with the node that it was."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests.live import LiveServer, serving

from .test_prompt import node

PATIENCE = 3


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    flags = ("--hang-timeout", str(PATIENCE))
    with serving(tmp_path_factory.mktemp("loss") / "base", *flags) as running:
        yield running


def behind(kind: str, **inputs: Any) -> dict[str, Any]:
    """A node that follows another at once, on the same thread."""
    return {
        "1": node("ProbeValue", number=1),
        "2": {**node(kind, value=["1", 0], **inputs), "_meta": {"title": "The culprit"}},
        "3": node("ProbeShow", value=["2", 0], note=kind),
    }


def failure(server: LiveServer, job: str) -> dict[str, Any]:
    name, data = server.wait(job)["status"]["messages"][-1]
    assert name == "execution_error"
    assert data["exception_type"] == "WorkerLost"
    return dict(data)


def test_a_killed_process_names_the_node(server: LiveServer) -> None:
    found = failure(server, server.submit(behind("ProbeKill")))
    assert (found["loss"], found["node_id"], found["node_type"]) == ("crash", "2", "ProbeKill")
    assert (
        "SIGKILL while node 2 'The culprit' (ProbeKill) was running" in (found["exception_message"])
    )


def test_a_node_that_holds_the_lock_and_sleeps_is_a_hang(server: LiveServer) -> None:
    found = failure(server, server.submit(behind("ProbeHold", seconds=600)))
    assert (found["loss"], found["node_id"], found["node_type"]) == ("hang", "2", "ProbeHold")
    assert "did nothing at all" in found["exception_message"]
    assert "--hang-timeout" in found["exception_message"]


def test_a_stopped_process_is_a_hang(server: LiveServer) -> None:
    job = server.submit({"1": node("ProbeSteps", count=100_000, ms=5), "2": show("1")})
    server.until(lambda: server.running() == [job], "the job runs")
    server.until(lambda: server.get("/x/workers")["workers"][0]["running"], "the node is told")
    os.kill(server.worker_pid(), signal.SIGSTOP)
    found = failure(server, job)
    assert (found["loss"], found["node_id"]) == ("hang", "1")


def test_a_node_that_holds_the_lock_and_computes_is_left_alone(server: LiveServer) -> None:
    """The regular expression is given letters until it takes longer than the patience."""
    for letters in range(28, 40):
        job = server.submit(behind("ProbeRegex", letters=letters))
        entry = server.wait(job)
        assert entry["status"]["completed"]
        full = server.get(f"/jobs/{job}")
        if full["execution_end_time"] - full["execution_start_time"] > 1500 * PATIENCE:
            return
    raise AssertionError("no text was long enough")


def show(source: str) -> dict[str, Any]:
    return node("ProbeShow", value=[source, 0], note="")
