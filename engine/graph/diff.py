"""What differs between two prompts, whatever their layout and numbering.

Invariant: nodes are paired by id and kind first, then, among what is left, by kind and title
where that is unique; a link counts as equal if it leads to paired nodes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .prompt import Link, Prompt, PromptNode


@dataclass(frozen=True)
class Change:
    """One difference.

    Attributes:
        sign: ``+`` only in the second, ``-`` only in the first, ``~`` another value.
        node: id of the node (in the second prompt, if it is there).
        kind: of the node.
        input: name of the input; empty if the node as a whole differs.
        before: value in the first prompt.
        after: value in the second prompt.
    """

    sign: str
    node: str
    kind: str
    input: str = ""
    before: Any = None
    after: Any = None


def diff(first: Prompt, second: Prompt) -> list[Change]:
    """The differences, removed nodes first, then in the order of the second prompt."""
    pairs = pair(first, second)
    taken = set(pairs.values())
    gone = [Change("-", id, node.kind) for id, node in first.items() if id not in pairs]
    back = {there: here for here, there in pairs.items()}
    changes = [c for id in second if id in taken for c in _inputs(first, second, back[id], pairs)]
    new = [Change("+", id, node.kind) for id, node in second.items() if id not in taken]
    return [*gone, *changes, *new]


def pair(first: Prompt, second: Prompt) -> dict[str, str]:
    """Ids of the first prompt to those of the second for nodes that are the same one."""
    pairs = {id: id for id, node in first.items() if id in second and second[id].kind == node.kind}
    left = _by_name(node for id, node in first.items() if id not in pairs)
    right = _by_name(node for id, node in second.items() if id not in pairs)
    for name, nodes in left.items():
        others = right.get(name, [])
        if len(nodes) == len(others) == 1:
            pairs[nodes[0].id] = others[0].id
    return pairs


def _by_name(nodes: Iterator[PromptNode]) -> dict[tuple[str, str], list[PromptNode]]:
    named: dict[tuple[str, str], list[PromptNode]] = {}
    for node in nodes:
        named.setdefault((node.kind, node.title), []).append(node)
    return named


def _inputs(first: Prompt, second: Prompt, id: str, pairs: Mapping[str, str]) -> Iterator[Change]:
    before, after = first[id].inputs, second[pairs[id]].inputs
    for name in sorted(before.keys() | after.keys()):
        old, new = _translated(before.get(name), pairs), after.get(name)
        if old != new:
            yield Change("~", pairs[id], second[pairs[id]].kind, name, before.get(name), new)


def _translated(value: Any, pairs: Mapping[str, str]) -> Any:
    if isinstance(value, Link) and value.node in pairs:
        return Link(pairs[value.node], value.slot)
    return value
