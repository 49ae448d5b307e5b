"""A day's work in minutes: 2,000 jobs on one server; do memory or file handles grow?

The mix is that of a working day: new pictures, repeated ones, failing nodes, interrupted and
cancelled jobs, and browsers that come and go. The result cache is small, so that it is full
when the warm-up ends: a cache that is still filling is no leak.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import aiohttp

from tests.live import LiveServer, make_base

from .rows import Row, row

WARM_UP, JOBS, ROUND = 500, 2000, 20
#: A browser that has just left keeps its socket for a moment.
SETTLE_SECONDS = 2
FLAGS = ("--cache-size", "0.01", "--cache-disk", "0.002")


def measure() -> list[Row]:
    """Growth of resident memory and of open files, of server and worker."""
    with tempfile.TemporaryDirectory() as folder:
        server = LiveServer(make_base(Path(folder) / "base"), flags=FLAGS).start()
        try:
            jobs = prompts()
            asyncio.run(work(server, islice(jobs, WARM_UP)))
            before = usage(server)
            asyncio.run(work(server, islice(jobs, JOBS)))
            after = usage(server)
        finally:
            server.stop()
    rows = []
    for name in before:
        (rss, files), (rss_after, files_after) = before[name], after[name]
        growth = (rss_after / rss - 1) * 100
        about = f"{JOBS:,} jobs, {name}"
        size = f"{rss >> 20} to {rss_after >> 20} MB"
        rows.append(row(f"{about}: growth of memory ({size})", 2, [growth], "%"))
        rows.append(row(f"{about}: more open files", 0, [files_after - files], "files", 0))
    return rows


def usage(server: LiveServer) -> dict[str, tuple[int, int]]:
    """Resident bytes and open files of both processes."""
    assert server.process is not None
    time.sleep(SETTLE_SECONDS)
    return {"server": _usage(server.process.pid), "worker": _usage(server.worker_pid())}


def _usage(pid: int) -> tuple[int, int]:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE"), len(list(Path(f"/proc/{pid}/fd").iterdir()))


async def work(server: LiveServer, prompts: Iterator[dict[str, Any]]) -> None:
    """Queue prompts in rounds, each with a browser that leaves when the round is over."""
    async with aiohttp.ClientSession(server.url) as session:
        while round := list(islice(prompts, ROUND)):
            async with session.ws_connect("/ws?clientId=soak") as browser:
                jobs = [await _submit(session, prompt) for prompt in round]
                await session.post(f"/api/jobs/{jobs[-1]}/cancel")
                await session.post("/interrupt", json={"prompt_id": jobs[0]})
                await _listen(browser, set(jobs[:-1]))
            await session.post("/history", json={"delete": jobs[::2]})


async def _submit(session: aiohttp.ClientSession, prompt: dict[str, Any]) -> str:
    body = {"prompt": prompt, "client_id": "soak"}
    async with session.post("/prompt", json=body) as answer:
        return str((await answer.json())["prompt_id"])


async def _listen(browser: aiohttp.ClientWebSocketResponse, jobs: set[str]) -> None:
    """Read events until all jobs have ended."""
    ends = ("execution_success", "execution_error", "execution_interrupted")
    async for frame in browser:
        if frame.type is aiohttp.WSMsgType.TEXT:
            told = frame.json()
            if told["type"] in ends:
                jobs.discard(told["data"]["prompt_id"])
            if not jobs:
                return


def prompts() -> Iterator[dict[str, Any]]:
    """Pictures, each made twice, and now and then something that fails."""
    number = 0
    while True:
        number += 1
        yield picture(number // 2)
        if number % 10 == 0:
            yield {
                "1": _node("ProbeFail", message=f"failure {number}"),
                "2": _node("ProbeShow", value=["1", 0], note=""),
            }


def picture(seed: int) -> dict[str, Any]:
    return {
        "1": _node("CheckpointLoaderSimple", ckpt_name="loom-tiny.safetensors"),
        "2": _node("CLIPTextEncode", text=f"a red apple {seed % 7}", clip=["1", 1]),
        "3": _node("CLIPTextEncode", text="", clip=["1", 1]),
        "4": _node("EmptyLatentImage", width=64, height=64, batch_size=1),
        "5": _node(
            "KSampler",
            **{"model": ["1", 0], "positive": ["2", 0], "negative": ["3", 0]},
            **{"latent_image": ["4", 0], "seed": seed, "steps": 2, "cfg": 4.0, "denoise": 1.0},
            **{"sampler_name": "euler", "scheduler": "normal"},
        ),
        "6": _node("VAEDecode", samples=["5", 0], vae=["1", 2]),
        "7": _node("SaveImage", images=["6", 0], filename_prefix="soak"),
    }


def _node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}
