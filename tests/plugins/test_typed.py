"""A typed function says all there is to know about its node."""

import sys
from pathlib import Path

import pytest

from engine.api import Bool, Choice, Float, Image, Int, Latent, Mask, Output, Text, node
from engine.folders import standard
from engine.graph.spec import from_json, object_info, to_json
from engine.plugins.discovery import load
from engine.plugins.node import Context
from engine.plugins.typed import socket_of


@node("Everything", category="test", title="All of it", outputs=("first", "second"))
def everything(
    *,
    image: Image,
    count: Int(1, 9) = 3,
    gain: Float(0, 1, step=0.1) = 0.5,
    name: Choice(["a", "b"]) = "a",
    text: Text(multiline=True) = "",
    flag: Bool() = False,
    mask: Mask = None,
    ctx: Context,
) -> tuple[Image, Latent]:
    """Do everything
    at once.

    Args:
        image: what it
            is about.
        count: how many.

    Returns:
        Nothing of note.
    """
    return image, (count, gain, name, text, flag, mask, ctx)


NODES = sys.modules[__name__].__dict__["__loom_nodes__"]


def test_the_spec_follows_from_the_signature() -> None:
    info = object_info(NODES["Everything"].spec, lambda folder: [])
    assert info["display_name"] == "All of it"
    assert info["description"] == "Do everything at once."
    assert info["input_order"] == {
        "required": ["image", "count", "gain", "name", "text", "flag"],
        "optional": ["mask"],
    }
    required = info["input"]["required"]
    assert required["image"] == ["IMAGE", {"tooltip": "what it is about."}]
    assert required["count"] == ["INT", {"default": 3, "min": 1, "max": 9, "tooltip": "how many."}]
    assert required["name"] == [["a", "b"], {"default": "a"}]
    assert info["output"] == ["IMAGE", "LATENT"]
    assert info["output_name"] == ["first", "second"]


def test_specs_survive_json() -> None:
    spec = NODES["Everything"].spec
    assert from_json(to_json(spec)) == spec


def test_the_call_passes_values_and_context() -> None:
    context = Context("1", standard(Path("x")), {}, lambda *_: None, lambda: None)
    inputs = {"image": 1, "count": 2, "gain": 0.1, "name": "b", "text": "t", "flag": True}
    result = NODES["Everything"].call(inputs, context)
    assert result == Output((1, (2, 0.1, "b", "t", True, None, context)))


def test_an_annotation_that_is_no_socket_is_refused() -> None:
    with pytest.raises(TypeError, match=r"is no socket type; use one of engine\.api"):
        socket_of(int)


def test_packs_are_found_and_failures_reported(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text(
        "from engine.api import Int, node\n"
        "@node('Good', category='x')\ndef good(*, n: Int(0, 1) = 0) -> Int(0, 1):\n    return n\n"
        "@node('KSampler', category='x')\ndef stolen() -> Int(0, 1):\n    return 0\n"
    )
    (tmp_path / "bad.py").write_text("import a_module_that_is_not_there\n")
    (tmp_path / "off.disabled").mkdir()
    catalogue = load([tmp_path])
    assert "Good" in catalogue.nodes
    assert catalogue.nodes["KSampler"].spec.category == "sampling"
    reports = {pack.name: pack for pack in catalogue.packs}
    assert set(reports) == {"good", "bad"}
    assert "a_module_that_is_not_there" in reports["bad"].error
    assert reports["good"].nodes == ("Good", "KSampler")
