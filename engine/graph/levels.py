"""The levels of a canvas workflow: its root and the inside of every subgraph instance.

Invariant: one level for each instance that runs, by the path of ids around it (``12:34:``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.errors import InvalidWorkflow

from .widgets import stored_values

NEVER, BYPASS = 2, 4
SUBGRAPH_INPUT, SUBGRAPH_OUTPUT = "-10", "-20"
#: How an instance names a widget of the subgraph itself, in place of an inner node's id.
OWN = "-1"


@dataclass(frozen=True, slots=True)
class Wire:
    """One link, whichever way the file writes it."""

    origin: str
    origin_slot: int
    target: str
    target_slot: int


@dataclass(frozen=True)
class Level:
    """One graph: the root, or the inside of one subgraph instance.

    Attributes:
        path: ids of the instances around it, each followed by a colon.
        nodes: raw node objects by id.
        wires: by link id.
        parent: the level that holds the instance; None for the root.
        instance: the instance node in the parent.
        definition: what the instance is an instance of.
    """

    path: str
    nodes: Mapping[str, Mapping[str, Any]]
    wires: Mapping[str, Wire]
    parent: "Level | None" = None
    instance: Mapping[str, Any] | None = None
    definition: Mapping[str, Any] | None = None


def definitions_of(data: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Subgraph definitions by id, those inside others included."""
    found: dict[str, Mapping[str, Any]] = {}
    stack = [data]
    while stack:
        inner = (stack.pop().get("definitions") or {}).get("subgraphs") or []
        for definition in inner:
            found[str(definition.get("id"))] = definition
            stack.append(definition)
    return found


def levels_of(
    data: Mapping[str, Any], definitions: Mapping[str, Mapping[str, Any]]
) -> dict[str, Level]:
    """Every level by path; outer ones first."""
    levels: dict[str, Level] = {}
    stack: list[tuple[Mapping[str, Any], str, Level | None, Mapping[str, Any] | None]]
    stack = [(data, "", None, None)]
    while stack:
        graph, path, parent, instance = stack.pop()
        definition = None if instance is None else graph
        level = Level(path, _nodes(graph), _wires(graph), parent, instance, definition)
        levels[path] = level
        for id, node in reversed(list(level.nodes.items())):
            inner = definitions.get(str(node.get("type")))
            if inner is not None and node.get("mode") not in (NEVER, BYPASS):
                _refuse_recursion(node, level)
                stack.append((inner, f"{path}{id}:", level, node))
    return levels


def _refuse_recursion(node: Mapping[str, Any], level: Level) -> None:
    around: Level | None = level
    while around is not None and around.instance is not None:
        if around.instance["type"] == node["type"]:
            raise InvalidWorkflow(
                f"Subgraph '{node['type']}' contains itself as node {level.path}{node['id']}; "
                "remove the inner copy."
            )
        around = around.parent


def _nodes(graph: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    nodes = graph.get("nodes") or []
    for node in nodes:
        if not isinstance(node, Mapping) or "id" not in node or "type" not in node:
            raise InvalidWorkflow("Every entry of 'nodes' must be an object with 'id' and 'type'.")
    return {str(node["id"]): node for node in nodes}


def _wires(graph: Mapping[str, Any]) -> dict[str, Wire]:
    return {id: wire for link in graph.get("links") or [] for id, wire in [_wire(link)]}


def _wire(link: Any) -> tuple[str, Wire]:
    if isinstance(link, Mapping):
        names = ("id", "origin_id", "origin_slot", "target_id", "target_slot")
        link = [link.get(name) for name in names]
    if not isinstance(link, Sequence) or len(link) < 5:
        raise InvalidWorkflow(f"Link {link!r} is neither a 6-tuple nor a link object.")
    return str(link[0]), Wire(str(link[1]), int(link[2] or 0), str(link[3]), int(link[4] or 0))


def slot_name(definition: Mapping[str, Any], side: str, slot: int) -> str | None:
    """The name of slot ``slot`` of a subgraph; ``side`` is ``inputs`` or ``outputs``."""
    slots = definition.get(side) or []
    return str(slots[slot]["name"]) if slot < len(slots) else None


def instance_input(level: Level, slot: int) -> tuple[str | None, Mapping[str, Any] | None]:
    """The name of a subgraph's input, and the instance's socket for it.

    Files leave out sockets of widgets that nothing is wired to, so names tell which is which;
    files without names in the definition are read by position.
    """
    assert level.instance is not None and level.definition is not None
    sockets = level.instance.get("inputs") or []
    name = slot_name(level.definition, "inputs", slot)
    if name is None:
        found = sockets[slot] if slot < len(sockets) else None
        return (str(found["name"]) if found else None), found
    return name, next((s for s in sockets if str(s.get("name")) == name), None)


def promoted(level: Level) -> dict[tuple[str, str], Any]:
    """Widget values that the instance around a level sets.

    By inner node id and widget name, or by :data:`OWN` and the name of the subgraph's input.
    Without ``proxyWidgets`` the values belong to the inputs that lead to widgets, in order.
    """
    if level.instance is None:
        return {}
    values = stored_values(level.instance)
    if isinstance(values, Mapping):
        return {(OWN, str(name)): value for name, value in values.items()}
    proxies = (level.instance.get("properties") or {}).get("proxyWidgets")
    names = [(str(p[0]), str(p[1])) for p in proxies] if proxies else _widget_inputs(level)
    pairs = zip(names, values if isinstance(values, list) else [], strict=False)
    return {name: value for name, value in pairs if value is not None}


def _widget_inputs(level: Level) -> list[tuple[str, str]]:
    """Inputs of the subgraph that lead to a widget inside, in order."""
    assert level.instance is not None and level.definition is not None
    inputs = level.definition.get("inputs")
    if inputs is None:
        sockets = level.instance.get("inputs") or []
        return [(OWN, str(s["name"])) for s in sockets if s.get("widget")]
    fed = {w.origin_slot for w in level.wires.values() if _feeds_widget(level, w)}
    return [(OWN, str(item["name"])) for slot, item in enumerate(inputs) if slot in fed]


def _feeds_widget(level: Level, wire: Wire) -> bool:
    if wire.origin != SUBGRAPH_INPUT or wire.target not in level.nodes:
        return False
    sockets = level.nodes[wire.target].get("inputs") or []
    return wire.target_slot < len(sockets) and bool(sockets[wire.target_slot].get("widget"))
