"""Events are numbered, kept, and given again to whoever comes back."""

import asyncio
import io
import signal
import struct
import uuid
from pathlib import Path
from typing import Any

import aiohttp
from PIL import Image

from tests.live import LiveServer, serving

from .test_prompt import shown

Frames = list[dict[str, Any]]


async def listen(server: LiveServer, end: str, job: str = "", **query: Any) -> Frames:
    """JSON frames of a session until one of type ``end``, of ``job`` if that is given."""
    return await hear(server, end, job, asyncio.Event(), query)


async def hear(
    server: LiveServer, end: str, job: str, connected: asyncio.Event, query: dict[str, Any]
) -> Frames:
    frames: Frames = []
    texts = {name: str(value) for name, value in query.items()}
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{server.url}/ws", params=texts) as socket,
    ):
        async for frame in socket:
            connected.set()
            if frame.type is aiohttp.WSMsgType.TEXT:
                frames.append(frame.json())
                told = frames[-1]["data"]
                if frames[-1]["type"] == end and job in ("", told.get("prompt_id")):
                    break
    return frames


def numbered(frames: Frames) -> Frames:
    """Frames that stand in the log and that no later one replaces."""
    return [f for f in frames if "seq" in f and f["type"] != "progress_state"]


async def run_and_listen(
    server: LiveServer, sid: str, *sessions: dict[str, Any]
) -> tuple[str, list[Frames]]:
    """Run a job for the client ``sid``; what each session heard of it."""
    id = str(uuid.uuid4())
    hearing = []
    for query in sessions:
        connected = asyncio.Event()
        work = hear(server, "execution_success", id, connected, query)
        hearing.append(asyncio.create_task(work))
        await asyncio.wait_for(connected.wait(), 30)
    prompt = shown("ProbeSteps", count=5, ms=10, note=id)
    await asyncio.to_thread(server.submit, prompt, prompt_id=id, client_id=sid)
    return id, await asyncio.wait_for(asyncio.gather(*hearing), 30)


async def test_a_client_that_comes_back_gets_what_it_missed(server: LiveServer) -> None:
    sid = uuid.uuid4().hex
    _, (live,) = await run_and_listen(server, sid, {"clientId": sid})
    told = numbered(live)
    numbers = [frame["seq"] for frame in told]
    assert numbers == sorted(numbers) and len(told) >= 7
    for cut in sorted({0, *numbers}):
        again = await listen(server, "x_caught_up", clientId=sid, after=cut)
        expected = [frame for frame in told if frame["seq"] > cut]
        replayed = numbered(again)
        assert replayed[: len(expected)] == expected
        rest = [(frame["type"], frame["data"]["node"]) for frame in replayed[len(expected) :]]
        assert rest in ([("executing", None)], [])  # the live session had ended before
        assert again[-1]["data"]["jobs_left_out"] == 0


async def test_others_hear_nothing_unless_they_watch(server: LiveServer) -> None:
    sid, stranger = uuid.uuid4().hex, uuid.uuid4().hex
    id, (seen,) = await run_and_listen(server, sid, {"clientId": stranger, "watch": "all"})
    assert {"execution_start", "executing", "executed"} <= {f["type"] for f in seen}
    heard = await listen(server, "x_caught_up", clientId=stranger, after=0)
    assert id not in str(heard)
    watched = await listen(server, "x_caught_up", clientId=stranger, after=0, watch="all")
    assert id in str(watched)


async def test_two_sessions_of_one_client_see_the_same_run(server: LiveServer) -> None:
    sid = uuid.uuid4().hex
    _, (one, two) = await run_and_listen(server, sid, {"clientId": sid}, {"clientId": sid})
    assert numbered(one) == numbered(two) and len(numbered(one)) >= 7


async def test_a_killed_server_gives_no_number_twice(tmp_path: Path) -> None:
    sid = uuid.uuid4().hex
    with serving(tmp_path / "base") as server:
        _, (before,) = await run_and_listen(server, sid, {"clientId": sid})
        server.stop(signal.SIGKILL)
        server.start()
        _, (after,) = await run_and_listen(server, sid, {"clientId": sid})
        assert min(f["seq"] for f in numbered(after)) > max(f["seq"] for f in numbered(before))
        again = await listen(server, "x_caught_up", clientId=sid, after=0)
        ends = [f for f in again if f["type"] == "execution_success"]
        assert [f["seq"] for f in ends] == [numbered(before)[-1]["seq"], numbered(after)[-1]["seq"]]


async def test_nonsense_is_refused(server: LiveServer) -> None:
    for query in ("after=x", "watch=some"):
        assert server.request("GET", f"/ws?{query}")[0] == 400


def test_the_log_over_http_is_complete_and_paged(server: LiveServer) -> None:
    job = server.submit(shown(number=3, note="log"))
    server.wait(job)
    whole = server.get(f"/x/events?job={job}")
    types = [event["type"] for event in whole["events"]]
    assert types[:4] == ["queued", "leased", "started", "cached"] and types[-1] == "ended"
    assert whole["events"][-1]["data"]["state"] == "done"
    found, after = [], 0
    while page := server.get(f"/x/events?job={job}&limit=2&after={after}")["events"]:
        found += page
        after = page[-1]["seq"]
    assert found == whole["events"] and whole["next"] == after
    assert server.get(f"/x/events?after={after}")["events"] == []
    assert server.request("GET", "/x/events?job=unknown")[0] == 404
    assert server.request("GET", "/x/events?limit=0")[0] == 400


async def test_pictures_sent_as_results_all_arrive_whole(server: LiveServer) -> None:
    """As PNG frames, to clients of either kind, and again when the same prompt runs again."""
    prompt = {
        "a": {
            "class_type": "EmptyImage",
            "inputs": {"width": 24, "height": 16, "batch_size": 3, "color": 255},
        },
        "b": {"class_type": "SaveImageWebsocket", "inputs": {"images": ["a", 0]}},
    }
    async with aiohttp.ClientSession(server.url) as session:
        for flags in ({}, {"supports_preview_metadata": True}):
            async with session.ws_connect("/ws?clientId=pictures") as socket:
                await socket.send_json({"type": "feature_flags", "data": flags})
                await session.post("/prompt", json={"prompt": prompt, "client_id": "pictures"})
                frames = []
                while True:
                    said = await socket.receive(timeout=60)
                    if said.type is aiohttp.WSMsgType.BINARY:
                        frames.append(said.data)
                    elif said.json()["type"] == "execution_success":
                        break
                assert len(frames) == 3
                for frame in frames:
                    picture = Image.open(io.BytesIO(frame[frame.index(b"\x89PNG") :]))
                    assert picture.size == (24, 16) and picture.getpixel((0, 0)) == (0, 0, 255)
                    (kind,) = struct.unpack(">I", frame[:4])
                    assert kind == (4 if flags else 1)
