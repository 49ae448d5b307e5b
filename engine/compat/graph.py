"""``comfy_execution.graph`` and ``graph_utils``: graphs that nodes build, and blocks."""

from collections.abc import Mapping
from typing import Any

from engine.plugins.builder import GraphBuilder
from engine.plugins.builder import GraphNode as Node
from engine.plugins.node import Blocked as ExecutionBlocker


class NodeNotFoundError(Exception):
    """There is no node of that id."""


class NodeInputError(Exception):
    """An input that cannot be."""


class DependencyCycleError(Exception):
    """Nodes that wait for each other."""


def is_link(obj: Any) -> bool:
    """Whether a value is a link ``[node id, slot]``."""
    if not isinstance(obj, list) or len(obj) != 2 or not isinstance(obj[0], str):
        return False
    return isinstance(obj[1], int | float) and not isinstance(obj[1], bool)


def add_graph_prefix(
    graph: Mapping[str, Any], outputs: Any, prefix: str
) -> tuple[dict[str, Any], tuple[Any, ...]]:
    """A graph whose ids begin with ``prefix``, and results that link to them."""

    def moved(value: Any) -> Any:
        return [f"{prefix}{value[0]}", value[1]] if is_link(value) else value

    made = {
        f"{prefix}{id}": {**node, "inputs": {n: moved(v) for n, v in node["inputs"].items()}}
        for id, node in graph.items()
    }
    return made, tuple(moved(value) for value in outputs)


class DynamicPrompt:
    """A graph that grows, as nodes see it through the hidden input DYNPROMPT."""

    def __init__(self, original_prompt: Mapping[str, Any]) -> None:
        self.original_prompt = dict(original_prompt)

    def get_original_prompt(self) -> dict[str, Any]:
        """The graph as it began."""
        return self.original_prompt

    def get_node(self, node_id: str) -> Any:
        """A node in API format.

        Raises:
            NodeNotFoundError: there is none.
        """
        if node_id not in self.original_prompt:
            raise NodeNotFoundError(f"Node {node_id} not found")
        return self.original_prompt[node_id]

    def has_node(self, node_id: str) -> bool:
        """Whether there is such a node."""
        return node_id in self.original_prompt

    def all_node_ids(self) -> set[str]:
        """The ids of all nodes."""
        return set(self.original_prompt)


__all__ = [
    "DependencyCycleError",
    "DynamicPrompt",
    "ExecutionBlocker",
    "GraphBuilder",
    "Node",
    "NodeInputError",
    "NodeNotFoundError",
    "add_graph_prefix",
    "is_link",
]
