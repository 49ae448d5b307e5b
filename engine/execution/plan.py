"""Planning: what of a prompt has to run, given what is known already.

Invariant: linear in nodes + links, without recursion; a node whose result is known is never
run, and nothing runs that only such nodes need.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from engine.cache.memory import Entry
from engine.graph.prompt import Prompt
from engine.graph.signature import Signature


@dataclass(frozen=True)
class Plan:
    """What a run will do.

    Attributes:
        rank: position of each node to run; depth first from each output, so that the first
            picture comes early and intermediate results are given up soon.
        hits: results that are known and needed.
        users: per node, the nodes to run that take its result.
    """

    rank: Mapping[str, int]
    hits: Mapping[str, Entry]
    users: Mapping[str, Sequence[str]]


def plan(
    prompt: Prompt,
    outputs: Sequence[str],
    signatures: Mapping[str, Signature],
    known: Callable[[Signature], Entry | None],
) -> Plan:
    """Plan a validated prompt.

    Args:
        prompt: the nodes.
        outputs: ids of the output nodes to run.
        signatures: of every node.
        known: looks up a result.
    """
    rank: dict[str, int] = {}
    hits: dict[str, Entry] = {}
    users: dict[str, list[str]] = {}
    entered: set[str] = set()
    stack = [(id, False) for id in reversed(outputs)]
    while stack:
        id, left = stack.pop()
        if left:
            rank[id] = len(rank)
            continue
        if id in entered:
            continue
        entered.add(id)
        users.setdefault(id, [])
        entry = known(signatures[id])
        if entry is not None:
            hits[id] = entry
            continue
        stack.append((id, True))
        sources = list(dict.fromkeys(link.node for _, link in prompt[id].links()))
        for source in sources:
            users.setdefault(source, []).append(id)
        stack += [(source, False) for source in reversed(sources)]
    return Plan(rank, hits, users)
