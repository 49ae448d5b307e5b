"""What happens when the worker, or the server itself, is killed."""

import asyncio
import os
import signal
from pathlib import Path

import aiohttp
import pytest

from tests.live import LiveServer, serving

from .test_prompt import shown


def test_a_killed_worker_fails_its_job_and_the_next_one_runs(tmp_path: Path) -> None:
    with serving(tmp_path / "base") as server:
        job = server.submit(shown("ProbeSteps", count=100_000, ms=5))
        server.until(lambda: server.running() == [job], "the job runs")
        waiting = server.submit(shown(number=1))
        os.kill(server.worker_pid(), signal.SIGKILL)
        name, data = server.wait(job)["status"]["messages"][-1]
        assert name == "execution_error"
        assert data["exception_type"] == "WorkerLost"
        assert "SIGKILL" in data["exception_message"]
        assert server.wait(waiting)["status"]["completed"]


def test_a_killed_server_finishes_its_queue_after_a_restart(tmp_path: Path) -> None:
    with serving(tmp_path / "base") as server:
        server.wait(server.submit(shown(number=1, note="before")))
        running = server.submit(shown("ProbeSteps", count=200, ms=5, note="running"))
        queued = [server.submit(shown(number=i, note="queued")) for i in (2, 3)]
        server.until(lambda: server.running() == [running], "the job runs")
        worker = server.worker_pid()
        server.stop(signal.SIGKILL)
        server.until(lambda: not Path(f"/proc/{worker}").exists(), "the worker ends")
        server.start()
        for job in (running, *queued):
            assert server.wait(job)["status"]["completed"]
        lines = (server.base / "output" / "shown.txt").read_text().splitlines()
        assert sorted(lines) == ["1 before", "2 queued", "200 running", "3 queued"]


def test_results_survive_a_restart(tmp_path: Path) -> None:
    with serving(tmp_path / "base") as server:
        prompt = shown("ProbeSteps", count=3, ms=20, note="kept")
        server.wait(server.submit(prompt))
        written = lambda: list((server.base / "user" / "cache").glob("*/*.safetensors"))  # noqa: E731
        server.until(lambda: len(written()) == 2, "the results are on disk")
        server.stop(signal.SIGKILL)
        server.start()
        changed = {**prompt, "3": {**prompt["2"], "inputs": {"value": ["1", 0], "note": "new"}}}
        entry = server.wait(server.submit(changed))
        cached = dict(entry["status"]["messages"])["execution_cached"]["nodes"]
        assert set(cached) == {"1", "2"}
        lines = (server.base / "output" / "shown.txt").read_text().splitlines()
        assert lines == ["3 kept", "3 new"]


async def test_a_server_with_clients_stops_at_once(tmp_path: Path) -> None:
    with serving(tmp_path / "base") as server:
        async with aiohttp.ClientSession() as session:
            socket = await session.ws_connect(f"{server.url}/ws")
            assert server.process is not None
            server.process.send_signal(signal.SIGTERM)
            while not socket.closed:
                message = await socket.receive(timeout=10)
            assert message.data == aiohttp.WSCloseCode.GOING_AWAY
            assert await asyncio.to_thread(server.process.wait, 15) == 0


def test_two_servers_do_not_share_a_queue(tmp_path: Path) -> None:
    with serving(tmp_path / "base") as server:
        second = LiveServer(server.base)
        with pytest.raises(AssertionError, match="Another server uses the same user folder"):
            second.start()


def test_a_damaged_list_of_nodes_is_no_reason_not_to_start(tmp_path: Path) -> None:
    with serving(tmp_path / "base") as server:
        server.wait(server.submit(shown(number=1)))
        server.stop()
        (server.base / "user" / "nodes.json").write_text('[{"id": 3')
        server.start()
        assert server.wait(server.submit(shown(number=2)))["status"]["completed"]
