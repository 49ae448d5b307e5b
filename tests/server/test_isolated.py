"""Packs that misbehave: the server, its worker and the next job do not notice."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.live import ROOT, LiveServer, make_base

from .test_prompt import shown


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    base = make_base(tmp_path_factory.mktemp("isolated") / "base")
    shutil.copytree(ROOT / "tests" / "packs" / "isolated", base / "custom_nodes" / "isolated")
    running = LiveServer(base)
    yield running.start()
    running.stop()


def told(server: LiveServer, job: str) -> tuple[str, dict[str, Any]]:
    """The last message of a job."""
    name, data = server.wait(job)["status"]["messages"][-1]
    return str(name), dict(data)


@pytest.mark.parametrize(
    ("how", "words"), [("exit", "exit code 17"), ("segfault", "SIGSEGV"), ("allocate", "500 MB")]
)
def test_crashes_and_endless_allocation_fail_only_their_job(
    server: LiveServer, how: str, words: str
) -> None:
    server.until(lambda: "CellEnd" in server.get("/object_info"), "the pack is loaded")
    worker = server.worker_pid()
    name, data = told(server, server.submit(shown("CellEnd", how=how)))
    assert (name, data["node_id"]) == ("execution_error", "1")
    assert "'isolated'" in data["exception_message"] and words in data["exception_message"]
    assert server.wait(server.submit(shown("CellEnd", how="fine")))["status"]["completed"]
    assert server.worker_pid() == worker


def test_an_endless_loop_ends_when_the_job_is_interrupted(server: LiveServer) -> None:
    worker = server.worker_pid()
    job = server.submit(shown("CellEnd", how="loop"))
    server.until(lambda: server.running() == [job], "the job runs")
    server.post("/interrupt")
    assert told(server, job)[0] == "execution_interrupted"
    assert server.wait(server.submit(shown("CellEnd", how="after")))["status"]["completed"]
    assert server.worker_pid() == worker
    (report,) = (p for p in server.get("/x/packs")["packs"] if p["name"] == "isolated")
    assert report["isolated"] and report["asks"] == {"file-write": ["output"]}
