"""Following a link of the canvas back to what really feeds it.

Reroutes, primitives, named wires, bypassed nodes and the borders of subgraphs exist only on the
canvas; behind them stands a node's output, a constant, or nothing.

Invariant: loops over levels and links, never recursion; a ring of links is refused.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.errors import InvalidWorkflow

from .levels import (
    BYPASS,
    NEVER,
    OWN,
    SUBGRAPH_INPUT,
    SUBGRAPH_OUTPUT,
    Level,
    Wire,
    instance_input,
    promoted,
    slot_name,
)
from .types import compatible

NOTES = frozenset({"Note", "MarkdownNote"})
#: Named wires: a set node gives a name to what is wired into it, get nodes hand it on.
SET, GET = "SetNode", "GetNode"
#: Nodes that exist only on the canvas.
VIRTUAL = NOTES | {"Reroute", "PrimitiveNode", SET, GET}


@dataclass(frozen=True)
class Next:
    """The link to look at next; ``fallback`` is the constant if it leads nowhere."""

    level: Level
    link: str
    fallback: tuple[str, Any] | None = None


#: Where a value comes from: an emitted node's output, a constant, or nowhere.
Source = tuple[str, Any] | None


def trace(link: str, level: Level, levels: Mapping[str, Level]) -> Source:
    """Follow a link back through everything that exists only on the canvas."""
    seen: set[tuple[str, str]] = set()
    fallback: Source = None
    while (level.path, link) not in seen:
        seen.add((level.path, link))
        wire = level.wires.get(link)
        step = None if wire is None else _step(wire, level, levels)
        if not isinstance(step, Next):
            return step or fallback
        level, link, fallback = step.level, step.link, step.fallback or fallback
    raise InvalidWorkflow(f"Link {link} of the canvas leads back to itself; remove it.")


def _step(wire: Wire, level: Level, levels: Mapping[str, Level]) -> Source | Next:
    if wire.origin == SUBGRAPH_INPUT and level.instance is not None and level.parent is not None:
        return _outside(wire.origin_slot, level, level.parent)
    node = level.nodes.get(wire.origin)
    if node is None or node.get("mode") == NEVER or node["type"] in NOTES:
        return None
    if node["type"] == "PrimitiveNode":
        values = node.get("widgets_values") or [None]
        return "constant", values[0]
    if node["type"] in ("Reroute", SET):
        return _linked(node, 0, level)
    if node["type"] == GET:
        return _named(node, level)
    if node.get("mode") == BYPASS:
        return _linked(node, _bypass_input(node, wire.origin_slot), level)
    inner = levels.get(f"{level.path}{wire.origin}:")
    if inner is not None:
        return _inside(_inner_slot(node, wire.origin_slot, inner), inner)
    return "node", (level.path + wire.origin, wire.origin_slot)


def _outside(slot: int, level: Level, parent: Level) -> Source | Next:
    """What feeds an input of the instance around a level: a wire or its own widget."""
    name, socket = instance_input(level, slot)
    if name is None:
        return None
    own = own_value(level, name)
    if socket is not None and socket.get("link") is not None:
        return Next(parent, str(socket["link"]), own)
    return own


def own_value(level: Level, name: str) -> tuple[str, Any] | None:
    """The constant for an input of the instance around a level; outer instances go first."""
    key, values = (OWN, name), promoted(level)
    found = ("constant", values[key]) if key in values else None
    if level.parent is not None and level.instance is not None:
        outer = promoted(level.parent).get((str(level.instance["id"]), name))
        found = found if outer is None else ("constant", outer)
    return found


def _named(node: Mapping[str, Any], level: Level) -> Next | None:
    """The wire into the set node of the same name, here or in a level around."""
    name, around = _wire_name(node), level
    while True:
        for other in around.nodes.values():
            if other["type"] == SET and _wire_name(other) == name and other.get("mode") != NEVER:
                return _linked(other, 0, around)
        if around.parent is None:
            return None
        around = around.parent


def _wire_name(node: Mapping[str, Any]) -> Any:
    values = node.get("widgets_values")
    return values[0] if isinstance(values, list) and values else None


def _inner_slot(node: Mapping[str, Any], slot: int, inner: Level) -> int:
    """The output slot of the definition that an instance's output stands for."""
    outputs = node.get("outputs") or []
    wanted = str(outputs[slot].get("name")) if slot < len(outputs) else None
    assert inner.definition is not None
    if wanted is None or slot_name(inner.definition, "outputs", slot) == wanted:
        return slot
    names = [str(item.get("name")) for item in inner.definition.get("outputs") or []]
    return names.index(wanted) if wanted in names else slot


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
    wanted = _type(outputs[slot])
    return next(_candidates([_type(item) for item in inputs], wanted, slot), None)


def _type(slot: Mapping[str, Any]) -> str:
    """The type of a socket in a file: text, -1 or 0 for any, a list of choices."""
    kind = slot.get("type")
    if kind in (None, "", 0, -1):
        return "*"
    return "COMBO" if isinstance(kind, list) else str(kind).upper()


def _candidates(types: Sequence[str], wanted: str, slot: int) -> Iterator[int]:
    if slot < len(types) and compatible(types[slot], wanted):
        yield slot
    if wanted == "*":
        yield from range(min(1, len(types)))
    yield from (i for i, type in enumerate(types) if type == wanted)
    yield from (i for i, type in enumerate(types) if compatible(type, wanted))
