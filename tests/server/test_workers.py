"""A server with two workers: jobs side by side, each interrupted and lost by itself."""

import asyncio
import os
import signal
import uuid
from collections.abc import Iterator
from typing import Any

import aiohttp
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


def branches(count: int, **second: Any) -> dict[str, Any]:
    """Two branches that share nothing: some steps each, and both show what came of them."""
    steps = lambda n, more: shown("ProbeSteps", count=n, ms=5, note=f"branch-{n}", **more)  # noqa: E731
    first, other = steps(count, {}), steps(count + 1, {})
    if second:
        other["1"] = {"class_type": second.pop("kind"), "inputs": second}
    other["2"]["inputs"]["value"] = ["3", 0]
    return {**first, "3": other["1"], "4": other["2"]}


async def events_of(server: LiveServer, prompt: dict[str, Any], act: Any = None) -> list[Any]:
    """The messages of a run, in order."""
    sid, found = uuid.uuid4().hex, []
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{server.url}/ws?clientId={sid}") as socket,
    ):
        job = await asyncio.to_thread(server.submit, prompt, client_id=sid)
        async for frame in socket:
            if frame.type is not aiohttp.WSMsgType.TEXT:
                continue
            message = frame.json()
            if message["data"].get("prompt_id") == job:
                found.append(message)
                if act is not None and act(message):
                    await asyncio.to_thread(server.post, "/interrupt", {"prompt_id": job})
            if message["type"] == "executing" and message["data"]["node"] is None:
                return found
    raise AssertionError("the run did not end")


async def test_independent_branches_run_at_once_and_are_told_as_one_run(pair: LiveServer) -> None:
    pair.until(lambda: states(pair) == ["ready", "ready"], "both are idle")
    found = await events_of(pair, branches(150))
    types = [message["type"] for message in found]
    for once in ("execution_start", "execution_cached", "execution_success"):
        assert types.count(once) == 1, once
    assert types.index("execution_start") < types.index("execution_cached")
    assert types.index("execution_cached") < types.index("executing")
    job = found[0]["data"]["prompt_id"]
    entry = pair.wait(job)
    assert set(entry["outputs"]) == {"2", "4"}
    events = pair.get(f"/x/events?job={job}")["events"]
    (leased,) = [event for event in events if event["type"] == "leased"]
    assert len(leased["data"]["workers"]) == 2
    at = {(e["type"], e["data"].get("node")): e["at"] for e in events}
    assert at["node_started", "3"] < at["node_done", "1"]
    assert at["node_started", "1"] < at["node_done", "3"]


async def test_one_interrupt_stops_all_branches(pair: LiveServer) -> None:
    pair.until(lambda: states(pair) == ["ready", "ready"], "both are idle")
    running: set[str] = set()

    def both_run(message: dict[str, Any]) -> bool:
        if message["type"] == "executing" and message["data"]["node"]:
            running.add(message["data"]["node"])
        return len(running) == 2 and message["type"] == "executing"

    found = await events_of(pair, branches(90_000), both_run)
    types = [message["type"] for message in found]
    assert types.count("execution_interrupted") == 1
    pair.until(lambda: states(pair) == ["ready", "ready"], "both are idle")


def test_a_branch_that_fails_or_dies_spares_the_other(pair: LiveServer) -> None:
    for bad in ({"kind": "ProbeFail", "message": "no"}, {"kind": "ProbeCrash", "number": 1}):
        pair.until(lambda: states(pair) == ["ready", "ready"], "both are idle")
        entry = pair.wait(pair.submit(branches(40, **bad)))
        name, data = entry["status"]["messages"][-1]
        assert (name, data["node_id"]) == ("execution_error", "3")
        assert set(entry["outputs"]) == {"2"}
