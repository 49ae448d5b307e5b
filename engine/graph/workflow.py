"""The canvas format: a workflow as the editor saves it, turned into a prompt.

Handles root version 0.4 (links as 6-tuples) and 1 (links as objects), reroutes, primitive
nodes, notes, muted (mode 2) and bypassed (mode 4) nodes, converted widgets, and subgraphs at
any depth, whose inner nodes get ids such as ``12:34``.

Invariant: reads only; what it does not understand it leaves to validation, which can say so.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.errors import InvalidWorkflow

from .prompt import VALUE_KEY
from .spec import Specs
from .types import compatible
from .widgets import named_widgets

NEVER, BYPASS = 2, 4
NOTES = frozenset({"Note", "MarkdownNote"})
#: Nodes that exist only on the canvas.
VIRTUAL = NOTES | {"Reroute", "PrimitiveNode"}
SUBGRAPH_INPUT, SUBGRAPH_OUTPUT = "-10", "-20"


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
    """

    path: str
    nodes: Mapping[str, Mapping[str, Any]]
    wires: Mapping[str, Wire]
    parent: "Level | None" = None
    instance: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Next:
    """The link to look at next while following one back."""

    level: Level
    link: str


#: Where a value comes from: an emitted node's output, a constant, or nowhere.
Source = tuple[str, Any] | None


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
    definitions = _definitions(data)
    levels = _levels(data, definitions)
    prompt: dict[str, Any] = {}
    for level in levels.values():
        for id, node in level.nodes.items():
            if _is_emitted(node, definitions):
                prompt[level.path + id] = _emit(node, level, levels, specs)
    return prompt


def _definitions(data: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Subgraph definitions by id, those inside others included."""
    found: dict[str, Mapping[str, Any]] = {}
    stack = [data]
    while stack:
        inner = (stack.pop().get("definitions") or {}).get("subgraphs") or []
        for definition in inner:
            found[str(definition.get("id"))] = definition
            stack.append(definition)
    return found


def _levels(
    data: Mapping[str, Any], definitions: Mapping[str, Mapping[str, Any]]
) -> dict[str, Level]:
    """Every level by path; outer ones first."""
    levels: dict[str, Level] = {}
    stack: list[tuple[Mapping[str, Any], str, Level | None, Mapping[str, Any] | None]]
    stack = [(data, "", None, None)]
    while stack:
        graph, path, parent, instance = stack.pop()
        level = Level(path, _nodes(graph), _wires(graph), parent, instance)
        levels[path] = level
        for id, node in reversed(list(level.nodes.items())):
            definition = definitions.get(str(node.get("type")))
            if definition is not None and node.get("mode") not in (NEVER, BYPASS):
                _refuse_recursion(node, level)
                stack.append((definition, f"{path}{id}:", level, node))
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
            source = _trace(str(item["link"]), level, levels)
            if source is not None:
                inputs[str(item["name"])] = _input(source)
    title = node.get("title") or _display_name(kind, specs)
    return {"class_type": kind, "inputs": inputs, "_meta": {"title": title}}


def _display_name(kind: str, specs: Specs) -> str:
    return specs[kind].display_name if kind in specs else kind


def _widgets(node: Mapping[str, Any], level: Level, specs: Specs) -> dict[str, Any]:
    own = named_widgets(node, specs.get(str(node["type"])))
    return {**own, **_promoted(node, level)}


def _promoted(node: Mapping[str, Any], level: Level) -> dict[str, Any]:
    """Widget values that the subgraph instance around the node sets."""
    if level.instance is None:
        return {}
    proxies = (level.instance.get("properties") or {}).get("proxyWidgets") or []
    values = level.instance.get("widgets_values") or []
    if not isinstance(values, list):
        return {}
    pairs = zip(proxies, values, strict=False)
    mine = (p for p in pairs if str(p[0][0]) == str(node["id"]) and p[1] is not None)
    return {str(proxy[1]): value for proxy, value in mine}


def _constant(value: Any) -> Any:
    return {VALUE_KEY: value} if isinstance(value, list) else value


def _input(source: tuple[str, Any]) -> Any:
    kind, value = source
    return _constant(value) if kind == "constant" else list(value)


def _trace(link: str, level: Level, levels: Mapping[str, Level]) -> Source:
    """Follow a link back through everything that exists only on the canvas."""
    seen: set[tuple[str, str]] = set()
    while (level.path, link) not in seen:
        seen.add((level.path, link))
        wire = level.wires.get(link)
        if wire is None:
            return None
        step = _step(wire, level, levels)
        if not isinstance(step, Next):
            return step
        level, link = step.level, step.link
    raise InvalidWorkflow(f"Link {link} of the canvas leads back to itself; remove it.")


def _step(wire: Wire, level: Level, levels: Mapping[str, Level]) -> Source | Next:
    if wire.origin == SUBGRAPH_INPUT and level.instance is not None and level.parent is not None:
        return _outside(wire.origin_slot, level)
    node = level.nodes.get(wire.origin)
    if node is None or node.get("mode") == NEVER or node["type"] in NOTES:
        return None
    if node["type"] == "PrimitiveNode":
        values = node.get("widgets_values") or [None]
        return "constant", values[0]
    if node["type"] == "Reroute":
        return _linked(node, 0, level)
    if node.get("mode") == BYPASS:
        return _linked(node, _bypass_input(node, wire.origin_slot), level)
    inner = levels.get(f"{level.path}{wire.origin}:")
    if inner is not None:
        return _inside(wire.origin_slot, inner)
    return "node", (level.path + wire.origin, wire.origin_slot)


def _outside(slot: int, level: Level) -> Source | Next:
    """What feeds input ``slot`` of the instance around a level: a wire or its own widget."""
    assert level.instance is not None and level.parent is not None
    inputs = level.instance.get("inputs") or []
    if slot >= len(inputs):
        return None
    if inputs[slot].get("link") is not None:
        return Next(level.parent, str(inputs[slot]["link"]))
    promoted = [i for i in inputs if i.get("widget")]
    values = level.instance.get("widgets_values") or []
    if inputs[slot] in promoted and isinstance(values, list):
        index = promoted.index(inputs[slot])
        return ("constant", values[index]) if index < len(values) else None
    return None


def _inside(slot: int, inner: Level) -> Next | None:
    wires = inner.wires.items()
    ends = (id for id, w in wires if w.target == SUBGRAPH_OUTPUT and w.target_slot == slot)
    link = next(ends, None)
    return None if link is None else Next(inner, link)


def _linked(node: Mapping[str, Any], slot: int | None, level: Level) -> Next | None:
    inputs = node.get("inputs") or []
    if slot is None or slot >= len(inputs) or inputs[slot].get("link") is None:
        return None
    return Next(level, str(inputs[slot]["link"]))


def _bypass_input(node: Mapping[str, Any], slot: int) -> int | None:
    """The input that stands in for output ``slot`` of a bypassed node."""
    inputs, outputs = node.get("inputs") or [], node.get("outputs") or []
    if slot >= len(outputs):
        return None
    wanted = str(outputs[slot].get("type"))
    return next(_candidates([str(i.get("type")) for i in inputs], wanted, slot), None)


def _candidates(types: Sequence[str], wanted: str, slot: int) -> Iterator[int]:
    if slot < len(types) and compatible(types[slot], wanted):
        yield slot
    yield from (i for i, type in enumerate(types) if type == wanted)
    yield from (i for i, type in enumerate(types) if compatible(type, wanted))
