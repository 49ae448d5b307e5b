"""Kinds of nodes that took the place of others, and prompts rewritten to use them.

Invariant: only a node whose kind is unknown is rewritten, and only to a kind that is known.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .spec import NodeSpec

Fields = Mapping[str, Any]


@dataclass(frozen=True)
class Replacement:
    """What became of a kind of node.

    Attributes:
        old_node_id: the kind that is no more.
        new_node_id: the kind that does its work now.
        old_widget_ids: names of the old kind's widgets in their order.
        input_mapping: ``{"new_id", "old_id"}`` or ``{"new_id", "set_value"}`` for each input;
            others vanish. None keeps all as they are.
        output_mapping: ``{"new_idx", "old_idx"}`` for each output. None keeps all as they are.
    """

    old_node_id: str
    new_node_id: str
    old_widget_ids: Sequence[str] | None = None
    input_mapping: Sequence[Fields] | None = None
    output_mapping: Sequence[Fields] | None = None

    def __post_init__(self) -> None:
        for field in self.input_mapping or ():
            if "new_id" not in field or ("old_id" in field) == ("set_value" in field):
                raise ValueError(
                    f"An input of the replacement for '{self.old_node_id}' is {dict(field)}; give "
                    "'new_id' and either 'old_id' or 'set_value'."
                )
        for field in self.output_mapping or ():
            if {"new_idx", "old_idx"} - set(field):
                raise ValueError(
                    f"An output of the replacement for '{self.old_node_id}' is {dict(field)}; give "
                    "'new_idx' and 'old_idx'."
                )

    def inputs(self, old: Fields) -> dict[str, Any]:
        """The new node's inputs, given those of the old one."""
        if self.input_mapping is None:
            return dict(old)
        found = {}
        for field in self.input_mapping:
            if "set_value" in field:
                found[field["new_id"]] = field["set_value"]
            elif field["old_id"] in old:
                found[field["new_id"]] = old[field["old_id"]]
        return found

    def slot(self, old: Any) -> Any:
        """Where an output of the old node is on the new one."""
        pairs = {pair["old_idx"]: pair["new_idx"] for pair in self.output_mapping or ()}
        return pairs.get(old, old)


#: Replacements by the kind that is no more.
Replacements = Mapping[str, Sequence[Replacement]]


def by_old(found: Iterable[Fields]) -> dict[str, list[Replacement]]:
    """Replacements from their JSON, in order."""
    known: dict[str, list[Replacement]] = {}
    for fields in found:
        made = Replacement(**fields)
        known.setdefault(made.old_node_id, []).append(made)
    return known


def replaced(graph: Any, known: Replacements, specs: Mapping[str, NodeSpec]) -> Any:
    """A graph in API format in which no node is of a kind that is known to be replaced.

    What is no graph, or needs no change, comes back as it is.
    """
    if not isinstance(graph, dict):
        return graph
    changes = {id: r for id, node in graph.items() if (r := _for(node, known, specs))}
    if not changes:
        return graph
    return {id: _rewired(_renewed(node, changes.get(id)), changes) for id, node in graph.items()}


def named(workflow: Mapping[str, Any], known: Replacements) -> dict[str, Any]:
    """A canvas workflow in which nodes that may be replaced tell their values by name.

    A list of values can be read only with the kind that it belongs to, which is no more.
    """
    definitions = workflow.get("definitions")
    definitions = definitions if isinstance(definitions, Mapping) else {}
    inner = definitions.get("subgraphs")
    if isinstance(inner, list):
        levels = [named(level, known) if isinstance(level, Mapping) else level for level in inner]
        workflow = {**workflow, "definitions": {**definitions, "subgraphs": levels}}
    nodes = workflow.get("nodes")
    if not isinstance(nodes, list):
        return dict(workflow)
    return {**workflow, "nodes": [_with_names(node, known) for node in nodes]}


def _with_names(node: Any, known: Replacements) -> Any:
    kind = node.get("type") if isinstance(node, Mapping) else None
    first = next(iter(known.get(kind, ())), None) if isinstance(kind, str) else None
    values = node.get("widgets_values") if first is not None else None
    if first is None or first.old_widget_ids is None or not isinstance(values, list):
        return node
    return {**node, "widgets_values": dict(zip(first.old_widget_ids, values, strict=False))}


def _for(node: Any, known: Replacements, specs: Mapping[str, NodeSpec]) -> Replacement | None:
    kind = node.get("class_type") if isinstance(node, dict) else None
    if not isinstance(kind, str) or kind in specs or not isinstance(node.get("inputs"), dict):
        return None
    first = next(iter(known.get(kind, ())), None)
    return first if first is not None and first.new_node_id in specs else None


def _renewed(node: Any, change: Replacement | None) -> Any:
    if change is None:
        return node
    return {**node, "class_type": change.new_node_id, "inputs": change.inputs(node["inputs"])}


def _rewired(node: Any, changes: Mapping[str, Replacement]) -> Any:
    """The node with links that lead to where the outputs are now."""
    if not isinstance(node, dict) or not isinstance(node.get("inputs"), dict):
        return node
    return {**node, "inputs": {k: _moved(v, changes) for k, v in node["inputs"].items()}}


def _moved(value: Any, changes: Mapping[str, Replacement]) -> Any:
    if not isinstance(value, list) or len(value) != 2:
        return value
    change = changes.get(str(value[0]))
    return value if change is None else [value[0], change.slot(value[1])]
