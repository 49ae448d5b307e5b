"""The client that comes with the server: jobs, events, files, and what is refused."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.client import AsyncClient, Client, ClientError, Event, Preview
from engine.client.values import change
from tests.live import ROOT, LiveServer, serving

PROMPT = Path(__file__).parent / "prompt.json"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server of its own: the client looks at queue and history."""
    with serving(tmp_path_factory.mktemp("own") / "base") as running:
        yield running


def test_a_script_runs_a_workflow_and_fetches_its_picture(
    server: LiveServer, tmp_path: Path
) -> None:
    with Client(server.url) as loom:
        result = loom.run(PROMPT, {"Positive.text": "a plum", "KSampler.seed": 3})
        (file,) = result.files
        assert (file.node, file.kind, file.type) == ("7", "images", "output")
        saved = loom.save(file, tmp_path / "plum.png")
        assert saved.read_bytes().startswith(b"\x89PNG")
        name = loom.upload(saved, "uploaded.png")
        assert name == "uploaded.png" and loom.queue() == {"running": [], "pending": []}
        assert loom.result(result.id).files == result.files
        assert "KSampler" in loom.nodes()


def test_a_file_of_the_canvas_is_changed_by_titles(server: LiveServer) -> None:
    with Client(server.url) as loom:
        workflow = json.loads((ROOT / "workflows" / "default.json").read_text())
        values = {"Prompt.text": "a fig", "KSampler.steps": 2, "Save Image.filename_prefix": "fig"}
        result = loom.run(workflow, values)
        assert result.files[0].filename.startswith("fig")


async def test_every_event_and_preview_is_told(server: LiveServer) -> None:
    async with AsyncClient(server.url) as loom:
        told = [said async for said in loom.follow(PROMPT, {"KSampler.seed": 900}, previews=True)]
    types = [said.type for said in told if isinstance(said, Event)]
    assert types[-1] == "execution_success" and "progress" in types and "executed" in types
    pictures = [said for said in told if isinstance(said, Preview)]
    assert pictures and pictures[0].node == "5" and pictures[0].data[:2] == b"\xff\xd8"


def test_what_is_refused_or_fails_says_why(server: LiveServer) -> None:
    with Client(server.url) as loom:
        with pytest.raises(ClientError, match="400") as refused:
            loom.submit(PROMPT, {"KSampler.steps": "many"})
        assert refused.value.status == 400 and "5" in refused.value.node_errors
        with pytest.raises(KeyError, match="means 2 nodes"):
            loom.submit(PROMPT, {"CLIPTextEncode.text": "?"})
        with pytest.raises(ClientError, match="has not ended"):
            loom.result("unknown")
        failing = {
            "1": {"class_type": "ProbeFail", "inputs": {"message": "no luck"}},
            "2": {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}},
        }
        with pytest.raises(ClientError, match=r"failed at node 1 .*no luck"):
            loom.run(failing)


def test_values_name_nodes_by_id_title_or_type() -> None:
    prompt = {"1": {"class_type": "A", "inputs": {}, "_meta": {"title": "First"}}}
    for name in ("1", "First", "A"):
        change(prompt, {f"{name}.x": name})
        assert prompt["1"]["inputs"] == {"x": name}
    with pytest.raises(KeyError, match="means 0 nodes; use an id, or one of: A, First"):
        change(prompt, {"B.x": 1})


def test_the_client_needs_to_be_entered() -> None:
    with pytest.raises(RuntimeError, match="as a context"):
        AsyncClient()._open  # noqa: B018
