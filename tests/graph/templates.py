"""The workflow templates that the field ships, with node kinds mocked from the files themselves.

One generator feeds both sides: the server's conversion is tested here, the browser's with the
same files in web/tests/templates.test.ts.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from engine.graph.levels import definitions_of
from engine.graph.spec import InputSpec, NodeSpec, OutputSpec, object_info
from engine.graph.types import WIDGET_TYPES
from engine.graph.wires import VIRTUAL

PACKAGE = "comfyui_workflow_templates_json"
#: Widgets of the canvas that are no inputs of a node: upload buttons and players.
BUTTONS = ("IMAGEUPLOAD", "AUDIOUPLOAD", "AUDIO_UI", "VIDEOUPLOAD")


@dataclass(frozen=True)
class Template:
    """One file: its workflow, and the kinds of node it uses."""

    name: str
    workflow: dict[str, Any]
    specs: dict[str, NodeSpec]

    def info(self) -> dict[str, Any]:
        """What ``GET /object_info`` would answer for these kinds."""
        return {id: object_info(spec, lambda folder: ()) for id, spec in self.specs.items()}


def templates() -> Iterator[Template]:
    """Every workflow of the package."""
    for file in _json_files(files(PACKAGE)):
        data = json.loads(file.read_text("utf-8"))
        if isinstance(data, dict) and isinstance(data.get("nodes"), list):
            yield Template(file.name, data, mock_specs(data))


def _json_files(folder: Traversable) -> Iterator[Traversable]:
    for item in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if item.is_dir():
            yield from _json_files(item)
        elif item.name.endswith(".json"):
            yield item


def graphs(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The root of a file and its subgraphs."""
    return [data, *definitions_of(data).values()]


def mock_specs(data: Mapping[str, Any]) -> dict[str, NodeSpec]:
    """Kinds with the inputs and outputs that the file's nodes list."""
    inside = definitions_of(data)
    specs: dict[str, NodeSpec] = {}
    for node in (node for graph in graphs(data) for node in graph["nodes"]):
        kind = str(node["type"])
        if kind in VIRTUAL or kind in inside:
            continue
        before = specs.get(kind)
        known = {item.name: item for item in before.inputs} if before else {}
        for slot in node.get("inputs") or []:
            if slot["type"] not in BUTTONS:
                known.setdefault(slot["name"], mock_input(slot, node))
        outputs = tuple(OutputSpec(o["name"], str(o["type"])) for o in node.get("outputs") or [])
        specs[kind] = NodeSpec(kind, kind, "test", tuple(known.values()), outputs)
    return specs


def mock_input(slot: Mapping[str, Any], node: Mapping[str, Any]) -> InputSpec:
    """An input as a node's socket shows it; sockets of widgets have the widget's type."""
    kind = str(slot["type"]).split(",")[0]
    if not slot.get("widget"):
        return InputSpec(slot["name"], kind, options={"forceInput": True})
    if kind not in WIDGET_TYPES:
        kind = "COMBO" if "COMBO" in kind else "STRING"
    upload = any(s["type"] in BUTTONS for s in node.get("inputs") or [])
    options = {"image_upload": True} if upload and slot["name"] in ("image", "file") else {}
    choices = ("first", "second") if kind == "COMBO" else None
    return InputSpec(slot["name"], kind, options=options, choices=choices)
