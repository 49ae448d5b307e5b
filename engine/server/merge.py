"""The events of a job's parts, told as those of one run.

Invariant: however many parts there are, a run starts once, tells once what was cached before
anything else happens to its nodes, and tells of each node by one worker only.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Told:
    """An event that a worker told."""

    type: str
    data: Mapping[str, Any]
    blob: bytes = b""


class Merge:
    """Makes one stream of events out of several.

    Attributes:
        parts: per part the ids of the nodes that it may need.
    """

    def __init__(self, parts: Mapping[str, Collection[str]]) -> None:
        self.parts = parts
        self._started = False
        self._cached: dict[str, None] = {}
        self._silent = set(parts)
        self._undrained = set(parts)
        self._held: list[tuple[str, Told]] = []
        self._owners: dict[str, str] = {}

    def take(self, part: str, told: Told) -> Iterator[Told]:
        """What an event of a part comes to, if anything yet."""
        match told.type:
            case "started":
                if not self._started:
                    self._started = True
                    yield told
            case "cached":
                own = self.parts[part]
                self._cached.update((id, None) for id in told.data["nodes"] if id in own)
                yield from self._tell_cached(part)
            case "drained":
                yield from self._drain(part)
            case _ if self._silent:
                self._held.append((part, told))
            case _:
                yield from self._pass(part, told)

    def end(self, part: str) -> Iterator[Told]:
        """A part has ended, perhaps before it told all that the others wait for."""
        if self._silent == {part} and not (self._held or self._cached):
            self._silent.clear()  # there was nothing to tell
        if part in self._silent:
            yield from self._tell_cached(part)
        yield from self._drain(part)

    def _tell_cached(self, part: str) -> Iterator[Told]:
        self._silent.discard(part)
        if self._silent:
            return
        yield Told("cached", {"nodes": list(self._cached)})
        held, self._held = self._held, []
        for owner, told in held:
            yield from self._pass(owner, told)

    def _pass(self, part: str, told: Told) -> Iterator[Told]:
        """Nodes above several parts, such as loaders, run in each and are told of once."""
        node = told.data.get("node")
        if node is None or self._owners.setdefault(node, part) == part:
            yield told

    def _drain(self, part: str) -> Iterator[Told]:
        if part in self._undrained:
            self._undrained.discard(part)
            if not self._undrained:
                yield Told("drained", {})
