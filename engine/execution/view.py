"""Where inner nodes come from, and the graph as nodes may look at it.

Invariant: every inner node has a parent, and exactly one node of the canvas stands for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.graph.prompt import Prompt, to_json


@dataclass
class Family:
    """Parents of inner nodes.

    Attributes:
        parents: per inner node, the node that expanded into it.
        displays: per inner node, the node that the canvas shows instead.
        roots: per inner node, the node of the prompt that it came from in the end.
    """

    parents: dict[str, str] = field(default_factory=dict)
    displays: dict[str, str] = field(default_factory=dict)
    roots: dict[str, str] = field(default_factory=dict)

    def add(self, id: str, parent: str, display: str | None) -> None:
        """Take in a child."""
        self.parents[id] = parent
        self.displays[id] = display or self.displays.get(parent, parent)
        self.roots[id] = self.roots.get(parent, parent)

    def about(self, id: str) -> dict[str, Any]:
        """The part of an event's data that says which node it is about."""
        if id not in self.parents:
            return {"node": id}
        return {"node": id, "display_node": self.displays[id], "parent_node": self.parents[id]}


@dataclass(frozen=True)
class View:
    """Implements :class:`engine.plugins.node.GraphView` over a growing prompt."""

    original: Prompt
    now: Prompt
    family: Family

    def get_original_prompt(self) -> dict[str, Any]:
        """The prompt as it began, in API format."""
        return to_json(self.original)

    def get_node(self, node_id: str) -> dict[str, Any]:
        """A node in API format; raises KeyError."""
        data: Mapping[str, Any] = to_json({node_id: self.now[node_id]})
        return dict(data[node_id])

    def has_node(self, node_id: str) -> bool:
        """Whether there is such a node now."""
        return node_id in self.now

    def all_node_ids(self) -> set[str]:
        """Ids of all nodes that there are now."""
        return set(self.now)

    def get_parent_node_id(self, node_id: str) -> str | None:
        """The node that expanded into this one."""
        return self.family.parents.get(node_id)

    def get_display_node_id(self, node_id: str) -> str:
        """The node of the canvas that stands for this one."""
        return self.family.displays.get(node_id, node_id)

    def get_real_node_id(self, node_id: str) -> str:
        """The node of the prompt that this one came from in the end."""
        return self.family.roots.get(node_id, node_id)
