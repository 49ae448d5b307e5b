"""The canvas format: a workflow as the editor saves it, turned into a prompt.

Handles root version 0.4 (links as 6-tuples) and 1 (links as objects), reroutes, primitive
nodes, named wires, notes, muted (mode 2) and bypassed (mode 4) nodes, converted widgets, and
subgraphs at any depth, whose inner nodes get ids such as ``12:34``.

Invariant: reads only; what it does not understand it leaves to validation, which can say so.
"""

from collections.abc import Mapping
from typing import Any

from engine.errors import InvalidWorkflow

from .levels import BYPASS, NEVER, Level, definitions_of, levels_of, promoted
from .prompt import VALUE_KEY
from .spec import Specs
from .widgets import named_widgets
from .wires import VIRTUAL, trace


def is_workflow(data: Any) -> bool:
    """Whether JSON data is a canvas workflow (and not an API prompt)."""
    return isinstance(data, Mapping) and isinstance(data.get("nodes"), list)


def to_prompt(data: Mapping[str, Any], specs: Specs) -> dict[str, Any]:
    """The API-format prompt of a canvas workflow.

    Args:
        data: the parsed file.
        specs: known kinds; they tell the order of widget values.

    Raises:
        InvalidWorkflow: the file's structure cannot be read.
    """
    # Files come from strangers: whatever shape surprises the code below is the file's fault.
    try:
        return _flatten(data, specs)
    except (TypeError, AttributeError, KeyError, IndexError, ValueError) as error:
        raise InvalidWorkflow(f"The workflow is damaged: {error!r} while reading it.") from error


def _flatten(data: Mapping[str, Any], specs: Specs) -> dict[str, Any]:
    definitions = definitions_of(data)
    levels = levels_of(data, definitions)
    prompt: dict[str, Any] = {}
    for level in levels.values():
        for id, node in level.nodes.items():
            if _is_emitted(node, definitions):
                prompt[level.path + id] = _emit(node, level, levels, specs)
    return prompt


def _is_emitted(node: Mapping[str, Any], definitions: Mapping[str, Mapping[str, Any]]) -> bool:
    if node.get("mode") in (NEVER, BYPASS):
        return False
    return node["type"] not in VIRTUAL and str(node["type"]) not in definitions


def _emit(
    node: Mapping[str, Any], level: Level, levels: Mapping[str, Level], specs: Specs
) -> dict[str, Any]:
    kind = str(node["type"])
    inputs = {name: _constant(v) for name, v in _widgets(node, level, specs).items()}
    for item in node.get("inputs") or []:
        if item.get("link") is not None:
            source = trace(str(item["link"]), level, levels)
            if source is not None:
                inputs[str(item["name"])] = _input(source)
    title = node.get("title") or _display_name(kind, specs)
    return {"class_type": kind, "inputs": inputs, "_meta": {"title": title}}


def _display_name(kind: str, specs: Specs) -> str:
    return specs[kind].display_name if kind in specs else kind


def _widgets(node: Mapping[str, Any], level: Level, specs: Specs) -> dict[str, Any]:
    own = named_widgets(node, specs.get(str(node["type"])))
    return {**own, **_set_outside(node, level)}


def _set_outside(node: Mapping[str, Any], level: Level) -> dict[str, Any]:
    """Widget values that the subgraph instance around the node sets."""
    id = str(node["id"])
    return {name: value for (owner, name), value in promoted(level).items() if owner == id}


def _constant(value: Any) -> Any:
    return {VALUE_KEY: value} if isinstance(value, list) else value


def _input(source: tuple[str, Any]) -> Any:
    kind, value = source
    return _constant(value) if kind == "constant" else list(value)
