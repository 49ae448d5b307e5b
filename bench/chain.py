"""End to end over HTTP and websocket: a chain of 1,000 trivial image nodes.

The time runs from the start of the POST to the frame that tells of success, on one client that
keeps both connections open, as a browser does.
"""

import asyncio
import random
import tempfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp

from engine.fast_json import dumps
from tests.live import LiveServer

from .rows import Row, row

NODES = 1000
RUNS = 15
CLIENT = "bench"
HEADERS = {"Content-Type": "application/json"}


def measure() -> list[Row]:
    """Cold, fully cached, and with one leaf edited."""
    with tempfile.TemporaryDirectory() as folder:
        server = LiveServer(Path(folder)).start()
        try:
            cold, cached, edited = asyncio.run(_measure(server))
        finally:
            server.stop()
    chain = f"POST to success over HTTP and websocket, chain of {NODES:,} image nodes"
    return [
        row(f"{chain}: cold", 400, cold, "ms", 1),
        row("the same, fully cached", 15, cached, "ms", 1),
        row("the same, one leaf edited", 15, edited, "ms", 1),
    ]


async def _measure(server: LiveServer) -> tuple[list[float], list[float], list[float]]:
    colors, titles = count(1), count(1)
    async with (
        aiohttp.ClientSession(server.url) as session,
        session.ws_connect(f"/ws?clientId={CLIENT}") as socket,
    ):

        async def times(make: Callable[[], dict[str, Any]]) -> list[float]:
            return [await _seconds(session, socket, make()) for _ in range(RUNS)]

        await times(lambda: chain(next(colors)))  # warms connections and code up
        cold = await times(lambda: chain(next(colors)))
        same = chain(next(colors))
        await times(lambda: same)
        cached = await times(lambda: same)
        edited = await times(lambda: chain(same["0"]["inputs"]["color"], next(titles)))
    return cold, cached, edited


async def _seconds(
    session: aiohttp.ClientSession,
    socket: aiohttp.ClientWebSocketResponse,
    prompt: dict[str, Any],
) -> float:
    """Milliseconds from the POST to the success of the job; the body is made before."""
    body = dumps({"prompt": prompt, "client_id": CLIENT})
    began = time.perf_counter()
    async with session.post("/prompt", data=body, headers=HEADERS) as answer:
        job = (await answer.json())["prompt_id"]
    async for frame in socket:
        if frame.type is aiohttp.WSMsgType.TEXT and "execution_" in frame.data:
            told = frame.json()
            if told["data"].get("prompt_id") == job and told["type"] == "execution_success":
                return (time.perf_counter() - began) * 1e3
            if told["type"] in ("execution_error", "execution_interrupted"):
                raise RuntimeError(told)
    raise RuntimeError("the server went away")


def chain(color: int, leaf: int = 0) -> dict[str, Any]:
    """A small picture, inverted again and again, and shown; ``leaf`` changes only the end."""
    graph: dict[str, Any] = {
        "0": _node("EmptyImage", width=16, height=16, batch_size=1, color=color)
    }
    for i in range(1, NODES - 1):
        graph[str(i)] = _node("ImageInvert", image=[str(i - 1), 0])
    last = str(NODES - 2)
    if leaf:
        show = _node("SaveImage", images=[last, 0], filename_prefix=f"leaf{leaf}")
    else:
        show = _node("PreviewImage", images=[last, 0])
    graph["leaf"] = show
    ids = list(graph)
    random.Random(color).shuffle(ids)  # clients send nodes in any order
    return {id: graph[id] for id in ids}


def _node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}
