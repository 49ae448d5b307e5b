"""The default workflow through the real server: a prompt becomes a picture that restores it."""

import io
import json
from typing import Any

import aiohttp
from PIL import Image

from tests.live import ROOT, LiveServer

API = json.loads((ROOT / "workflows" / "default_api.json").read_text())
CANVAS = json.loads((ROOT / "workflows" / "default.json").read_text())


def default(**sampling: Any) -> dict[str, Any]:
    """The default prompt with few steps and other changes to its sampler."""
    graph = json.loads(json.dumps(API))
    sampler = next(n for n in graph.values() if n["class_type"] == "KSampler")
    sampler["inputs"].update({"steps": 3, **sampling})
    return graph


def picture(server: LiveServer, entry: dict[str, Any]) -> Image.Image:
    (shown,) = entry["outputs"].values()
    (file,) = shown["images"]
    query = "&".join(f"{key}={value}" for key, value in file.items())
    status, body = server.request("GET", f"/view?{query}")
    assert status == 200
    return Image.open(io.BytesIO(body))


def test_the_picture_carries_what_made_it(live_server: LiveServer) -> None:
    graph = default(seed=1)
    extra = {"extra_pnginfo": {"workflow": CANVAS}}
    entry = live_server.wait(live_server.submit(graph, extra_data=extra))
    assert entry["status"]["completed"], entry["status"]
    image = picture(live_server, entry)
    assert image.size == (512, 512)
    assert json.loads(image.text["prompt"]) == graph  # type: ignore[attr-defined]
    assert json.loads(image.text["workflow"]) == CANVAS  # type: ignore[attr-defined]


def test_canvas_and_api_format_give_the_same_picture(live_server: LiveServer) -> None:
    entries = [live_server.wait(live_server.submit(form)) for form in (API, CANVAS)]
    first, second = (picture(live_server, entry).tobytes() for entry in entries)
    assert first == second


def test_the_same_seed_gives_the_same_picture_and_another_another(live_server: LiveServer) -> None:
    pictures = []
    for seed in (5, 6, 5):
        live_server.post("/free", {"free_memory": True})
        entry = live_server.wait(live_server.submit(default(seed=seed)))
        pictures.append(picture(live_server, entry).tobytes())
    assert pictures[0] == pictures[2] != pictures[1]


def test_running_it_again_computes_nothing(live_server: LiveServer) -> None:
    first = live_server.wait(live_server.submit(default(seed=9)))
    again = live_server.wait(live_server.submit(default(seed=9)))
    assert again["outputs"] == first["outputs"]
    cached = dict(again["status"]["messages"])["execution_cached"]["nodes"]
    assert set(cached) == set(API)


def test_a_picture_that_was_deleted_is_saved_again(live_server: LiveServer) -> None:
    first = live_server.wait(live_server.submit(default(seed=11)))
    (shown,) = first["outputs"].values()
    path = live_server.base / "output" / shown["images"][0]["filename"]
    path.unlink()
    again = live_server.wait(live_server.submit(default(seed=11)))
    assert picture(live_server, again).size == (512, 512)
    cached = dict(again["status"]["messages"])["execution_cached"]["nodes"]
    assert len(cached) == len(API) - 1


async def test_an_interrupt_lands_within_a_step(live_server: LiveServer) -> None:
    url = f"{live_server.url}/ws?clientId=stopper"
    steps: list[int] = []
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        job = live_server.submit(default(steps=5000, seed=3), client_id="stopper")
        async for frame in socket:
            if frame.type is aiohttp.WSMsgType.BINARY:
                continue
            message = frame.json()
            if message["type"] == "progress" and message["data"]["prompt_id"] == job:
                steps.append(message["data"]["value"])
                if len(steps) == 1:
                    live_server.post("/interrupt", {"prompt_id": job})
            if message["type"] == "execution_interrupted":
                break
    assert steps[-1] < 4999
    assert not live_server.wait(job)["status"]["completed"]


def test_a_wrong_wire_inside_the_family_is_explained(live_server: LiveServer) -> None:
    graph = default()
    decode = next(n for n in graph.values() if n["class_type"] == "VAEDecode")
    decode["inputs"]["samples"] = decode["inputs"]["vae"]
    status, body = live_server.request("POST", "/prompt", {"prompt": graph})
    assert status == 400
    assert b"received_type(VAE) mismatch input_type(LATENT)" in body
