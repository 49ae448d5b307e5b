"""Loops: which nodes stand between a start and its end, and what may not.

A start and an end node are wired by the end's input ``loop``. The body is what lies
downstream of the start and upstream of the end, together with output nodes that hang off it
and what those need. A loop whose end another loop's inside feeds is nested in that loop.

Invariant: every node stands in one chain of loops, the outermost first; what is inside of a
loop is used outside of it only through its end. Linear in nodes + links times the depth of
nesting, which is bounded; no recursion.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from .faults import Fault
from .prompt import Link, Prompt, PromptNode, topological
from .spec import Specs

#: Inputs of end nodes: the wire from the start; what validation writes, the nodes of the body
#: (not signed: the links say the same) and how many of them are output nodes.
WIRE, BODY, SHOWS = "loop", "loop_body", "loop_shows"
#: How many loops may stand in each other.
DEEPEST = 16

#: Ids of the starts of loops that a node is inside of, the outermost first.
Chain = tuple[str, ...]
#: A node, or (with an empty id) a loop, beside others in the same loop.
_Point = tuple[Chain, str]
#: Per point those that it feeds, each with one of the links: input and node.
_Edges = dict[_Point, dict[_Point, tuple[Link, str, str]]]
_NO_LOOPS: frozenset[str] = frozenset()


@dataclass
class Loops:
    """The loops of a prompt.

    Attributes:
        starts: all start nodes.
        ends: per start its end.
        surplus: second ends, and whose they are.
        chains: per node the loops it is inside of; a start and an end are inside of their own.
        faults: per node.
    """

    starts: list[str] = field(default_factory=list)
    ends: dict[str, str] = field(default_factory=dict)
    surplus: dict[str, str] = field(default_factory=dict)
    chains: dict[str, Chain] = field(default_factory=dict)
    faults: dict[str, list[Fault]] = field(default_factory=dict)

    def reach(self, prompt: Prompt, roots: Iterable[str]) -> set[str]:
        """The roots and what they need; whatever needs a start needs its end too."""
        found: set[str] = set()
        stack = [root for root in roots if root in prompt]
        while stack:
            id = stack.pop()
            if id not in found:
                found.add(id)
                stack += [link.node for _, link in prompt[id].wired if link.node in prompt]
                if id in self.ends:
                    stack.append(self.ends[id])
        return found

    def fault(self, id: str, type: str, details: str, **info: object) -> None:
        """Remember what is wrong with a node."""
        told = self.faults.setdefault(id, [])
        told.append(Fault(type, "The loop is not closed in itself", details, dict(info)))


def pair(prompt: Prompt, specs: Specs) -> Loops:
    """Find the end of every start; tells ends that are wired to anything else."""
    found = Loops()
    for id, node in prompt.items():
        role = specs[node.kind].loop
        if role == "start":
            found.starts.append(id)
        elif role == "end" and type(node.inputs.get(WIRE)) is Link:
            _pair(found, id, prompt, specs)
    return found


def _pair(found: Loops, id: str, prompt: Prompt, specs: Specs) -> None:
    link, wanted = prompt[id].inputs[WIRE], specs[prompt[id].kind].pair
    source = prompt.get(link.node)
    if source is None:
        return  # told as a link to nowhere
    if source.kind != wanted or link.slot != 0:
        text = (
            f"{WIRE}: found output {link.slot} of '{link.node}' ({source.kind}); only the output "
            f"'{WIRE}' of a node {wanted} may be wired here. Wire that, or use another end node"
        )
        found.fault(id, "loop_wrong_start", text, input_name=WIRE, received_value=list(link))
    elif link.node in found.ends:
        text = (
            f"{WIRE}: the loop that '{link.node}' starts is ended by '{found.ends[link.node]}' "
            "already; a loop has one end. Remove one of the two, or give this one its own start"
        )
        found.fault(id, "loop_two_ends", text, input_name=WIRE, received_value=list(link))
        found.surplus[id] = link.node  # so that this is all that is told of it
    else:
        found.ends[link.node] = id


def compiled(prompt: Prompt) -> Loops:
    """The starts and ends of a prompt that :func:`prepare` has been over."""
    ends = {n.inputs[WIRE].node: id for id, n in prompt.items() if BODY in n.inputs}
    return Loops(list(ends), ends)


def examine(prompt: Prompt, specs: Specs, loops: Loops) -> None:
    """Find the chain of every node, and every fault.

    Args:
        prompt: the nodes that are needed; links may lead out of it.
        specs: their kinds.
        loops: from :func:`pair`; is filled.
    """
    for id in loops.starts:
        if id in prompt and id not in loops.ends:
            kind = prompt[id].kind
            text = (
                f"the loop that '{id}' ({kind}) starts has no end. Add a node {specs[kind].pair} "
                f"and wire the output '{WIRE}' of '{id}' to its input '{WIRE}'"
            )
            loops.fault(id, "loop_without_end", text)
    if loops.ends:
        opened = _opened(prompt, loops)
        lines = _lines(opened, loops)
        loops.chains.update(_chains(prompt, opened, lines, loops))
        for leak in _leaks(prompt, loops):
            _tell_leak(prompt, loops, *leak)


def _opened(prompt: Prompt, loops: Loops) -> dict[str, frozenset[str]]:
    """Per node the loops whose start it depends on otherwise than through their end."""
    starts = {end: start for start, end in loops.ends.items()} | loops.surplus
    passed: dict[str, frozenset[str]] = {}
    opened: dict[str, frozenset[str]] = {}
    for id in topological(prompt):
        own = _NO_LOOPS
        for _, link in prompt[id].wired:
            found = passed.get(link.node, _NO_LOOPS)
            if found and found is not own:
                own = own | found if own else found
        if len(own) > DEEPEST:
            text = f"'{id}' depends on the inside of {len(own)} loops; at most {DEEPEST} may nest"
            loops.fault(id, "loop_too_deep", f"{text}. End some of them before")
            own = _NO_LOOPS
        opened[id] = own
        if id in loops.ends:
            own = own | {id}
        passed[id] = own - {starts[id]} if id in starts else own
    return opened


def _lines(opened: Mapping[str, frozenset[str]], loops: Loops) -> dict[str, Chain]:
    """Per loop the loops around it and itself, the outermost first."""
    around = {
        start: opened[end] - {start} if end in opened else _NO_LOOPS
        for start, end in loops.ends.items()
        if start in opened
    }
    nodes = {start: [(s, Link(s, 0)) for s in found] for start, found in around.items()}
    order = topological({s: PromptNode(s, "", dict(links)) for s, links in nodes.items()})
    lines: dict[str, Chain] = {}
    for start in order:
        line = _line(around[start], lines)
        if line is None:
            _tell_overlap(loops, loops.ends[start], around[start])
        lines[start] = (*(line or ()), start)
    for start in around.keys() - lines.keys():
        _tell_overlap(loops, loops.ends[start], around[start] | {start})
        lines[start] = (start,)
    return lines


def _line(inside: frozenset[str], lines: Mapping[str, Chain]) -> Chain | None:
    """The line of the innermost of some loops, if all others stand in it."""
    known = [lines[start] for start in inside if start in lines]
    innermost = max(known, key=len, default=())
    return innermost if set(innermost).issuperset(chain.from_iterable(known)) else None


def _chains(
    prompt: Prompt,
    opened: Mapping[str, frozenset[str]],
    lines: Mapping[str, Chain],
    loops: Loops,
) -> Iterator[tuple[str, Chain]]:
    starts = {end: start for start, end in loops.ends.items()}
    known: dict[frozenset[str], Chain | None] = {_NO_LOOPS: ()}
    for id in prompt:
        own = id if id in loops.ends else starts.get(id, "")
        if own in lines:
            yield id, lines[own]
            continue
        inside = opened.get(id, _NO_LOOPS)
        if inside not in known:
            known[inside] = _line(inside, lines)
        line = known[inside]
        if line is None:
            _tell_overlap(loops, id, inside)
        yield id, line or ()


def _tell_overlap(loops: Loops, id: str, inside: Iterable[str]) -> None:
    named = ", ".join(f"'{start}' to '{loops.ends[start]}'" for start in sorted(inside))
    text = (
        f"'{id}' depends on the inside of several loops ({named}), of which none is inside the "
        "other. End one of them before, or put it into the other: feed its end to the body or "
        "the end of the other"
    )
    loops.fault(id, "loop_overlap", text, loops=sorted(inside))


def _leaks(prompt: Prompt, loops: Loops) -> Iterator[tuple[str, Link, str, str]]:
    """Links into a loop from what waits for its end: start, link, input and node.

    Each loop is drawn as one point among what is beside it; such a link makes a cycle.
    """
    starts = {end: start for start, end in loops.ends.items()}
    edges: _Edges = {}
    for id, node in prompt.items():
        for name, link in node.wired:
            if link.node not in loops.chains:
                continue
            if starts.get(link.node) in loops.chains[id]:
                yield starts[link.node], link, name, id
                continue
            source, user = _beside(link.node, id, loops.chains)
            edges.setdefault(source, {}).setdefault(user, (link, name, id))
            edges.setdefault(user, {})
    yield from _cyclic(edges)


def _beside(source: str, user: str, chains: Mapping[str, Chain]) -> tuple[_Point, _Point]:
    """Two nodes, or the loops that they are in, inside the innermost loop around both."""
    left, right = chains[source], chains[user]
    depth = 0
    while depth < min(len(left), len(right)) and left[depth] == right[depth]:
        depth += 1
    return (
        (left[: depth + 1], "") if len(left) > depth else (left, source),
        (right[: depth + 1], "") if len(right) > depth else (right, user),
    )


def _cyclic(edges: _Edges) -> Iterator[tuple[str, Link, str, str]]:
    """Of every cycle through a loop a link that leads into the loop."""
    order = _ordered(edges)
    if len(order) == len(edges):
        return
    import networkx  # imported late: it costs a third of the server's start-up time

    graph: networkx.DiGraph[_Point] = networkx.DiGraph()
    graph.add_edges_from((source, user) for source, users in edges.items() for user in users)
    for part in networkx.strongly_connected_components(graph):
        into = ((s, u) for s in part for u in edges[s] if u in part and not u[1])
        if len(part) > 1 and (edge := next(into, None)):
            yield edge[1][0][-1], *edges[edge[0]][edge[1]]


def _ordered(edges: _Edges) -> list[_Point]:
    """The points so that each comes after what it depends on; not those in or behind a cycle."""
    waiting = dict.fromkeys(edges, 0)
    for users in edges.values():
        for user in users:
            waiting[user] += 1
    order = [point for point, count in waiting.items() if count == 0]
    for point in order:  # grows while it is walked
        for user in edges[point]:
            waiting[user] -= 1
            if waiting[user] == 0:
                order.append(user)
    return order


def _tell_leak(prompt: Prompt, loops: Loops, start: str, link: Link, name: str, user: str) -> None:
    end = loops.ends[start]
    text = (
        f"{name}: '{user}' ({prompt[user].kind}) is inside the loop from '{start}' to '{end}', "
        f"and through '{link.node}' it waits for '{end}'. Values leave a loop only through its "
        f"end: take what '{user}' needs from inside from '{end}' too, or do without '{link.node}'"
    )
    loops.fault(user, "loop_leak", text, input_name=name, received_value=list(link))


def prepare(prompt: Prompt, specs: Specs, loops: Loops) -> Prompt:
    """The prompt with the body of each loop written into its end node.

    Args:
        prompt: checked; only nodes that are needed.
        specs: their kinds.
        loops: examined.
    """
    if not loops.ends:
        return prompt
    bodies: dict[str, list[str]] = {start: [] for start in loops.ends}
    for id in prompt:
        for start in loops.chains.get(id, ()):
            if id not in (start, loops.ends[start]):
                bodies[start].append(id)
    ends = {
        loops.ends[start]: _with_body(prompt[loops.ends[start]], body, prompt, specs)
        for start, body in bodies.items()
        if loops.ends[start] in prompt
    }
    return {id: ends.get(id, node) for id, node in prompt.items()}


def _with_body(end: PromptNode, body: list[str], prompt: Prompt, specs: Specs) -> PromptNode:
    shows = sum(specs[prompt[id].kind].is_output for id in body)
    return PromptNode(end.id, end.kind, {**end.inputs, BODY: body, SHOWS: shows}, end.title)


def without(node: PromptNode, kept: Container[str]) -> PromptNode:
    """An end node whose body holds only nodes that are kept; other nodes as they are."""
    if BODY not in node.inputs:
        return node
    body = [id for id in node.inputs[BODY] if id in kept]
    return PromptNode(node.id, node.kind, {**node.inputs, BODY: body}, node.title)


def outside(prompt: Prompt, node: PromptNode) -> list[str]:
    """What the body of an end node uses of the graph around it; nothing for other nodes."""
    if BODY not in node.inputs:
        return []
    body = {node.inputs[WIRE].node, *node.inputs[BODY]}
    links = [link for id in node.inputs[BODY] for _, link in prompt[id].wired]
    return list(dict.fromkeys(link.node for link in links if link.node not in body))


def roots(prompt: Prompt, outputs: Sequence[str]) -> list[str]:
    """What has to run so that the outputs do: for one inside a loop, the outermost end.

    Args:
        prompt: prepared.
        outputs: ids of output nodes.
    """
    ends = [node for node in prompt.values() if BODY in node.inputs] if outputs else []
    within: dict[str, str] = {}
    for end in sorted(ends, key=lambda node: len(node.inputs[BODY])):
        within.update(dict.fromkeys(end.inputs[BODY], end.id))
    return list(dict.fromkeys(within.get(id, id) for id in outputs))
