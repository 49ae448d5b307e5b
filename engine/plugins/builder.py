"""Writing expansions: graphs that a node builds while it runs.

Invariant: what :meth:`GraphBuilder.finalize` gives is the API format; ids are local, the
engine puts the id of the expanding node in front.
"""

from dataclasses import dataclass, field
from typing import Any

#: Stands for a value in an expansion; such a node never runs.
VALUE_KIND = "ExpansionValue"


@dataclass
class GraphNode:
    """One node of a graph under construction.

    Attributes:
        id: local id.
        class_type: kind of node.
        inputs: constants, any Python values, and links.
        display_id: the node that the canvas shows in its place; None means the one that expands.
    """

    id: str
    class_type: str
    inputs: dict[str, Any] = field(default_factory=dict)
    display_id: str | None = None

    def out(self, index: int) -> list[Any]:
        """The link to an output, for an input of another node or for the result."""
        return [self.id, index]

    def set_input(self, name: str, value: Any) -> None:
        """Set an input; None takes it away."""
        if value is None:
            self.inputs.pop(name, None)
        else:
            self.inputs[name] = value

    def get_input(self, name: str) -> Any:
        """The value or link of an input, or None."""
        return self.inputs.get(name)

    def set_override_display_id(self, id: str) -> None:
        """Show progress and results at that node of the canvas."""
        self.display_id = id


class GraphBuilder:
    """Collects the nodes of an expansion.

    >>> graph = GraphBuilder()
    >>> number = graph.node("ProbeValue", number=3)
    >>> shown = graph.node("ProbeShow", value=number.out(0))
    >>> graph.finalize()["@2"]
    {'class_type': 'ProbeShow', 'inputs': {'value': ['@1', 0]}}
    """

    def __init__(self) -> None:
        self._nodes: dict[str, GraphNode] = {}

    def node(self, class_type: str, id: str | None = None, **inputs: Any) -> GraphNode:
        """Add a node, or get the one that has this id already.

        Args:
            class_type: kind of node.
            id: local id; made up if left out.
            **inputs: constants, any Python values, and links made by ``out``.
        """
        id = id if id is not None else f"@{len(self._nodes) + 1}"
        if id not in self._nodes:
            self._nodes[id] = GraphNode(id, class_type, dict(inputs))
        return self._nodes[id]

    def value(self, id: str, value: Any, name: str) -> list[Any]:
        """Add a value that stands for itself; the link to it.

        Args:
            id: local id.
            value: anything.
            name: equal names mean equal values, in every run and process.
        """
        self._nodes[id] = GraphNode(id, VALUE_KIND, {"value": value, "name": name})
        return [id, 0]

    def lookup_node(self, id: str) -> GraphNode | None:
        """The node of that local id, or None."""
        return self._nodes.get(id)

    def finalize(self) -> dict[str, dict[str, Any]]:
        """The graph in API format, for ``Output(expand=...)``."""
        return {id: _json(node) for id, node in self._nodes.items()}


def _json(node: GraphNode) -> dict[str, Any]:
    data: dict[str, Any] = {"class_type": node.class_type, "inputs": dict(node.inputs)}
    return {**data, "override_display_id": node.display_id} if node.display_id else data
