"""What packs bring besides nodes is served, and nothing outside of their folders."""

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from tests.live import LiveServer, make_base

PACK = {
    "__init__.py": 'WEB_DIRECTORY = "./js"\nNODE_CLASS_MAPPINGS = {}\nprint("pack says hello")\n'
    "from engine.api import register_replacement\n"
    'register_replacement("ProbeNumber", "ProbeValue", {"number": "n"}, {}, {3: 0}, ["n"])\n',
    "js/main.js": "export const made = 1;",
    "js/deep/more.js": "export {};",
    "js/style.css": "a {}",
    "js/docs/ProbeShow.md": "# By the pack",
    "locales/de/main.json": '{"g": {"run": "Start"}}',
    "locales/de/nodeDefs.json": '{"ProbeShow": {"display_name": "Zeigen"}}',
    "locales/zh/settings.json": '{"a": {"name": "b"}}',
    "locales/zh/main.json": "no json",
    "example_workflows/first.json": '{"nodes": []}',
    "example_workflows/first.jpg": "picture",
    "subgraphs/two samplers.json": '{"definitions": {}}',
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    base = make_base(tmp_path_factory.mktemp("packs") / "base")
    for name, text in PACK.items():
        file = base / "custom_nodes" / "pack" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    off = base / "custom_nodes" / "off.disabled" / "locales" / "fr"
    off.mkdir(parents=True)
    (off / "main.json").write_text('{"no": 1}')
    bad = base / "custom_nodes" / "bad"
    bad.mkdir()
    (bad / "__init__.py").write_text('WEB_DIRECTORY = "../../user"\nNODE_CLASS_MAPPINGS = {}\n')
    _models(base / "models" / "loras")
    running = LiveServer(base).start()
    running.until(lambda: " is ready." in running.log(), "the worker is ready")
    yield running
    running.stop()


def _models(folder: Path) -> None:
    folder.mkdir()
    picture = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(picture, "PNG")
    covers = json.dumps([base64.b64encode(picture.getvalue()).decode()])
    weights = {"a": torch.zeros(1)}
    save_file(weights, folder / "inner.safetensors", {"ssmd_cover_images": covers, "x": "y"})
    save_file(weights, folder / "beside.safetensors")
    (folder / "beside.preview.png").write_bytes(picture.getvalue())
    save_file(weights, folder / "plain.safetensors", {"ssmd_cover_images": "[1]"})
    (folder / "broken.safetensors").write_bytes(b"\x10")


def test_scripts_are_listed_and_served(server: LiveServer) -> None:
    found = server.get("/extensions")
    assert found == ["/extensions/pack/deep/more.js", "/extensions/pack/main.js"]
    status, body = server.request("GET", found[1])
    assert (status, body.decode()) == (200, PACK["js/main.js"])
    assert server.request("GET", "/extensions/pack/style.css")[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        "/extensions/pack/../__init__.py",
        "/extensions/pack/%2e%2e/__init__.py",
        "/extensions/pack/..%2f__init__.py",
        "/extensions/bad/loom.db",
        "/extensions/nobody/main.js",
        "/workflow_templates/pack/first.py",
        "/workflow_templates/pack/..%2f__init__.py",
        "/docs/ProbeShow/..%2f..%2f..%2f__init__.py",
        "/docs/NoSuchNode/en.md",
        "/global_subgraphs/00",
        "/experiment/models/preview/loras/0/..%2f..%2fcheckpoints%2floom-tiny.safetensors",
        "/experiment/models/preview/loras/7/beside.safetensors",
        "/experiment/models/preview/loras/0/plain.safetensors",
        "/experiment/models/nothing",
        "/view_metadata/loras?filename=..%2Fcheckpoints%2Floom-tiny.safetensors",
        "/view_metadata/loras?filename=none.safetensors",
        "/view_metadata/loras?filename=a.ckpt",
        "/internal/files/user",
    ],
)
def test_what_is_not_there_or_not_theirs_is_refused(server: LiveServer, path: str) -> None:
    status, body = server.request("GET", path)
    assert status in (400, 403, 404) or (path.startswith("/docs/Probe") and b"By the pack" in body)


def test_a_folder_outside_of_the_pack_is_told(server: LiveServer) -> None:
    assert "scripts for the canvas are left out" in server.log()


def test_texts_of_all_packs_are_merged(server: LiveServer) -> None:
    found = server.get("/i18n")
    assert found["de"]["g"] == {"run": "Start"}
    assert found["de"]["nodeDefs"] == {"ProbeShow": {"display_name": "Zeigen"}}
    assert found["zh"]["settings"] == {"a": {"name": "b"}} and "fr" not in found


def test_nodes_that_are_no_more_are_replaced(server: LiveServer) -> None:
    (found,) = server.get("/node_replacements")["ProbeNumber"]
    assert (found["old_node_id"], found["new_node_id"]) == ("ProbeNumber", "ProbeValue")
    assert found["input_mapping"] == [{"new_id": "number", "old_id": "n"}]
    assert server.get("/features")["node_replacements"] is True
    old = {"class_type": "ProbeNumber", "inputs": {"n": 7, "gone": 1}}
    show = {"class_type": "ProbeShow", "inputs": {"value": ["1", 3], "note": "renamed"}}
    entry = server.wait(server.submit({"1": old, "2": show}))
    assert entry["outputs"]["2"] == {"text": ["7 renamed"]}
    nodes = [
        {"id": 1, "type": "ProbeNumber", "widgets_values": [8], "outputs": [{"name": "n"}]},
        {
            "id": 2,
            "type": "ProbeShow",
            "widgets_values": ["drawn"],
            "inputs": [{"name": "value", "type": "PROBE", "link": 1}],
        },
    ]
    drawn = {"version": 0.4, "nodes": nodes, "links": [[1, 1, 0, 2, 0, "PROBE"]]}
    assert server.wait(server.submit(drawn))["outputs"]["2"] == {"text": ["8 drawn"]}


def test_templates_and_subgraphs(server: LiveServer) -> None:
    assert server.get("/workflow_templates") == {"pack": ["first"]}
    assert server.get("/api/workflow_templates/pack/first.json") == {"nodes": []}
    assert server.request("GET", "/api/workflow_templates/pack/first.jpg")[1] == b"picture"
    assert server.get("/x/templates") == [{"pack": "pack", "name": "first", "picture": "first.jpg"}]
    ((id, facts),) = server.get("/global_subgraphs").items()
    assert facts["name"] == "two samplers" and facts["info"] == {"node_pack": "pack"}
    assert server.get(f"/global_subgraphs/{id}")["data"] == '{"definitions": {}}'


def test_every_node_has_help(server: LiveServer) -> None:
    assert server.request("GET", "/docs/ProbeShow/en.md")[1] == b"# By the pack"
    text = server.request("GET", "/docs/KSampler/en.md")[1].decode()
    assert text.startswith("# KSampler (`KSampler`)") and "| cfg | FLOAT |" in text


def test_models_with_their_facts_and_pictures(server: LiveServer) -> None:
    assert {"name": "loras", "folders": [str(server.base / "models" / "loras")]} in server.get(
        "/experiment/models"
    )
    facts = {item["name"]: item for item in server.get("/experiment/models/loras")}
    size = (server.base / "models" / "loras" / "inner.safetensors").stat().st_size
    assert facts["inner.safetensors"]["size"] == size
    for name in ("inner", "beside"):
        url = f"/experiment/models/preview/loras/0/{name}.safetensors"
        status, body = server.request("GET", url)
        assert status == 200 and Image.open(io.BytesIO(body)).format == "WEBP"
    assert server.get("/view_metadata/loras?filename=inner.safetensors")["x"] == "y"
    assert server.get("/view_metadata/loras?filename=broken.safetensors") == {}


async def test_the_log_is_kept_and_told(server: LiveServer) -> None:
    assert "pack says hello" in server.get("/internal/logs")
    entries = server.get("/internal/logs/raw")["entries"]
    (hello,) = [entry for entry in entries if entry["m"] == "pack says hello\n"]
    assert hello["level"] in ("info", "warning")
    async with (
        aiohttp.ClientSession(server.url) as session,
        session.ws_connect("/ws?clientId=reader") as socket,
    ):
        body = {"clientId": "reader", "enabled": True}
        async with session.patch("/internal/logs/subscribe", json=body) as answer:
            assert answer.status == 200
        prompt = {"a": {"class_type": "ProbeCrash", "inputs": {"number": 0}}}
        prompt["b"] = {"class_type": "ProbeShow", "inputs": {"value": ["a", 0], "note": ""}}
        await session.post("/prompt", json={"prompt": prompt})
        while True:
            told = await socket.receive_json(timeout=60)
            if told["type"] == "logs":
                break
        assert set(told["data"]["entries"][0]) == {"t", "m", "level"}


def test_folders_and_newest_files(server: LiveServer) -> None:
    assert str(server.base / "models" / "vae") in server.get("/internal/folder_paths")["vae"]
    (server.base / "input" / "a.png").write_bytes(b"")
    assert server.get("/internal/files/input") == ["a.png"]
