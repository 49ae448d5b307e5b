"""The graph that node functions fill, and the outputs that they give.

Invariant: a workflow holds only what a prompt in API format can say; what is wrong with a name or
a wire is told by the call that makes it.
"""

import json
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar

from engine.errors import InvalidWorkflow
from engine.graph.prompt import VALUE_KEY
from engine.graph.spec import InputSpec, NodeSpec, Specs
from engine.graph.types import coerce, compatible
from engine.graph.widgets import named_widgets

T = TypeVar("T")
_CURRENT: ContextVar["Workflow | None"] = ContextVar("workflow", default=None)


@dataclass(frozen=True)
class Link(Generic[T]):
    """An output of a node, to be passed to an input of another one.

    Attributes:
        node: id of the node.
        slot: number of the output.
        type: of the value; ``*`` if it is not known.
    """

    node: str
    slot: int
    type: str = "*"


class Outputs(Sequence[Link[Any]]):
    """The outputs of a node of which only the name is known, by number."""

    def __init__(self, node: str) -> None:
        self.node = node

    def __getitem__(self, slot: Any) -> Any:
        if not isinstance(slot, int) or slot < 0:
            raise TypeError(f"Outputs have numbers from 0; {slot!r} is none.")
        return Link(self.node, slot)

    def __len__(self) -> int:
        raise TypeError(f"How many outputs node {self.node} has is not known; take them by number.")


class Workflow:
    """A graph under construction; ``with`` lets node functions add to it."""

    def __init__(self) -> None:
        self._nodes: dict[str, dict[str, Any]] = {}
        self._outer: list[Workflow | None] = []

    def __enter__(self) -> "Workflow":
        self._outer.append(_CURRENT.get())
        _CURRENT.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        _CURRENT.set(self._outer.pop())

    def prompt(self) -> dict[str, Any]:
        """The graph in API format."""
        copy: dict[str, Any] = json.loads(json.dumps(self._nodes))
        return copy

    def save(self, path: str | Path) -> None:
        """Write the graph in API format."""
        Path(path).write_text(json.dumps(self._nodes, indent=2) + "\n", "utf-8")

    def add(
        self, kind: str, inputs: Mapping[str, Any], more: Mapping[str, Any], id: str | None = None
    ) -> str:
        """A node more; its id.

        Args:
            kind: of the node.
            inputs: constants and links.
            more: what else its entry holds, such as ``_meta``.
            id: its id; the next free number if none is given.

        Raises:
            InvalidWorkflow: there is a node with this id.
        """
        id = id or str(next(n for n in range(len(self._nodes) + 1, 1 << 62) if self._is_free(n)))
        if id in self._nodes:
            raise InvalidWorkflow(f"There are two nodes with the id {id}; leave out '_id'.")
        wired = {name: _plain(value) for name, value in inputs.items()}
        self._nodes[id] = {"class_type": kind, "inputs": wired, **more}
        return id

    def _is_free(self, number: int) -> bool:
        return str(number) not in self._nodes


def _plain(value: Any) -> Any:
    if isinstance(value, Link):
        return [value.node, value.slot]
    return {VALUE_KEY: value} if isinstance(value, list | tuple) else value


@cache
def specs() -> Specs:
    """The built-in nodes; importing them takes a second, so it waits for the first need."""
    from engine.plugins.discovery import builtin_nodes

    return {id: node.spec for id, node in builtin_nodes()}


def node(kind: str, /, **inputs: Any) -> Any:
    """A node of any kind, also one that only a pack on the server knows.

    Args:
        kind: its ``class_type``.
        inputs: by name; ``_id``, ``_title`` and ``_more`` (other keys of its entry) as everywhere.

    Returns:
        Its output, a tuple of them, or None if it has none; of an unknown kind something that
        gives outputs by number.

    Raises:
        InvalidWorkflow: an input is unknown, missing, or of another type.
    """
    flow = _CURRENT.get()
    if flow is None:
        raise InvalidWorkflow(f"{kind} is called outside of a workflow: `with Workflow() as flow:`")
    id, title, more = (inputs.pop(name, None) for name in ("_id", "_title", "_more"))
    entry = {**({"_meta": {"title": title}} if title is not None else {}), **(more or {})}
    spec = specs().get(kind)
    if spec is None:
        return Outputs(flow.add(kind, inputs, entry, id))
    made = flow.add(kind, _checked(spec, inputs), entry, id)
    links = tuple(Link[Any](made, slot, output.type) for slot, output in enumerate(spec.outputs))
    return None if not links else links[0] if len(links) == 1 else links


def _checked(spec: NodeSpec, given: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs, with defaults for those that the node must have."""
    for name, value in given.items():
        item = spec.input(name)
        if item is not None:
            _check(spec, item, value)
        elif not _may_grow(spec, name):
            raise _unknown(spec, name)
    needed = [i.name for i in spec.inputs if i.section == "required" and i.name not in given]
    blank = named_widgets({}, spec)
    if missing := [name for name in needed if name not in blank]:
        raise InvalidWorkflow(f"{spec.id} needs {', '.join(missing)}; give what is to be used.")
    return {**{name: blank[name] for name in needed}, **given}


def _check(spec: NodeSpec, item: InputSpec, value: Any) -> None:
    where = f"Input '{item.name}' of {spec.id}"
    if isinstance(value, Outputs | tuple) and not item.options.get("multi_select"):
        text = f"{where} takes {item.type}; it was given all outputs of a node. Choose one of them."
        raise InvalidWorkflow(text)
    if isinstance(value, Link):
        if not spec.own_link_checks and not compatible(value.type, item.type):
            text = f"{where} takes {item.type}; output {value.slot} of node {value.node} is"
            raise InvalidWorkflow(f"{text} {value.type}.")
        return
    try:
        coerce(value, item.type)
    except ValueError as error:
        raise InvalidWorkflow(f"{where} is {value!r}: {error}.") from error
    if item.choices is not None and value not in item.choices and spec.own_checks is None:
        near = get_close_matches(str(value), map(str, item.choices), 3) or item.choices[:8]
        shown = ", ".join(map(str, near))
        raise InvalidWorkflow(f"{where} is {value!r}, which is no choice; there is {shown}.")


def _may_grow(spec: NodeSpec, name: str) -> bool:
    """Whether an input of the node gives room for the name, such as ``images.image1``."""
    return any(
        item.type.startswith("COMFY_") and name.startswith(f"{item.name}.") for item in spec.inputs
    )


def _unknown(spec: NodeSpec, name: str) -> InvalidWorkflow:
    known = [item.name for item in spec.inputs if item.section != "hidden"]
    near = get_close_matches(name, known, 1)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    return InvalidWorkflow(f"{spec.id} has no input '{name}'; it has {', '.join(known)}.{hint}")
