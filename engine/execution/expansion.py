"""Expansion: the nodes that a node gave instead of values, and how they join the run.

Invariant: what a node with a given signature expands into is the same every time, and every
value that is no plain constant is named by that signature and its place; so inner results
are found again like all others.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.errors import NodeError
from engine.graph.prompt import Link, Prompt, PromptNode
from engine.graph.signature import Signature
from engine.graph.spec import NodeSpec, OutputSpec
from engine.plugins.node import Output

#: Stands for a value that an expansion brings along; such a node never runs.
VALUE = NodeSpec("ExpansionValue", "Value", "", outputs=(OutputSpec("value", "*"),))


@dataclass
class Expansion:
    """The inner nodes of a node.

    Attributes:
        nodes: by full id, with the parent's id in front.
        given: values that they use, by the id of the node that stands for each.
        signatures: of those nodes.
        displays: inner nodes that another node than the parent's stands for.
        results: per call of the parent and output socket, a ``Link`` or a value.
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
        links = (value for values in self.results for value in values if isinstance(value, Link))
        return list(dict.fromkeys(link.node for link in links))

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
        self.ids = {id: id if id.startswith(own) else f"{own}{number}.{id}" for id in graph}
        self.parent = parent
        self.place = f"{signature}.{number}"
        self.graph = graph
        self.exists = exists
        self.found = found

    def read(self) -> None:
        for id, node in self.graph.items():
            full = self.ids[id]
            if full in self.found.nodes:
                raise NodeError(f"Node {self.parent} expanded into two nodes with the id '{full}'.")
            if not isinstance(node, Mapping) or not isinstance(node.get("class_type"), str):
                raise NodeError(
                    f"Node {self.parent} expanded into '{id}', which has no class_type. Build "
                    "expansions with GraphBuilder."
                )
            self._node(id, full, node)

    def _node(self, id: str, full: str, node: Mapping[str, Any]) -> None:
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
        name = f"value {self.place}.{place}".encode()
        self.found.given[full] = ([value],)
        self.found.signatures[full] = Signature(hashlib.blake2b(name, digest_size=16).hexdigest())
        return Link(full, 0)

    def _link(self, value: Sequence[Any]) -> Link:
        id = str(value[0])
        return Link(self.ids.get(id, id), int(value[1]))

    def result(self, value: Any) -> Any:
        """A result of the call: the link that it is, or itself."""
        if not is_link(value):
            return value
        link = self._link(value)
        return link if link.node in self.found.nodes or self.exists(link.node) else value


def is_link(value: Any) -> bool:
    """Whether a value looks like ``[node id, slot]``."""
    return (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], str)
        and isinstance(value[1], int | float)
        and not isinstance(value[1], bool)
    )
