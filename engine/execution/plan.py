"""Planning: what of a prompt has to run, given what is known already; and what waits for what.

A plan grows: a node may ask for a lazy input, or expand into more nodes, and then those are
planned in the same way.

Invariant: linear in nodes + links, without recursion; a node whose result is known is never
run, and nothing runs that only such nodes need. A result is held exactly as long as an open
node may still take it.
"""

from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.cache.memory import Entry
from engine.graph.loops import outside
from engine.graph.prompt import Link, Prompt, PromptNode
from engine.graph.signature import Signature
from engine.graph.spec import Specs

#: Per output socket, the list of items.
Values = tuple[list[Any], ...]


def _ignore(signature: Signature) -> None:
    pass


@dataclass
class Step:
    """What became of a wish.

    Attributes:
        hits: nodes whose results were known.
        fresh: nodes that will run.
        ready: nodes that can run now.
        doomed: nodes that need something that failed.
    """

    hits: list[str] = field(default_factory=list)
    fresh: list[str] = field(default_factory=list)
    ready: list[str] = field(default_factory=list)
    doomed: list[str] = field(default_factory=list)


@dataclass
class Plan:
    """What a run does.

    Attributes:
        prompt: the nodes; grows.
        signatures: of every node.
        known: looks up a result.
        lazy: per kind of node that has them, its lazy inputs.
        rank: position of each node to run; depth first from each output, so that the first
            picture comes early and intermediate results are given up soon. What is asked for
            later goes before everything else: somebody waits for it whose turn had come.
        first: the lowest position given out.
        hits: results that were known and needed.
        given: results that an expansion brought along.
        held: results that an open node may still take.
        open: nodes to run that have not ended.
        lost: nodes that failed, or need one that did.
        users: per node, the nodes that wait for its result.
        waits: per open node, how many sources it waits for.
        takes: per open node, all sources that it may take from.
        uses: per node, how many open nodes may take its result.
        asked: per node, the lazy inputs that it asked for.
        pin: told of each result that an open node may take.
        unpin: told when no open node may take it any more.
    """

    prompt: dict[str, PromptNode]
    signatures: dict[str, Signature]
    known: Callable[[Signature], Entry | None]
    lazy: Mapping[str, frozenset[str]] = field(default_factory=dict)
    rank: dict[str, int] = field(default_factory=dict)
    first: int = 0
    hits: dict[str, Entry] = field(default_factory=dict)
    given: dict[str, Values] = field(default_factory=dict)
    held: dict[str, Values] = field(default_factory=dict)
    open: dict[str, None] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    users: dict[str, list[str]] = field(default_factory=dict)
    waits: dict[str, int] = field(default_factory=dict)
    takes: dict[str, dict[str, None]] = field(default_factory=dict)
    uses: dict[str, int] = field(default_factory=dict)
    asked: dict[str, set[str]] = field(default_factory=dict)
    pin: Callable[[Signature], None] = _ignore
    unpin: Callable[[Signature], None] = _ignore

    def want(self, ids: Iterable[str]) -> Step:
        """Plan nodes and everything that they need and that is not known."""
        step, sources = self._visit(ids)
        self.first -= len(step.fresh)
        for position, id in enumerate(step.fresh, self.first):
            self.rank[id] = position
            self.open[id] = None
            self.waits[id] = 0
            self._take(id, self._all_sources(id, sources[id]))
        for id in step.hits:
            self._hold(id, self.hits[id].values)
        for id in step.fresh:
            self._wait(id, sources[id], step)
        return step

    def _visit(self, ids: Iterable[str]) -> tuple[Step, dict[str, list[str]]]:
        """What is not there yet, each after what it needs, and the sources of each."""
        step = Step()
        entered: set[str] = set()
        sources: dict[str, list[str]] = {}
        stack = [(id, False) for id in reversed(list(ids))]
        while stack:
            id, left = stack.pop()
            if left:
                step.fresh.append(id)
            elif id not in entered and not self._is_settled(id):
                entered.add(id)
                entry = self.known(self.signatures[id])
                if entry is not None:
                    self.hits[id] = entry
                    step.hits.append(id)
                    continue
                stack.append((id, True))
                sources[id] = self._followed(id)
                stack += [(source, False) for source in reversed(sources[id])]
        return step, sources

    def survey(self, ids: Iterable[str], known: Callable[[Signature], object]) -> None:
        """Look up the results that planning these nodes will ask for; changes nothing."""
        entered: set[str] = set()
        stack = list(ids)
        settled = (self.held, self.given, self.open, self.lost)
        while stack:
            id = stack.pop()
            if id in entered or any(id in group for group in settled):
                continue
            entered.add(id)
            if known(self.signatures[id]) is None:
                stack += self._followed(id)

    def _is_settled(self, id: str) -> bool:
        if id in self.given and id not in self.held:
            self.held[id] = self.given[id]
        return id in self.held or id in self.open or id in self.lost

    def _followed(self, id: str) -> list[str]:
        """The sources without which a node cannot be called."""
        node = self.prompt[id]
        lazy = self.lazy.get(node.kind)
        if not lazy:
            return list(dict.fromkeys([link.node for _, link in node.links()]))
        passed = lazy - self.asked.get(id, set())
        return list(dict.fromkeys(link.node for name, link in node.links() if name not in passed))

    def _all_sources(self, id: str, followed: list[str]) -> list[str]:
        """The sources that are followed, those of lazy inputs, and what a loop's body uses."""
        node = self.prompt[id]
        if node.kind not in self.lazy:
            return followed
        return [link.node for _, link in node.links()] + outside(self.prompt, node)

    def _take(self, id: str, sources: Iterable[str]) -> None:
        taken = self.takes.setdefault(id, {})
        for source in sources:
            if source not in taken:
                taken[source] = None
                uses = self.uses[source] = self.uses.get(source, 0) + 1
                if uses == 1:
                    self.pin(self.signatures[source])

    def _hold(self, id: str, values: Values) -> None:
        if self.uses.get(id):
            self.held[id] = values

    def _wait(self, id: str, sources: Iterable[str], step: Step) -> None:
        for source in sources:
            if source in self.lost:
                step.doomed.append(id)
                return
            if source not in self.held:
                self.users.setdefault(source, []).append(id)
                self.waits[id] += 1
        if self.waits[id] == 0:
            step.ready.append(id)

    def ask(self, id: str, names: Iterable[str]) -> Step:
        """Follow lazy inputs of an open node from now on."""
        self.asked.setdefault(id, set()).update(names)
        node = self.prompt[id]
        asked = self.asked[id]
        return self.follow(id, [link.node for name, link in node.links() if name in asked])

    def follow(self, id: str, sources: Sequence[str]) -> Step:
        """Let an open node wait for sources, which are planned if they are not there."""
        self._take(id, sources)
        step = self.want(sources)
        self._wait(id, dict.fromkeys(sources), step)
        return step

    def extend(self, part: Prompt, signatures: Mapping[str, Signature]) -> None:
        """Take in nodes that may be wanted later."""
        self.prompt.update(part)
        self.signatures.update(signatures)

    def done(self, id: str, values: Values) -> list[str]:
        """End a node well; the nodes that can run now."""
        self._hold(id, values)
        ready = []
        for user in self.users.pop(id, ()):
            self.waits[user] -= 1
            if self.waits[user] == 0 and user not in self.lost:
                ready.append(user)
        self._end(id)
        return ready

    def fail(self, id: str) -> list[str]:
        """End a node badly; the nodes that cannot run any more, itself first."""
        lost = [id]
        self.lost.add(id)
        for each in lost:  # grows while it is walked
            users = [user for user in self.users.pop(each, ()) if user not in self.lost]
            self.lost.update(users)
            lost += dict.fromkeys(users)
            self._end(each)
        return lost

    def _end(self, id: str) -> None:
        self.open.pop(id, None)
        for source in self.takes.pop(id, ()):
            self.uses[source] -= 1
            if self.uses[source] == 0:
                self.held.pop(source, None)
                self.unpin(self.signatures[source])

    def release(self) -> None:
        """Give up what nodes may still take that did not come to their end."""
        for id in list(self.takes):
            self._end(id)

    def follower(self, id: str) -> str | None:
        """The node that can run as soon as ``id`` has ended, if that makes just one possible.

        May be asked from any thread: while ``id`` runs, the answer can only be outdated by
        nodes that begin to wait for it, which changes nothing for the one that waits already.
        """
        users = self.users.get(id, ())
        if len(users) != 1 or self.waits[users[0]] != 1 or users[0] in self.lost:
            return None
        return users[0]

    def inputs(
        self,
        id: str,
        raw: frozenset[str] = frozenset(),
        fresh: Mapping[str, Values] | None = None,
    ) -> dict[str, list[Any]]:
        """What an open node is called with: per input its items; None for what was not asked.

        Args:
            id: of the node.
            raw: inputs that get the link itself.
            fresh: results that are not held yet.
        """
        held = ChainMap(dict(fresh), self.held) if fresh else self.held
        node = self.prompt[id]
        lazy = self.lazy.get(node.kind, frozenset()) - self.asked.get(id, set())
        return {
            name: _items(value, held, name in lazy, name in raw)
            for name, value in node.inputs.items()
        }


def _items(value: Any, held: Mapping[str, Values], unasked: bool, raw: bool) -> list[Any]:
    if not isinstance(value, Link):
        return [value]
    if raw:
        return [[value.node, value.slot]]
    return [None] if unasked else held[value.node][value.slot]


def plan(
    prompt: Prompt,
    outputs: Sequence[str],
    signatures: Mapping[str, Signature],
    known: Callable[[Signature], Entry | None],
    lazy: Mapping[str, frozenset[str]] | None = None,
) -> Plan:
    """Plan a validated prompt.

    Args:
        prompt: the nodes.
        outputs: ids of the output nodes to run.
        signatures: of every node.
        known: looks up a result.
        lazy: see :func:`lazy_inputs`.
    """
    made = Plan(dict(prompt), dict(signatures), known, lazy or {})
    made.want(outputs)
    return made


def lazy_inputs(specs: Specs, option: str = "lazy") -> dict[str, frozenset[str]]:
    """Per kind of node that has any, its inputs with an option that is on."""
    found = {
        id: frozenset(item.name for item in spec.inputs if item.options.get(option))
        for id, spec in specs.items()
    }
    return {id: names for id, names in found.items() if names}
