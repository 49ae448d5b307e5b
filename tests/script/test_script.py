"""Workflows in Python are the prompts that they say, and prompts become Python and come back."""

import json
from pathlib import Path
from typing import Any

import mypy.api
import pytest

from engine.commands.source import prompt_of, read
from engine.errors import InvalidWorkflow
from engine.graph.prompt import parse, to_json
from engine.graph.validate import validate
from engine.script import Link, Workflow, node, nodes
from engine.script.source import from_script, source_of
from engine.script.workflow import specs
from main import main

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(p for p in (ROOT / "workflows").rglob("*.json"))
APPLE = """
from engine.script import Workflow
from engine.script.nodes import CheckpointLoaderSimple, CLIPTextEncode, EmptyLatentImage
from engine.script.nodes import KSampler, SaveImage, VAEDecode

with Workflow() as flow:
    model, clip, vae = CheckpointLoaderSimple(ckpt_name="loom-tiny.safetensors")
    sampled = KSampler(
        model=model,
        positive=CLIPTextEncode(text="a red apple, 3d render", clip=clip),
        negative=CLIPTextEncode(text="", clip=clip),
        latent_image=EmptyLatentImage(width=128, height=128),
        cfg=3.0,
    )
    SaveImage(images=VAEDecode(samples=sampled, vae=vae), _title="Result")
"""


def files(kind: str) -> list[str]:
    return ["loom-tiny.safetensors"] if kind == "checkpoints" else []


def test_a_script_is_a_prompt_that_can_run(tmp_path: Path) -> None:
    script = tmp_path / "apple.py"
    script.write_text(APPLE)
    graph = from_script(script)
    assert graph["5"]["inputs"] == {
        **{"model": ["1", 0], "positive": ["2", 0], "negative": ["3", 0], "latent_image": ["4", 0]},
        **{"seed": 0, "steps": 20, "cfg": 3.0, "sampler_name": "euler", "scheduler": "simple"},
        "denoise": 1.0,
    }
    assert graph["7"]["_meta"] == {"title": "Result"}
    assert validate(parse(graph), specs(), files).outputs == ("7",)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_workflow_becomes_python_and_comes_back(file: Path, tmp_path: Path) -> None:
    _, about = prompt_of(read(file), specs())
    graph = json.loads(json.dumps(about["prompt"]))
    script = tmp_path / "flow.py"
    script.write_text(source_of(graph, specs()))
    assert from_script(script) == graph


def test_what_a_canvas_never_writes_comes_back_too(tmp_path: Path) -> None:
    graph = {
        "a": {"class_type": "Of A Pack", "inputs": {"class": 1, "x.y": ["7", 3]}},
        "7": {
            "class_type": "VAEDecode",
            "inputs": {"samples": ["a", 1], "vae": ["gone", 0]},
            "_meta": {"title": "it's", "more": 1},
            "own": True,
        },
        "3": {"class_type": "Of A Pack", "inputs": {"list": {"__value__": [["1", 0], 2]}}},
    }
    script = tmp_path / "flow.py"
    script.write_text(source_of(graph, specs()))
    assert from_script(script) == graph


def test_the_command_line_takes_scripts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script, target = tmp_path / "apple.py", tmp_path / "apple.json"
    script.write_text(APPLE)
    assert main(["convert", str(script), "--output", str(target)]) == 0
    assert json.loads(target.read_text()) == from_script(script)
    assert main(["convert", str(target), "--python"]) == 0
    printed = capsys.readouterr().out
    assert "    sampled" not in printed and "model, clip, vae = CheckpointLoaderSimple(" in printed
    (tmp_path / "again.py").write_text(printed)
    assert from_script(tmp_path / "again.py") == from_script(script)


@pytest.mark.parametrize(
    ("kind", "inputs", "words"),
    [
        ("KSampler", {"stepps": 3}, "no input 'stepps'; it has model, .* Did you mean 'steps'?"),
        ("VAEDecode", {"samples": Link("1", 0, "IMAGE")}, "takes LATENT; output 0 of node 1 is IM"),
        ("VAEDecode", {}, "VAEDecode needs samples, vae"),
        ("EmptyLatentImage", {"width": "wide"}, "Input 'width' of EmptyLatentImage is 'wide'"),
        ("ImageScale", {"upscale_method": "lancoz"}, "'lancoz', which is no choice; .* lanczos"),
        ("VAEDecode", {"vae": (Link("1", 0), Link("1", 1))}, "all outputs of a node. Choose one"),
        ("EmptyLatentImage", {"_id": "1"}, "two nodes with the id 1"),
    ],
)
def test_mistakes_are_told_where_they_are_made(kind: str, inputs: Any, words: str) -> None:
    with Workflow(), pytest.raises(InvalidWorkflow, match=words):
        nodes.EmptyLatentImage()
        node(kind, **inputs)


def test_names_that_are_no_nodes(tmp_path: Path) -> None:
    with pytest.raises(AttributeError, match="Did you mean KSampler"):
        nodes.KSamplr  # noqa: B018
    with pytest.raises(InvalidWorkflow, match="outside of a workflow"):
        nodes.EmptyLatentImage()
    (tmp_path / "none.py").write_text("x = 1")
    with pytest.raises(InvalidWorkflow, match="it leaves none"):
        from_script(tmp_path / "none.py")
    with Workflow() as outer, Workflow() as inner:
        nodes.EmptyLatentImage()
    assert not outer.prompt() and list(inner.prompt()) == ["1"]


def test_type_checkers_know_the_nodes(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.py", tmp_path / "bad.py"
    good.write_text(APPLE)
    bad.write_text(
        APPLE.replace("model=model", "model=clip")
        .replace("cfg=3.0", 'cfg="3", stepps=3, sampler_name="eula"')
        .replace("SaveImage(images=", "SaveImage(images=vae, filename_prefix=")
    )
    said, _, _ = mypy.api.run([str(good), str(bad), "--follow-imports=silent", "--strict"])
    assert "good.py" not in said, said
    for words in ("Link[CLIP]", '"stepps"', "eula", '"images"', '"filename_prefix"', '"cfg"'):
        assert words in said, said


def test_prompts_of_scripts_are_normal(tmp_path: Path) -> None:
    with Workflow() as flow:
        nodes.EmptyLatentImage()
    flow.save(tmp_path / "saved.json")
    saved = json.loads((tmp_path / "saved.json").read_text())
    assert saved == flow.prompt() == {**to_json(parse(flow.prompt()))}
