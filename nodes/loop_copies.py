"""Copies of the body of a loop, one an iteration; what :mod:`nodes.loops` is built on.

Invariant: what a copy computes is named by what goes into it, never by the loop around it
(items by their content, states by what made them); so iterations are found again when only
other items, the count or the condition changed. Ids grow with the nesting of loops alone.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from engine.api import Context, GraphBuilder, NodeError, Output

STATES = ("state1", "state2", "state3", "state4")
#: Output names of the start nodes, by kind.
OUTPUTS = {
    "ForEachStart": ("loop", "item", "index", "total"),
    "WhileStart": ("loop", "index", *STATES),
    "StartLoop": ("loop", "item", "index", "total", *STATES),
}
#: Written by validation, for each loop anew.
WRITTEN = ("loop_body", "loop_shows")
#: The API format wraps lists that are plain values in an object with this key.
WRAP = "__value__"

#: ``[node id, slot]``.
Wired = list[Any]


@dataclass(frozen=True)
class Pattern:
    """The body of a loop, as it stands in the graph.

    Attributes:
        end: id of the end node.
        start: id of the start node.
        inputs: of the end.
        first: inputs of the start.
        names: of the start's outputs.
        nodes: of the body, in API format.
        shown: per node of the body the one that the canvas shows.
        stem: what all ids begin with, if the loop stands in an iteration of another.
    """

    end: str
    start: str
    inputs: Mapping[str, Any]
    first: Mapping[str, Any]
    names: Sequence[str]
    nodes: Mapping[str, Mapping[str, Any]]
    shown: Mapping[str, str]
    stem: str

    def used(self) -> set[str]:
        """Names of the start's outputs that are used."""
        inputs = [self.inputs, *(node["inputs"] for node in self.nodes.values())]
        links = (v for each in inputs for v in each.values() if isinstance(v, list))
        return {self.names[int(slot)] for node, slot in links if node == self.start}


def read_pattern(end: str, ctx: Context) -> Pattern:
    """Look the body of a loop up in the graph of the run."""
    graph = ctx.graph
    assert graph is not None
    inputs = graph.get_node(end)["inputs"]
    if "loop_body" not in inputs:
        raise NodeError(f"The prompt with loop end {end} was not validated; do that before.")
    start, body = inputs["loop"][0], inputs["loop_body"][WRAP]
    begin = graph.get_node(start)
    inner = graph.get_parent_node_id(end) is not None
    return Pattern(
        end,
        start,
        inputs,
        begin["inputs"],
        OUTPUTS[begin["class_type"]],
        {id: graph.get_node(id) for id in body},
        {id: graph.get_display_node_id(id) for id in body},
        end.rpartition(".")[0] + "." if inner else "",
    )


@dataclass
class Copies:
    """Copies of a pattern, one an iteration.

    Attributes:
        pattern: of the loop.
        graph: values, and what the loop adds.
        made: the copies, in API format.
    """

    pattern: Pattern
    graph: GraphBuilder = field(default_factory=GraphBuilder)
    made: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def first_states(self) -> dict[str, Wired | None]:
        """The states of the first iteration."""
        first = self.pattern.first
        return {name: self._first(name, first.get(name)) for name in STATES}

    def _first(self, name: str, value: Any) -> Wired | None:
        place = f"{self.pattern.end}.@{name}"
        return None if value is None else self.wired(value, 0, {}, place)

    def add(self, number: int, given: Mapping[str, Wired | None]) -> None:
        """Copy the body.

        Args:
            number: of the iteration.
            given: what stands for the start's outputs.
        """
        for id, pattern in self.pattern.nodes.items():
            full = self._id(id, number)
            inputs = {
                name: self._input(value, number, given, f"{full}.{name}")
                for name, value in pattern["inputs"].items()
                if name not in WRITTEN
            }
            shown = {"override_display_id": self.pattern.shown[id]}
            self.made[full] = {**pattern, "inputs": inputs, **shown}

    def _id(self, id: str, number: int) -> str:
        return f"{self.pattern.end}.{number}.{id.removeprefix(self.pattern.stem)}"

    def _input(self, value: Any, number: int, given: Mapping[str, Wired | None], place: str) -> Any:
        if value is None or isinstance(value, str | int | float):
            return value
        return self.wired(value, number, given, place)

    def wired(
        self, value: Any, number: int, given: Mapping[str, Wired | None], place: str
    ) -> Wired:
        """A link in the pattern, or a constant, as a link in the copy.

        Args:
            value: link or constant.
            number: of the iteration.
            given: what stands for the start's outputs.
            place: id for the constant.
        """
        if not isinstance(value, list):
            plain = value[WRAP] if isinstance(value, dict) and WRAP in value else value
            return self.graph.value(place, plain, content_name(plain) or place)
        id, slot = value
        if id == self.pattern.start:
            return self._given(int(slot), given)
        return [self._id(id, number), slot] if id in self.pattern.nodes else value

    def _given(self, slot: int, given: Mapping[str, Wired | None]) -> Wired:
        name, start = self.pattern.names[slot], self.pattern.start
        if slot == 0:
            return [start, 0]
        found = given[name]
        if found is None:
            raise NodeError(
                f"'{name}' is used inside the loop that node {start} starts, but has no first "
                f"value: wire one to the input '{name}' of node {start}."
            )
        return found

    def next_states(self, number: int, given: Mapping[str, Wired | None]) -> dict[str, Any]:
        """What an iteration hands on; a state that is not wired at the end stays."""
        inputs, end = self.pattern.inputs, self.pattern.end
        return {
            name: self.wired(inputs[name], number, given, f"{end}.{number}.@{name}")
            if inputs.get(name) is not None
            else given.get(name)
            for name in STATES
        }

    def number(self, number: int, name: str, value: int) -> Wired:
        """A whole number as an output of the start."""
        place = f"{self.pattern.end}.{number}.@{name}"
        return self.graph.value(place, value, f"content {value!r}")

    def item(self, number: int, value: Any) -> Wired:
        """An item as an output of the start, named by its content if that is possible."""
        place = f"{self.pattern.end}.{number}.@item"
        name = content_name(value)
        if name is not None:
            return self.graph.value(place, value, name)
        wire = [self.pattern.start, 0]
        return self.graph.node("LoopItem", id=place, loop=wire, number=number).out(0)

    def output(self, values: Iterable[Any]) -> Output:
        """The expansion, with these results."""
        return Output(tuple(values), expand={**self.graph.finalize(), **self.made})


def content_name(value: Any) -> str | None:
    """A name that equal values share in every process; None for what has no plain content."""
    try:
        return f"content {_content(value)}"
    except TypeError:
        return None


def _content(value: Any) -> str:
    if value is None or type(value) in (bool, int, float, str):
        return repr(value)
    if type(value) is torch.Tensor and value.layout is torch.strided:
        data = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
        digest = hashlib.blake2b(data, digest_size=16).hexdigest()
        return f"{value.dtype}{tuple(value.shape)}{value.device}{digest}"
    if type(value) in (list, tuple):
        return f"{type(value).__name__}[{', '.join(map(_content, value))}]"
    if type(value) is dict:
        return f"{{{', '.join(f'{_content(k)}: {_content(v)}' for k, v in value.items())}}}"
    raise TypeError(type(value).__name__)
