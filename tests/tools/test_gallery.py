"""The workflows that come with the project: they run, and show what they are meant to show."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from engine.folders import standard
from engine.graph.prompt import parse
from engine.graph.validate import validate
from engine.graph.workflow import to_prompt
from engine.media.edges import canny
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


def test_the_control_net_follows_edges() -> None:
    """Measured: 0.77 of them are found within three pixels, 0.34 without it."""
    shown = {t: pixels(p) for t, p in run(ROOT / "workflows" / "controlnet.json")}
    wanted = shown["Edges"][..., 0] > 0.5
    found = {}
    for title in ("With ControlNet", "Without ControlNet"):
        edges = canny(shown[title], 0.1, 0.2)[:, None]
        near = F.max_pool2d(edges, kernel_size=7, stride=1, padding=3)[:, 0]
        found[title] = near[wanted].mean().item()
    assert found["Without ControlNet"] < 0.5 < 0.65 < found["With ControlNet"]


def pixels(picture: Image.Image) -> torch.Tensor:
    """``1 h w 3`` in 0..1."""
    return torch.from_numpy(np.asarray(picture, np.float32) / 255)[None]


def test_the_lora_draws_blueprints() -> None:
    """White lines on blue paper at 1, the plain picture at 0."""
    blue = {}
    for title, picture in run(ROOT / "workflows" / "lora.json"):
        red, _, blue_channel = picture.resize((1, 1)).getpixel((0, 0))
        blue[title] = blue_channel - red
    assert blue["LoRA at 0.0"] < 10 < 40 < blue["LoRA at 1.0"]


def test_the_learnt_word_draws_a_tangerine() -> None:
    """Share of orange pixels: measured 0.28 and 0.15 with the learnt word, 0.00 without it."""
    shown = {t: orange(p) for t, p in run(ROOT / "workflows" / "textual_inversion.json")}
    assert shown["Without the word"] < 0.02 < 0.15 < shown["With the word"]
    assert shown["3D on blue"] > 0.08


def test_a_class_decides_what_is_drawn() -> None:
    """Share of orange pixels in a fox and in a rocket, of the same noise."""
    shown = {t: orange(p) for t, p in run(ROOT / "workflows" / "class.json")}
    assert shown["Fox"] > 3 * shown["Rocket"] + 0.03


def test_the_inpainting_model_completes_what_it_sees() -> None:
    """The left half stays; the right half is nearer to the original than one colour is."""
    shown = {t: pixels(p)[0] for t, p in run(ROOT / "workflows" / "inpainting_model.json")}
    before, after = shown["Before"], shown["The right half anew"]
    assert (after[:, :60] - before[:, :60]).abs().mean() < 0.03
    hidden, plain = before[:, 64:], before[:, :64].mean((0, 1))
    assert (after[:, 64:] - hidden).square().mean() < 0.7 * (plain - hidden).square().mean()


def orange(picture: Image.Image) -> float:
    """Share of the pixels that are a strong orange."""
    red, green, blue = pixels(picture)[0].unbind(-1)
    return ((red > 0.8) & (green > 0.3) & (green < 0.7) & (blue < 0.2)).float().mean().item()
