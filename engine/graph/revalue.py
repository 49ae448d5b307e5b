"""Setting inputs in a canvas workflow, as if the user had typed the values.

Invariant: what is given is not changed; a value that has no place of its own in the file (of a
node inside a subgraph, whose definition other instances share) makes the whole fail, so that a
workflow never says something else than the prompt.
"""

from collections.abc import Mapping
from typing import Any

from .spec import NodeSpec, Specs
from .widgets import place_of


def with_inputs(
    workflow: Mapping[str, Any], specs: Specs, values: Mapping[tuple[str, str], Any]
) -> dict[str, Any] | None:
    """The workflow with other widget values, or None if some have no place.

    Args:
        workflow: canvas format.
        specs: kinds of nodes; they tell the order of widget values.
        values: by id of the node and name of the input.
    """
    nodes = {str(node.get("id")): node for node in workflow["nodes"]}
    changed: dict[str, dict[str, Any]] = {}
    for (id, name), value in values.items():
        node = changed.get(id) or nodes.get(id)
        spec = None if node is None else specs.get(str(node.get("type")))
        made = None if node is None or spec is None else _with(node, spec, name, value)
        if made is None:
            return None
        changed[id] = made
    listed = [changed.get(str(node.get("id")), node) for node in workflow["nodes"]]
    return {**workflow, "nodes": listed}


def _with(node: Mapping[str, Any], spec: NodeSpec, name: str, value: Any) -> dict[str, Any] | None:
    values, named = node.get("widgets_values"), node.get("widgets_values_named")
    made = dict(node)
    place = place_of(values, spec, name) if isinstance(values, list) else None
    if isinstance(values, Mapping):
        made["widgets_values"] = {**values, name: value}
    elif isinstance(values, list) and place is not None:
        made["widgets_values"] = [*values[:place], value, *values[place + 1 :]]
    elif not isinstance(named, Mapping):
        return None
    if isinstance(named, Mapping):
        made["widgets_values_named"] = {**named, name: value}
    return made
