"""The workflows that come with the project: they run, and show what they are meant to show."""

import json
from pathlib import Path

import pytest

from engine.folders import standard
from engine.graph.prompt import parse
from engine.graph.validate import validate
from engine.graph.workflow import to_prompt
from engine.plugins.discovery import builtin_nodes
from tools.gallery import PAGE, ROOT, SHOWN, run

SPECS = {id: node.spec for id, node in builtin_nodes()}
CANVAS = [p for p in sorted((ROOT / "workflows").glob("*.json")) if not p.stem.endswith("_api")]


@pytest.mark.parametrize("path", CANVAS, ids=lambda path: path.stem)
def test_templates_have_no_faults(path: Path) -> None:
    """Each is a canvas workflow whose nodes, inputs and files are all there."""
    workflow = json.loads(path.read_text())
    prompt = parse(to_prompt(workflow, SPECS))
    assert not validate(prompt, SPECS, standard(ROOT).list).node_errors
    assert all(node["pos"] and node["size"] for node in workflow["nodes"])


def test_the_gallery_shows_every_template() -> None:
    """All but the default workflow and loops, which have pages of their own."""
    assert {path.stem for path in CANVAS} - {"default", "loop"} == set(SHOWN)
    for name in SHOWN:
        assert f"gallery/{name}.png" in PAGE.read_text()


def test_the_lora_draws_blueprints() -> None:
    """White lines on blue paper at 1, the plain picture at 0."""
    blue = {}
    for title, picture in run(ROOT / "workflows" / "lora.json"):
        red, _, blue_channel = picture.resize((1, 1)).getpixel((0, 0))
        blue[title] = blue_channel - red
    assert blue["LoRA at 0.0"] < 10 < 40 < blue["LoRA at 1.0"]
