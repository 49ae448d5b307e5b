"""Three packs that misbehave in the worker that all share: the server and other jobs stay."""

import resource
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live import ROOT, LiveServer, make_base

from .test_prompt import node, shown

#: Memory that the worker may take beyond what it has.
ROOM = 1 << 30


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    base = make_base(tmp_path_factory.mktemp("misbehaving") / "base")
    for pack in ("ends_process.py", "never_ends.py", "takes_memory.py"):
        shutil.copy(ROOT / "tests" / "packs" / pack, base / "custom_nodes" / pack)
    running = LiveServer(base).start()
    running.until(lambda: "TakesMemory" in running.get("/object_info"), "the packs are loaded")
    yield running
    running.stop()


def outcome(server: LiveServer, job: str) -> tuple[str, dict[str, Any]]:
    """The last message of a job, and a good job that was queued behind it is done."""
    behind = server.submit(shown(number=1, note=job))
    name, data = server.wait(job)["status"]["messages"][-1]
    assert server.wait(behind)["status"]["completed"]
    assert server.process is not None and server.process.poll() is None
    return str(name), dict(data)


def test_a_pack_that_ends_the_process(server: LiveServer) -> None:
    name, data = outcome(server, server.submit({"1": node("EndsProcess", text="")}))
    assert (name, data["node_id"], data["node_type"]) == ("execution_error", "1", "EndsProcess")
    assert "SIGSEGV" in data["exception_message"]


def test_a_pack_that_never_ends(server: LiveServer) -> None:
    job = server.submit({"1": node("NeverEnds", text="")})
    server.until(lambda: server.running() == [job], "the job runs")
    assert server.get("/system_stats")["system"]  # the server itself is as quick as ever
    server.post("/interrupt")
    name, data = outcome(server, job)
    assert (name, data["node_id"]) == ("execution_interrupted", "1")


def test_a_pack_that_takes_all_memory(server: LiveServer) -> None:
    worker = server.worker_pid()
    sizes = Path(f"/proc/{worker}/statm").read_text().split()
    most = int(sizes[5]) * resource.getpagesize() + ROOM
    resource.prlimit(worker, resource.RLIMIT_DATA, (most, most))
    name, data = outcome(server, server.submit({"1": node("TakesMemory", text="")}))
    assert (name, data["node_type"]) == ("execution_error", "TakesMemory")
    assert "memory" in data["exception_message"]


def test_the_kernel_would_end_the_worker_first(server: LiveServer) -> None:
    """Where nothing limits a process, the one that took the memory has to be the one that ends."""
    assert server.process is not None
    server.until(lambda: Path(f"/proc/{server.worker_pid()}").exists(), "a worker is there")
    ours, its = (
        int(Path(f"/proc/{pid}/oom_score_adj").read_text())
        for pid in (server.process.pid, server.worker_pid())
    )
    assert its > ours
