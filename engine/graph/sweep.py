"""Sweeps: one prompt run for every combination of some values, each distinct thing once.

Invariant: cells come in an order in which neighbours share as much as possible: what feeds the
most nodes changes least often, so that a model is loaded once for all cells that use it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

from engine.errors import InvalidPrompt

from .faults import nearest
from .prompt import VALUE_KEY, Prompt, users

#: Combinations in one sweep.
MOST_CELLS = 1024


@dataclass(frozen=True)
class Axis:
    """One input of one node, and the values that it takes."""

    node: str
    input: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Cell:
    """One combination: per axis the number of its value, and the value itself."""

    place: tuple[int, ...]
    values: tuple[Any, ...]


def read_axes(data: Any) -> tuple[Axis, ...]:
    """The axes of a request: ``[{node, input, values}, ...]``.

    Raises:
        InvalidPrompt: they are not that, or make no combination, or too many.
    """
    if not isinstance(data, list) or not data:
        raise _refused("'axes' must be a list of {node, input, values}; give one at least.")
    axes = tuple(_axis(item) for item in data)
    names = [(axis.node, axis.input) for axis in axes]
    for node, input in names:
        if names.count((node, input)) > 1:
            raise _refused(f"Input '{input}' of node '{node}' is on two axes; put it on one.")
    count = prod(len(axis.values) for axis in axes)
    if count > MOST_CELLS:
        raise _refused(f"The axes make {count} combinations; {MOST_CELLS} are allowed.")
    return axes


def _axis(item: Any) -> Axis:
    fits = isinstance(item, Mapping) and isinstance(item.get("values"), list) and item["values"]
    if not fits or not isinstance(item.get("input"), str) or "node" not in item:
        raise _refused(f"An axis is {item!r:.100}; it must be {{node, input, values: [...]}}.")
    return Axis(str(item["node"]), item["input"], tuple(item["values"]))


def check_axes(prompt: Prompt, axes: Sequence[Axis]) -> None:
    """Refuse axes that name no constant of the prompt.

    Raises:
        InvalidPrompt: a node or input is not there, or is wired.
    """
    for axis in axes:
        node = prompt.get(axis.node)
        if node is None:
            raise _refused(f"There is no node '{axis.node}'{nearest(axis.node, prompt)}.")
        if axis.input not in node.inputs:
            near = nearest(axis.input, node.inputs)
            raise _refused(f"Node '{axis.node}' ({node.kind}) has no input '{axis.input}'{near}.")
        if any(name == axis.input for name, _ in node.wired):
            text = f"Input '{axis.input}' of node '{axis.node}' is wired; sweep what feeds it."
            raise _refused(text)


def cells(prompt: Prompt, axes: Sequence[Axis]) -> list[Cell]:
    """All combinations, the axis that most nodes depend on outermost."""
    order = sorted(range(len(axes)), key=lambda i: -_reach(prompt, axes[i].node))
    found = []
    for turn in product(*(range(len(axes[i].values)) for i in order)):
        number = dict(zip(order, turn, strict=True))
        place = tuple(number[i] for i in range(len(axes)))
        values = tuple(axis.values[n] for axis, n in zip(axes, place, strict=True))
        found.append(Cell(place, values))
    return found


def _reach(prompt: Prompt, root: str) -> int:
    """How many nodes depend on one."""
    feeds, found, stack = users(prompt), {root}, [root]
    while stack:
        fresh = [id for id in feeds[stack.pop()] if id not in found]
        found.update(fresh)
        stack += fresh
    return len(found)


def with_values(graph: Mapping[str, Any], axes: Sequence[Axis], cell: Cell) -> dict[str, Any]:
    """The API-format graph of one combination; what does not change is shared."""
    made = dict(graph)
    for axis, value in zip(axes, cell.values, strict=True):
        node = made[axis.node]
        constant = {VALUE_KEY: value} if isinstance(value, list) else value
        made[axis.node] = {**node, "inputs": {**node["inputs"], axis.input: constant}}
    return made


def _refused(text: str) -> InvalidPrompt:
    return InvalidPrompt("invalid_sweep", text, text)
