"""A crowd at the server while a job runs: 200 websocket clients, 50 requests a second.

The same job is timed with and without the crowd, in turns, so that a busy machine slows both; the
crowd is a process of its own, as browsers are.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import aiohttp

from tests.live import ROOT, LiveServer, make_base

from .rows import Row, row
from .soak import picture

CLIENTS, REQUESTS_PER_SECOND, ROUNDS, STEPS = 200, 50, 4, 1200


def measure() -> list[Row]:
    """Slowdown of a job in percent, and the slowest answers of ``GET /queue``."""
    with tempfile.TemporaryDirectory() as folder:
        server = LiveServer(make_base(Path(folder) / "base")).start()
        try:
            asyncio.run(job(server, 0, steps=2))  # loads the model
            quiet, crowded, answers = [], [], []
            for turn in range(ROUNDS):
                quiet.append(asyncio.run(job(server, 2 * turn + 1)))
                seconds, times = with_crowd(server, 2 * turn + 2)
                crowded.append(seconds)
                answers += times
        finally:
            server.stop()
    slower = [
        (with_them / alone - 1) * 100 for alone, with_them in zip(quiet, crowded, strict=True)
    ]
    about = f"{CLIENTS} websockets and {REQUESTS_PER_SECOND} requests/s during a job"
    worst = quantiles(answers, n=100)[98] * 1000
    return [
        row(f"{about} of {median(quiet):.1f} s: it takes longer by", 3, slower, "%", 1),
        row(f"{about}: GET /queue, p99 of {len(answers)}", 50, [worst], "ms", 1),
    ]


async def job(server: LiveServer, seed: int, steps: int = STEPS) -> float:
    """Seconds that a sampling takes, by the server's own clock."""
    prompt = picture(seed)
    prompt["5"]["inputs"]["steps"] = steps
    async with aiohttp.ClientSession(server.url) as session:
        async with session.post("/prompt", json={"prompt": prompt}) as answer:
            id = (await answer.json())["prompt_id"]
        while True:
            await asyncio.sleep(0.2)
            async with session.get(f"/history/{id}") as answer:
                entry = (await answer.json()).get(id)
            if entry:
                return _seconds(entry["status"]["messages"])


def _seconds(messages: list[tuple[str, dict[str, Any]]]) -> float:
    at = {kind: data["timestamp"] for kind, data in messages}
    return float(at["execution_success"] - at["execution_start"]) / 1000


def with_crowd(server: LiveServer, seed: int) -> tuple[float, list[float]]:
    """The same with the crowd; also how long each of its requests took, in seconds."""
    command = [sys.executable, "-m", "bench.crowd", server.url]
    crowd = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert crowd.stdin is not None and crowd.stdout is not None
    crowd.stdout.readline()  # all are connected
    seconds = asyncio.run(job(server, seed))
    crowd.stdin.close()
    times: list[float] = json.loads(crowd.stdout.read())
    crowd.wait()
    return seconds, times


async def _be_a_crowd(url: str) -> list[float]:
    """Connect, ask again and again until standard input ends; how long each answer took."""
    loop = asyncio.get_running_loop()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        sockets = [await session.ws_connect(f"{url}/ws?clientId=c{i}") for i in range(CLIENTS)]
        readers = [asyncio.create_task(_read(socket)) for socket in sockets]
        print("ready", flush=True)
        done = loop.run_in_executor(None, sys.stdin.read)
        asked: list[asyncio.Task[float]] = []
        while not done.done():
            asked.append(asyncio.create_task(_ask(session, f"{url}/queue")))
            await asyncio.sleep(1 / REQUESTS_PER_SECOND)
        times = await asyncio.gather(*asked)
        for reader in readers:
            reader.cancel()
        return list(times)


async def _read(socket: aiohttp.ClientWebSocketResponse) -> None:
    async for _ in socket:
        pass


async def _ask(session: aiohttp.ClientSession, url: str) -> float:
    begun = time.perf_counter()
    async with session.get(url) as answer:
        await answer.read()
    return time.perf_counter() - begun


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_be_a_crowd(sys.argv[1]))))
