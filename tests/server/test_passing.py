"""Routes, events and prompt handlers of packs work, in the worker, behind the server's door."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.live import LiveServer, make_base

PACK = Path(__file__).parents[1] / "packs" / "classic_server.py"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    base = make_base(tmp_path_factory.mktemp("passing") / "base")
    shutil.copy(PACK, base / "custom_nodes")
    running = LiveServer(base).start()
    running.until(lambda: " is ready." in running.log(), "the worker is ready")
    yield running
    running.stop()


@pytest.mark.parametrize("prefix", ["", "/api"])
def test_requests_reach_the_pack_and_answers_come_back(server: LiveServer, prefix: str) -> None:
    found = server.get(f"{prefix}/classic/hello/w%C3%B6rld?a=1&b=%26")
    assert found == {"hello": "wörld", "query": {"a": "1", "b": "&"}}
    assert server.request("POST", f"{prefix}/classic/echo", b"\0\xff") == (201, b"\0\xff")
    assert server.request("GET", f"{prefix}/classic/stream") == (200, b"one two")


def test_the_server_s_own_routes_come_first(server: LiveServer) -> None:
    assert set(server.get("/queue")) == {"queue_running", "queue_pending"}


def test_what_no_pack_serves_is_not_there(server: LiveServer) -> None:
    for path in ("/classic", "/classic/hello/a/b", "/classic/echo"):
        assert server.request("GET", path)[0] in (404, 405)
    assert server.request("GET", "/classic/fails")[0] == 500
    assert server.get("/queue")


def test_other_pages_do_not_reach_packs(server: LiveServer) -> None:
    headers = {"Origin": "http://evil.example"}
    assert server.request("POST", "/classic/echo", b"x", headers)[0] == 403


def test_only_the_server_gets_in_by_the_door(server: LiveServer) -> None:
    """The worker's own port answers nobody who lacks the secret."""
    ports = _listening(server.worker_pid())
    assert len(ports) == 1
    door = LiveServer(server.base, ports[0])
    assert door.request("GET", "/classic/hello/me")[0] == 403


def _listening(pid: int) -> list[int]:
    sockets = {
        match.group(1)
        for fd in Path(f"/proc/{pid}/fd").iterdir()
        if (match := re.fullmatch(r"socket:\[(\d+)\]", _target(fd)))
    }
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [int(r[1].split(":")[1], 16) for r in rows if r[3] == "0A" and r[9] in sockets]


def _target(fd: Path) -> str:
    try:
        return str(fd.readlink())
    except OSError:
        return ""


def test_handlers_see_every_prompt_and_one_that_fails_changes_nothing(server: LiveServer) -> None:
    prompt = {
        "a": {"class_type": "ProbeValue", "inputs": {"number": 3}},
        "b": {"class_type": "ProbeShow", "inputs": {"value": ["a", 0], "note": "change me"}},
    }
    entry = server.wait(server.submit(prompt))
    assert entry["outputs"]["b"]["text"] == ["3 changed by a pack"]
    assert "prompt handler failed" in server.log()


async def test_events_of_a_pack_reach_the_client_of_the_job(server: LiveServer) -> None:
    prompt = {"7": {"class_type": "ClassicTell", "inputs": {"text": "hello"}}}
    async with (
        aiohttp.ClientSession(server.url) as session,
        session.ws_connect("/ws?clientId=mine") as mine,
        session.ws_connect("/ws?clientId=other") as other,
    ):
        await session.post("/prompt", json={"prompt": prompt, "client_id": "mine"})
        heard = []
        while "execution_success" not in [frame["type"] for frame in heard]:
            heard.append(await mine.receive_json(timeout=60))
        told = [frame["data"] for frame in heard if frame["type"] == "classic.told"]
        assert told == [{"text": "hello", "node": "7"}]
        await other.send_str(json.dumps({"type": "feature_flags", "data": {}}))
        types = []
        while "feature_flags" not in types:
            types.append((await other.receive_json(timeout=30))["type"])
        assert "classic.told" not in types
