"""Every built-in node has the id, inputs, defaults and outputs that shared workflows use."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.graph.spec import NodeSpec, object_info
from engine.plugins.discovery import builtin_nodes

EXPECTED: dict[str, Any] = json.loads(
    Path(__file__).with_name("expected_schemas.json").read_text("utf-8")
)
SPECS: dict[str, NodeSpec] = {id: node.spec for id, node in builtin_nodes()}
#: Choices to which newer versions append.
GROWING = ("sampler_name",)
#: Choices that are files.
FILES = ("ckpt_name", "vae_name", "model_name", "image", "config_name")


#: Optional inputs that we add to nodes that others have too.
ADDED = {"RandomNoise": ("per_item",)}


def ours(id: str) -> dict[str, Any]:
    """What clients are told of a node, without what others do not have."""
    info = object_info(SPECS[id], lambda folder: [])
    for name in ADDED.get(id, ()):
        del info["input"]["optional"][name]
    info["input"] = {k: v for k, v in info["input"].items() if v or k == "required"}
    return info


def options(config: list[Any]) -> dict[str, Any]:
    """The options that mean something; tooltips are ours, and null means not given."""
    given = config[1] if len(config) > 1 else {}
    ignored = ("tooltip", "options", "multiselect")
    return {k: v for k, v in given.items() if k not in ignored}


def kind(config: list[Any]) -> Any:
    """A type, or the list of choices; newer schemas hold the choices among the options."""
    return config[1].get("options", []) if config[0] == "COMBO" else config[0]


@pytest.mark.parametrize("id", EXPECTED)
def test_outputs_category_and_title(id: str) -> None:
    """As shared workflows and menus expect them."""
    expected, found = EXPECTED[id], ours(id)
    assert found["output"] == expected["output"]
    assert found["output_name"] == expected["output_name"]
    assert found["category"] == expected["category"]
    assert found["display_name"] == (expected["display_name"] or id)
    assert found["output_node"] == expected.get("output_node", False)


@pytest.mark.parametrize("id", EXPECTED)
def test_inputs_in_order_with_defaults_and_bounds(id: str) -> None:
    """The order decides how the values of saved widgets are read."""
    expected, found = EXPECTED[id]["input"], ours(id)["input"]
    assert list(found) == list(expected)
    for section, inputs in expected.items():
        assert list(found[section]) == list(inputs)
        if section == "hidden":
            assert found[section] == inputs
            continue
        for name, config in inputs.items():
            assert options(found[section][name]) == options(config), name
            compare_kinds(name, kind(found[section][name]), kind(config))


def compare_kinds(name: str, found: Any, expected: Any) -> None:
    if name in FILES and isinstance(expected, list):
        assert isinstance(found, list)
    elif name in GROWING:
        assert found[: len(expected)] == expected
    else:
        assert found == expected, name


@pytest.mark.parametrize("id", SPECS)
def test_every_node_and_input_is_described(id: str) -> None:
    """The canvas shows these sentences."""
    assert SPECS[id].description.endswith(".")
    widgets = [i for i in SPECS[id].inputs if i.section != "hidden" and i.type != i.type.upper()]
    assert all("tooltip" in i.options for i in widgets)
