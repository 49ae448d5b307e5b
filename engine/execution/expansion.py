"""Expansion: the nodes that a node gave instead of values, and how they join the run.

Invariant: what a node with a given signature expands into is the same every time, and every
value that is no plain constant is named by that signature and its place; so inner results
are found again like all others.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from engine.cache.parts import nbytes
from engine.errors import NodeError
from engine.graph.prompt import Link, Prompt, PromptNode
from engine.graph.signature import Signature
from engine.graph.spec import NodeSpec, OutputSpec
from engine.plugins.builder import VALUE_KIND
from engine.plugins.node import Blocked, Collected, Gathered, Output

from .mapping import Items

#: Stands for a value that an expansion brings along; such a node never runs.
VALUE = NodeSpec(VALUE_KIND, "Value", "", outputs=(OutputSpec("value", "*"),))


@dataclass
class Expansion:
    """The inner nodes of a node.

    Attributes:
        nodes: by full id: with the parent's id in front, unless the id begins already with it
            or with what the parent and its neighbours have in common, so that ids do not grow
            when one iteration makes the next.
        given: values that they use, by the id of the node that stands for each.
        signatures: of those nodes.
        displays: inner nodes that another node than the parent's stands for.
        results: per call of the parent and output socket, a ``Link``, a ``Gathered`` of
            links, or a value.
    """

    nodes: dict[str, PromptNode] = field(default_factory=dict)
    given: dict[str, tuple[list[Any], ...]] = field(default_factory=dict)
    signatures: dict[str, Signature] = field(default_factory=dict)
    displays: dict[str, str] = field(default_factory=dict)
    results: list[Sequence[Any]] = field(default_factory=list)

    @property
    def part(self) -> Prompt:
        """The nodes, and those that stand for values."""
        return {**self.nodes, **{id: PromptNode(id, VALUE.id, {}) for id in self.given}}

    def sources(self) -> list[str]:
        """The nodes whose results take the place of the parent's."""
        return list(dict.fromkeys([link.node for link in self.links()]))

    def links(self) -> Iterator[Link]:
        """All links among the results."""
        for value in (value for values in self.results for value in values):
            if isinstance(value, Gathered):
                yield from value.links  # type: ignore[misc]  # the reader made them links
            elif isinstance(value, Link):
                yield value

    def resolved(self, held: Mapping[str, tuple[list[Any], ...]]) -> list[list[Any]]:
        """The results, with what inner nodes produced in the places of links to them."""
        return [[_resolved(value, held) for value in values] for values in self.results]

    def outside(self) -> set[str]:
        """Nodes that are not part of it and that it links to."""
        links = {link.node for node in self.nodes.values() for _, link in node.links()}
        return links - self.nodes.keys() - self.given.keys()


def read(
    parent: str, signature: Signature, outputs: Sequence[Output], exists: Callable[[str], bool]
) -> Expansion:
    """Read what the calls of a node gave.

    Args:
        parent: id of the node.
        signature: of the node.
        outputs: of its calls; at least one expands.
        exists: whether there is a node of that id outside.
    """
    found = Expansion()
    for number, output in enumerate(outputs):
        if output.expand is None:
            found.results.append(output.values)
        else:
            reader = _Reader(parent, signature, number, output.expand, exists, found)
            reader.read()
            found.results.append([reader.result(value) for value in output.values])
    return found


class _Reader:
    """Reads the graph that one call gave."""

    def __init__(
        self,
        parent: str,
        signature: Signature,
        number: int,
        graph: Mapping[str, Any],
        exists: Callable[[str], bool],
        found: Expansion,
    ) -> None:
        own = f"{parent}."
        stem, dot, _ = parent.rpartition(".")
        full = (own, stem + dot) if dot else (own,)
        self.ids = {id: id if id.startswith(full) else f"{own}{number}.{id}" for id in graph}
        self.parent = parent
        self.place = f"{signature}.{number}"
        self.graph = graph
        self.exists = exists
        self.found = found

    def read(self) -> None:
        for id, node in self.graph.items():
            full = self.ids[id]
            if full in self.found.nodes or full in self.found.given:
                raise NodeError(f"Node {self.parent} expanded into two nodes with the id '{full}'.")
            if not isinstance(node, Mapping) or not isinstance(node.get("class_type"), str):
                raise NodeError(
                    f"Node {self.parent} expanded into '{id}', which has no class_type. Build "
                    "expansions with GraphBuilder."
                )
            self._node(id, full, node)

    def _node(self, id: str, full: str, node: Mapping[str, Any]) -> None:
        if node["class_type"] == VALUE_KIND:
            self._give(full, node["inputs"]["value"], f"named {node['inputs']['name']}")
            return
        inputs = {
            name: self._input(f"{id}.{name}", f"{full}.{name}", value)
            for name, value in node.get("inputs", {}).items()
        }
        meta = node.get("_meta")
        title = meta.get("title", "") if isinstance(meta, Mapping) else ""
        self.found.nodes[full] = PromptNode(full, node["class_type"], inputs, str(title))
        if node.get("override_display_id"):
            self.found.displays[full] = str(node["override_display_id"])

    def _input(self, place: str, full: str, value: Any) -> Any:
        if value is None or isinstance(value, str | int | float):
            return value
        if is_link(value):
            return self._link(value)
        self._give(full, value, f"value {self.place}.{place}")
        return Link(full, 0)

    def _give(self, full: str, value: Any, name: str) -> None:
        digest = hashlib.blake2b(name.encode(), digest_size=16).hexdigest()
        self.found.given[full] = ([value],)
        self.found.signatures[full] = Signature(digest)

    def _link(self, value: Sequence[Any]) -> Link:
        id = str(value[0])
        return Link(self.ids.get(id, id), int(value[1]))

    def result(self, value: Any) -> Any:
        """A result of the call: the link that it is, or itself."""
        if isinstance(value, Gathered):
            return replace(value, links=[self._link(link) for link in value.links])
        if not is_link(value):
            return value
        link = self._link(value)
        return link if self._is_there(link.node) else value

    def _is_there(self, id: str) -> bool:
        return id in self.found.nodes or id in self.found.given or self.exists(id)


def _resolved(value: Any, held: Mapping[str, tuple[list[Any], ...]]) -> Any:
    if isinstance(value, Gathered):
        found = [item for link in value.links for item in held[link[0]][link[1]]]
        items = [item for item in found if type(item) is not Blocked]
        return Collected(items, nbytes(items)) if value.packed else Items(items)
    return Items(held[value.node][value.slot]) if isinstance(value, Link) else value


def is_link(value: Any) -> bool:
    """Whether a value looks like ``[node id, slot]``."""
    return (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], str)
        and isinstance(value[1], int | float)
        and not isinstance(value[1], bool)
    )
