"""A long sampling survives the death of the worker and of the server, and an interrupt."""

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Any

import aiohttp
from safetensors import safe_open

from tests.live import LiveServer, make_base

STEPS = 400
#: A pack that has long calls saved more often, so that the test is short on any machine.
HURRY = """
from functools import partial
from engine.workers import runtime
runtime.StepStore = partial(runtime.StepStore, interval=0.05)
"""


def node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}


PICTURE = {
    "1": node("CheckpointLoaderSimple", ckpt_name="loom-tiny.safetensors"),
    "2": node("CLIPTextEncode", text="a cat", clip=["1", 1]),
    "3": node("EmptyLatentImage", width=64, height=64, batch_size=1),
    "4": node(
        "KSampler",
        model=["1", 0],
        seed=11,
        steps=STEPS,
        cfg=1.0,
        sampler_name="dpmpp_2m_sde",
        scheduler="karras",
        positive=["2", 0],
        negative=["2", 0],
        latent_image=["3", 0],
        denoise=1.0,
    ),
    "5": node("VAEDecode", samples=["4", 0], vae=["1", 2]),
    "6": node("SaveImage", images=["5", 0], filename_prefix="long"),
}


def server_at(base: Path) -> LiveServer:
    server = LiveServer(make_base(base))
    (base / "custom_nodes" / "hurry.py").write_text(HURRY)
    return server.start()


def picture(server: LiveServer) -> bytes:
    (path,) = (server.base / "output").glob("long*.png")
    return path.read_bytes()


def saved_step(server: LiveServer) -> int:
    """The step that was saved last; 0 if none was."""
    for path in (server.base / "user" / "cache" / "steps").glob("*/*.safetensors"):
        with safe_open(path, framework="pt") as file:
            return int(json.loads(file.metadata()["data"])["step"])
    return 0


async def begin(server: LiveServer) -> tuple[str, int]:
    """Queue the picture; the job, and the step at which its progress starts."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{server.url}/ws?clientId=me") as socket,
    ):
        job = await asyncio.to_thread(server.submit, PICTURE, client_id="me")
        while True:
            frame = await socket.receive(timeout=60)
            message = json.loads(frame.data) if frame.type is aiohttp.WSMsgType.TEXT else {}
            if message.get("type") == "progress" and message["data"]["max"] == STEPS:
                return job, message["data"]["value"]


def saved_beyond(server: LiveServer, step: int) -> None:
    server.until(lambda: saved_step(server) > step, f"a step beyond {step} is saved")


async def test_a_long_sampling_survives_everything(tmp_path: Path) -> None:
    """Each time it goes on at the saved step; the picture is that of a run of one piece."""
    server = server_at(tmp_path / "base")
    try:
        job, start = await begin(server)
        assert start == 1
        saved_beyond(server, 0)
        os.kill(server.worker_pid(), signal.SIGKILL)
        assert not server.wait(job)["status"]["completed"]

        step = saved_step(server)
        job, start = await begin(server)
        assert start == step
        saved_beyond(server, step)
        server.post("/interrupt")
        assert not server.wait(job)["status"]["completed"]

        step = saved_step(server)
        job, start = await begin(server)
        assert start >= step  # the last save of an interrupted run may still have been written
        saved_beyond(server, start)
        worker = server.worker_pid()
        server.stop(signal.SIGKILL)
        server.until(lambda: not Path(f"/proc/{worker}").exists(), "the worker ends")

        step = saved_step(server)
        server.start()
        assert server.wait(job)["status"]["completed"]
        assert f"going on at step {step} of {STEPS}" in server.log()
        server.until(lambda: saved_step(server) == 0, "what was saved is deleted")
    finally:
        server.stop()
    whole = server_at(tmp_path / "whole")
    try:
        assert whole.wait(whole.submit(PICTURE))["status"]["completed"]
        assert "going on at step" not in whole.log()
    finally:
        whole.stop()
    assert picture(server) == picture(whole)
