"""Who gets pictures of the work: those that tell them from results, and those that ask."""

import aiohttp
import pytest

from tests.live import LiveServer


def prompt(seed: int) -> dict[str, object]:
    """A prompt whose sampler shows its steps."""
    return {
        "1": {
            "class_type": "CheckpointLoaderSimple",
            "inputs": {"ckpt_name": "loom-tiny.safetensors"},
        },
        "2": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["1", 1], "text": "a plum"}},
        "4": {
            "class_type": "EmptyLatentImage",
            "inputs": {"width": 64, "height": 64, "batch_size": 1},
        },
        "5": {
            "class_type": "KSampler",
            "inputs": {
                "model": ["1", 0],
                "positive": ["2", 0],
                "negative": ["2", 0],
                "latent_image": ["4", 0],
                "seed": seed,
                "steps": 2,
                "cfg": 1.0,
                "sampler_name": "euler",
                "scheduler": "normal",
                "denoise": 1.0,
            },
        },
        "6": {"class_type": "VAEDecode", "inputs": {"samples": ["5", 0], "vae": ["1", 2]}},
        "7": {"class_type": "PreviewImage", "inputs": {"images": ["6", 0]}},
    }


@pytest.mark.parametrize(
    ("flags", "extra", "kinds"),
    [
        ({}, {}, set()),
        ({}, {"preview_method": "default"}, set()),
        ({}, {"preview_method": "latent2rgb"}, {1}),
        ({"supports_preview_metadata": True}, {}, {4}),
        ({"supports_preview_metadata": True}, {"preview_method": "none"}, set()),
    ],
)
async def test_pictures_of_the_work_go_to(
    server: LiveServer, flags: dict[str, bool], extra: dict[str, str], kinds: set[int]
) -> None:
    seed = 810 + sum(map(ord, repr((flags, extra))))
    body = {"prompt": prompt(seed), "client_id": "shown", "extra_data": extra}
    got = set()
    async with (
        aiohttp.ClientSession(server.url) as session,
        session.ws_connect("/ws?clientId=shown") as socket,
    ):
        await socket.send_json({"type": "feature_flags", "data": flags})
        await session.post("/prompt", json=body)
        while True:
            said = await socket.receive(timeout=60)
            if said.type is aiohttp.WSMsgType.BINARY:
                got.add(int.from_bytes(said.data[:4], "big"))
            elif said.json()["type"] == "execution_success":
                break
    assert got == kinds
