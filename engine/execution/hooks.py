"""What nodes say about their inputs before they run: fingerprints and own checks.

Invariant: the code of a node runs on the host lane or, if it is asynchronous, is awaited on
the event loop; whatever it raises is turned into an answer.
"""

import asyncio
import json
import math
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from engine.folders import Folders
from engine.graph.faults import Fault
from engine.graph.prompt import Link, Prompt, PromptNode
from engine.graph.spec import Specs
from engine.plugins.node import Context, Node

from .invoke import resolved
from .lanes import Lanes


@dataclass(frozen=True)
class Hooks:
    """Asks nodes.

    Attributes:
        nodes: all kinds.
        lanes: where their code runs.
        folders: for the code.
        number: place of the run in the queue.
    """

    nodes: Mapping[str, Node]
    lanes: Lanes
    folders: Folders
    number: float = 0.0

    def may_change(self, prompt: Prompt) -> bool:
        """Whether any node of a prompt has a fingerprint."""
        kinds = {node.kind for node in prompt.values()}
        return any(k in self.nodes and self.nodes[k].fingerprint is not None for k in kinds)

    async def fingerprints(self, prompt: Prompt, ids: Iterable[str]) -> dict[str, Any]:
        """Per node that has one, its fingerprint; one that is never the same means "always"."""
        asked = [id for id in ids if prompt[id].kind in self.nodes]
        asked = [id for id in asked if self.nodes[prompt[id].kind].fingerprint is not None]
        found = await asyncio.gather(*[self._fingerprint(prompt[id]) for id in asked])
        return dict(zip(asked, found, strict=True))

    async def _fingerprint(self, node: PromptNode) -> Any:
        hook = self.nodes[node.kind].fingerprint
        assert hook is not None
        constants = {n: None if isinstance(v, Link) else v for n, v in node.inputs.items()}
        try:
            return stable(await self._ask(partial(hook, constants, self._context(node.id))))
        except Exception:
            return uuid.uuid4().hex

    async def faults(self, prompt: Prompt, specs: Specs) -> dict[str, list[Fault]]:
        """What the own checks of nodes have against a validated prompt."""
        asked = [node for node in prompt.values() if specs[node.kind].own_checks is not None]
        found = await asyncio.gather(*[self._faults(node, prompt, specs) for node in asked])
        return {node.id: faults for node, faults in zip(asked, found, strict=True) if faults}

    async def _faults(self, node: PromptNode, prompt: Prompt, specs: Specs) -> list[Fault]:
        hook = self.nodes[node.kind].check
        if hook is None:
            return []
        constants = {n: v for n, v in node.inputs.items() if not isinstance(v, Link)}
        types = link_types(node, prompt, specs)
        try:
            verdict = await self._ask(partial(hook, constants, types))
        except Exception as error:
            verdict = f"{type(error).__name__}: {error}"
        if verdict is True:
            return []
        names: list[str | None] = [n for n in specs[node.kind].own_checks or () if n in constants]
        return [custom_fault(name, verdict) for name in names or [None]]

    async def _ask(self, call: Callable[[], Any]) -> Any:
        return await resolved(await self.lanes.host.run((self.number, -1), call))

    def _context(self, id: str) -> Context:
        return Context(id, self.folders, {}, lambda *report: None, lambda: None)


def link_types(node: PromptNode, prompt: Prompt, specs: Specs) -> dict[str, str]:
    """Per wired input, the type of the output that feeds it."""
    links = ((name, link, prompt.get(link.node)) for name, link in node.links())
    return {name: specs[s.kind].outputs[link.slot].type for name, link, s in links if s}


def custom_fault(name: str | None, verdict: Any) -> Fault:
    """The fault of an input that the node itself refused; False says no more than no."""
    text = "" if verdict is False else str(verdict)
    details = " - ".join(part for part in (name, text) if part)
    info = {"input_name": name} if name else {}
    message = "Custom validation failed for node"
    return Fault("custom_validation_failed", message, details, info)


def stable(value: Any) -> Any:
    """A fingerprint as JSON data that is equal for equal values in every process.

    Raises:
        TypeError: it is of a type for which that cannot be said.
        ValueError: it is NaN, which is never equal.
    """
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, set | frozenset):
        return sorted((stable(item) for item in value), key=json.dumps)
    if isinstance(value, Mapping):
        return {str(key): stable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [stable(item) for item in value]
    if isinstance(value, float) and math.isnan(value):
        raise ValueError("NaN is never the same")
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"{type(value).__name__} has no stable form")
