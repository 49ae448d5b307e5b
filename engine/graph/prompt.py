"""The API format: a prompt as clients send it, read into frozen data and into a graph.

Invariant: a ``Prompt`` keeps the order of the file, and every link in it is a ``Link``; what
the links point to is for validation to judge.
"""

import marshal
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.errors import InvalidPrompt

if TYPE_CHECKING:
    import networkx

#: Version of the marshal format that writes equal things equally.
_EQUAL = 2
#: Wraps a list that is a plain value, since a bare list is a link.
VALUE_KEY = "__value__"


class Link(NamedTuple):
    """The output ``slot`` of the node ``node``."""

    node: str
    slot: int


@dataclass(frozen=True, slots=True)
class BadLink:
    """A list that should be a link and is none; kept so that validation can report it."""

    value: Any


class PromptNode:
    """One node of a prompt, never changed once it was made.

    Not a frozen dataclass, because thousands are made for each prompt and freezing costs.

    Attributes:
        id: of the node.
        kind: its ``class_type``.
        inputs: per input a constant or a ``Link``.
        title: given by the user.
        wired: the inputs that are links, by name; asked for often, so found once.
    """

    __slots__ = ("id", "inputs", "kind", "title", "wired")

    def __init__(self, id: str, kind: str, inputs: Mapping[str, Any], title: str = "") -> None:
        self.id, self.kind, self.inputs, self.title = id, kind, inputs, title
        self.wired: Sequence[tuple[str, Link]] = [
            (name, value) for name, value in inputs.items() if type(value) is Link
        ]

    def links(self) -> Sequence[tuple[str, Link]]:
        """The wired inputs, by name."""
        return self.wired

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PromptNode) and self._facts() == other._facts()

    def __repr__(self) -> str:
        return f"PromptNode{self._facts()}"

    def _facts(self) -> tuple[str, str, Mapping[str, Any], str]:
        return self.id, self.kind, self.inputs, self.title


#: Nodes by id, in file order.
Prompt = Mapping[str, PromptNode]


def parse(data: Any) -> Prompt:
    """Read the JSON object of a prompt.

    Raises:
        InvalidPrompt: it is no object of node objects with a ``class_type`` each.
    """
    if not isinstance(data, dict) or not data:
        raise InvalidPrompt("no_prompt", "No prompt provided", "No prompt provided")
    return {str(id): _node(str(id), node) for id, node in data.items()}


class Reader:
    """Reads one prompt after another; what is as it was is the very object of before.

    Who works on a prompt may so remember, by object, what it found out about it. Prompts and
    nodes are compared by their bytes, for 1, 1.0 and True are equal in Python and not here.
    """

    def __init__(self) -> None:
        self._bytes = b""
        self._of_node: dict[str, bytes] = {}
        self._read: Prompt = {}

    def read(self, data: Any) -> Prompt:
        """As :func:`parse`."""
        whole = _bytes(data)
        if whole and whole == self._bytes:
            return self._read
        if not whole or not isinstance(data, dict):
            return parse(data)
        known, before = self._of_node, self._read
        texts = {id: marshal.dumps(node, _EQUAL) for id, node in data.items()}
        fresh = {id: data[id] for id, text in texts.items() if text != known.get(id)}
        new = parse(fresh) if fresh or not data else {}
        prompt = {id: new[id] if id in new else before[id] for id in data}
        self._bytes, self._of_node, self._read = whole, texts, prompt
        return prompt


def _bytes(data: Any) -> bytes:
    """JSON data as bytes that are equal exactly for equal data; nothing for other data."""
    try:
        return marshal.dumps(data, _EQUAL)
    except ValueError:
        return b""


def _node(id: str, data: Any) -> PromptNode:
    if not isinstance(data, dict):
        raise _invalid(id, f"Node '{id}' is {_kind(data)}; it must be an object.")
    kind, inputs = data.get("class_type"), data.get("inputs", {})
    if not isinstance(kind, str):
        text = "Cannot execute because a node is missing the class_type property."
        raise _invalid(id, text)
    if not isinstance(inputs, dict):
        raise _invalid(id, f"The inputs of node '{id}' are {_kind(inputs)}; give an object.")
    meta = data.get("_meta")
    title = meta.get("title") if isinstance(meta, dict) else None
    values = {str(name): _value(value) for name, value in inputs.items()}
    return PromptNode(id, kind, values, title if isinstance(title, str) else "")


def _value(value: Any) -> Any:
    if type(value) is list:
        if len(value) == 2 and isinstance(value[0], str | int) and _is_slot(value[1]):
            return Link(str(value[0]), int(value[1]))
        return BadLink(value)
    return value[VALUE_KEY] if isinstance(value, dict) and VALUE_KEY in value else value


def _is_slot(value: Any) -> bool:
    if type(value) is int:
        return value >= 0
    return isinstance(value, float) and value >= 0 and value.is_integer()


def _kind(value: Any) -> str:
    return "null" if value is None else f"a {type(value).__name__}"


def _invalid(id: str, message: str) -> InvalidPrompt:
    return InvalidPrompt("invalid_prompt", message, f"Node ID '#{id}'", {"node_id": id})


def to_json(prompt: Prompt) -> dict[str, Any]:
    """The API-format object of a prompt; the inverse of :func:`parse`."""
    return {id: _node_json(node) for id, node in prompt.items()}


def _node_json(node: PromptNode) -> dict[str, Any]:
    inputs = {name: _value_json(value) for name, value in node.inputs.items()}
    data: dict[str, Any] = {"class_type": node.kind, "inputs": inputs}
    return {**data, "_meta": {"title": node.title}} if node.title else data


def _value_json(value: Any) -> Any:
    if isinstance(value, Link):
        return [value.node, value.slot]
    if isinstance(value, BadLink):
        return value.value
    return {VALUE_KEY: value} if isinstance(value, list) else value


def retouched(old: Prompt, new: Prompt) -> list[str] | None:
    """The nodes of ``new`` that are other objects in ``old``, if both have the same shape.

    The shape: the same ids in the same order, nodes of the same kinds, the same links. None if
    it differs.
    """
    if list(old) != list(new):
        return None
    others = [id for id, node in new.items() if old[id] is not node]
    pairs = [(old[id], new[id]) for id in others]
    same = all(a.kind == b.kind and a.wired == b.wired for a, b in pairs)
    return others if same else None


def to_digraph(prompt: Prompt) -> "networkx.DiGraph[str]":
    """The prompt as a graph: an edge from each source to each node that it feeds."""
    import networkx  # imported late: it costs a third of the server's start-up time

    graph: networkx.DiGraph[str] = networkx.DiGraph()
    graph.add_nodes_from(prompt)
    links = ((link.node, id) for id, node in prompt.items() for _, link in node.links())
    graph.add_edges_from((source, id) for source, id in links if source in prompt)
    return graph


def upstream(prompt: Prompt, roots: Iterable[str]) -> set[str]:
    """The roots and every existing node that they depend on."""
    found: set[str] = set()
    stack = [root for root in roots if root in prompt]
    while stack:
        id = stack.pop()
        if id not in found:
            found.add(id)
            stack += [link.node for _, link in prompt[id].links() if link.node in prompt]
    return found


def users(prompt: Prompt) -> dict[str, list[str]]:
    """Per node those that it feeds, once for each link between them."""
    found: dict[str, list[str]] = {id: [] for id in prompt}
    for id, node in prompt.items():
        for _, link in node.wired:
            if link.node in found:
                found[link.node].append(id)
    return found


def topological(prompt: Prompt, feeds: Mapping[str, Sequence[str]] | None = None) -> list[str]:
    """Ids so that each comes after what it depends on (Kahn 1962); file order among equals.

    Links that leave the prompt do not count; nodes in or behind a cycle are left out.

    Args:
        prompt: the nodes.
        feeds: its :func:`users`, if they are at hand.
    """
    feeds = users(prompt) if feeds is None else feeds
    waiting = Counter(chain.from_iterable(feeds.values()))
    order = [id for id in prompt if waiting[id] == 0]
    for id in order:  # grows while it is walked
        for user in feeds[id]:
            waiting[user] -= 1
            if waiting[user] == 0:
                order.append(user)
    return order
