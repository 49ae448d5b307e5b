"""A node pack is loaded anew while everything else stays: networks, results, other packs."""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.live import LiveServer, make_base

HELPER = "FACTOR = {factor}\n"
PACK = """
from aiohttp import web
from server import PromptServer
from .helper import FACTOR


class Hot:
    @classmethod
    def INPUT_TYPES(cls):
        return {{"required": {{"a": ("PROBE",){more}}}}}

    RETURN_TYPES = ("PROBE",)
    FUNCTION = "go"

    def go(self, a, **more):
        return (a * FACTOR,)


@PromptServer.instance.routes.get("/hot")
async def hot(request):
    return web.json_response({{"factor": FACTOR}})


NODE_CLASS_MAPPINGS = {{"{id}": Hot}}
"""
PROMPT = {
    "1": {"class_type": "ProbeValue", "inputs": {"number": 21}},
    "2": {"class_type": "Hot", "inputs": {"a": ["1", 0]}},
    "3": {"class_type": "PreviewAny", "inputs": {"source": ["2", 0]}},
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "loom-tiny.safetensors"}},
    "5": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["4", 1], "text": "a"}},
    "6": {"class_type": "PreviewAny", "inputs": {"source": ["5", 0]}},
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    base = make_base(tmp_path_factory.mktemp("reloading") / "base")
    running = LiveServer(base, flags=("--watch-packs",))
    write(running, factor=2)
    running.start()
    running.until(lambda: " is ready." in running.log(), "the worker is ready")
    yield running
    running.stop()


def write(server: LiveServer, factor: object, id: str = "Hot", more: str = "") -> None:
    """Write the pack as an editor does: each file whole, at once."""
    folder = server.base / "custom_nodes" / "hot"
    folder.mkdir(exist_ok=True)
    for name, text in (
        ("helper.py", HELPER.format(factor=factor)),
        ("__init__.py", PACK.format(id=id, more=more)),
    ):
        part = folder / f"{name}.part"
        part.write_text(text)
        os.replace(part, folder / name)


def shown(server: LiveServer) -> tuple[str, set[str]]:
    """What node 3 shows, and which nodes did not come from the cache."""
    entry = server.wait(server.submit(PROMPT))
    messages: list[Any] = entry["status"]["messages"]
    cached = next(data["nodes"] for kind, data in messages if kind == "execution_cached")
    (text,) = entry["outputs"]["3"]["text"]
    return str(text), PROMPT.keys() - set(cached)


def test_only_what_depends_on_the_changed_code_runs_again(server: LiveServer) -> None:
    pid = server.worker_pid()
    assert shown(server)[0] == "42"
    assert server.get("/hot") == {"factor": 2}
    write(server, factor=3)  # in a module beside the nodes
    server.until(lambda: server.get("/hot") == {"factor": 3}, "the pack is loaded anew")
    text, ran = shown(server)
    assert text == "63" and {"2", "3"} <= ran and not ran & {"1", "4", "5"}
    assert server.worker_pid() == pid


def test_a_pack_that_fails_leaves_the_old_one_and_says_why(server: LiveServer) -> None:
    write(server, factor="no_such_name")
    status, body = server.request("POST", "/x/packs/hot/reload", {})
    assert status == 200 and b"no_such_name" in body
    (report,) = (p for p in server.get("/x/packs")["packs"] if p["name"] == "hot")
    assert report["nodes"] == ["Hot"] and "NameError" in report["error"]
    assert shown(server)[0] in ("42", "63")
    write(server, factor=4, id="Warm", more=', "b": ("INT", {"default": 1})')
    found = server.until(lambda: server.get("/object_info").get("Warm"), "the new node is known")
    assert "b" in found["input"]["required"] and "Hot" not in server.get("/object_info")
    status, body = server.request("POST", "/prompt", {"prompt": PROMPT})
    assert status == 400 and b"Hot" in body


def test_a_new_pack_is_loaded_and_one_that_is_not_there_is_refused(server: LiveServer) -> None:
    (server.base / "custom_nodes" / "late.py").write_text("NODE_CLASS_MAPPINGS = {}\n")
    assert server.post("/x/packs/late/reload")["error"] == ""
    status, body = server.request("POST", "/x/packs/nobody/reload", {})
    assert status == 404 and b"Packs that are there:" in body
