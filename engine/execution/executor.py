"""The executor: runs prompts; several may be in progress and share lanes and cache.

Invariant: before anything runs, every node has a signature and every output that may run has
passed the checks of its nodes.
"""

import asyncio
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from engine.cache.memory import ResultCache
from engine.cache.steps import StepStore
from engine.folders import Folders
from engine.graph.faults import Fault
from engine.graph.loops import roots
from engine.graph.prompt import Prompt, upstream
from engine.graph.signature import FileStamp, Signature, Signed, signatures
from engine.graph.validate import Validated, check_part, refuse
from engine.plugins.node import NOT_RESUMABLE, Node, Resumable

from .events import Emit, Event, Outcome
from .expansion import VALUE, Expansion
from .hooks import Hooks
from .lanes import Lanes
from .lookup import Lookup
from .plan import Plan, lazy_inputs, plan
from .relief import Relieve
from .reports import EncodePreview
from .running import Running

#: Begins to measure the device's memory; what it returns gives the bytes taken since, at most.
Gauge = Callable[[], Callable[[], int]]


@dataclass(frozen=True)
class Run:
    """One prompt to run.

    Attributes:
        id: of the job.
        prompt: validated nodes.
        outputs: ids of the output nodes to run.
        number: place in the queue; earlier runs go first on every lane.
        metadata: what output files carry with them.
        again: an earlier attempt was cut off, and may have saved files already.
    """

    id: str
    prompt: Prompt
    outputs: tuple[str, ...]
    number: float = 0.0
    metadata: Mapping[str, Any] = field(default_factory=dict)
    again: bool = False


class Executor:
    """Runs prompts with the given nodes."""

    def __init__(
        self,
        nodes: Mapping[str, Node],
        cache: ResultCache,
        folders: Folders,
        file_stamp: FileStamp,
        encode_preview: EncodePreview | None,
        lanes: Lanes | None = None,
        steps: StepStore | None = None,
        relieve: Relieve = lambda: "There was nothing to give up.",
        gauge: Gauge | None = None,
    ) -> None:
        self.use(nodes)
        self.cache = cache
        self.folders = folders
        self.file_stamp = file_stamp
        self.encode_preview = encode_preview
        self.lanes = lanes or Lanes()
        self.steps = steps
        self.relieve = relieve
        self.gauge = gauge

    def use(self, nodes: Mapping[str, Node]) -> None:
        """Run these nodes from now on; what jobs have begun with the nodes of before goes on."""
        self.nodes = nodes
        self.specs = {id: node.spec for id, node in nodes.items()}
        self.lazy = lazy_inputs(self.specs)
        self.raw = lazy_inputs(self.specs, "rawLink")
        self._inner_specs = {**self.specs, VALUE.id: VALUE}
        self._signed = Signed()

    async def execute(
        self, run: Run, emit: Emit, cancelled: threading.Event | None = None
    ) -> Outcome:
        """Run a prompt to its end.

        Args:
            run: what to run.
            emit: receives what happens.
            cancelled: set it, from any thread, to interrupt.
        """
        emit(Event("started"))
        run = replace(run, outputs=tuple(roots(run.prompt, run.outputs)))
        refused = await self._hooks(run.number).faults(run.prompt, self.specs)
        names = await self._signatures(run.prompt, run.outputs, run.number)
        todo = Plan(dict(run.prompt), dict(names), Lookup(self.cache, self.folders), self.lazy)
        todo.pin, todo.unpin = self.cache.pin, self.cache.unpin
        self.cache.begin(set(names.values()))
        try:
            await self.survey(todo, run.outputs, refresh=True)
            known = [id for id in run.prompt if names[id] in self.cache]
            emit(Event("cached", {"nodes": known}))
            running = Running(self, run, todo, emit, cancelled or threading.Event())
            return await running.run(refused)
        finally:
            todo.release()
            self.cache.end()

    async def survey(self, todo: Plan, ids: Sequence[str], refresh: bool = False) -> None:
        """Look up what planning some nodes will ask for, so that it waits for no disk.

        Args:
            todo: the plan.
            ids: of nodes that will be wanted.
            refresh: learn first what other processes left.
        """
        assert isinstance(todo.known, Lookup)
        if self.cache.is_deep:
            await asyncio.to_thread(self._survey, todo, ids, todo.known.stage, refresh)
        elif refresh:
            for id in ids:
                todo.known.stage(todo.signatures[id])

    def _survey(
        self, todo: Plan, ids: Iterable[str], known: Callable[[Signature], Any], refresh: bool
    ) -> None:
        if refresh:
            self.cache.refresh()
        todo.survey(ids, known)

    async def outlook(self, prompt: Prompt, outputs: Sequence[str]) -> dict[str, str]:
        """Per node of a validated prompt ``cached``, ``run``, or ``idle`` if nobody needs it."""
        outputs = roots(prompt, outputs)
        names = await self._signatures(prompt, outputs, 0.0)
        lookup = Lookup(self.cache, self.folders)
        await asyncio.to_thread(self._look_up, lookup, [names[id] for id in outputs])
        todo = plan(prompt, outputs, names, lookup.glance, self.lazy)
        return {id: self._state(names[id], id in todo.open) for id in prompt}

    def _look_up(self, lookup: Lookup, names: Iterable[Signature]) -> None:
        self.cache.refresh()
        for name in names:
            lookup.stage(name)

    def _state(self, signature: Signature, is_open: bool) -> str:
        if is_open:
            return "run"
        return "cached" if signature in self.cache else "idle"

    async def _signatures(
        self, prompt: Prompt, outputs: Sequence[str], number: float
    ) -> dict[str, Signature]:
        """Names of all results."""
        hooks = self._hooks(number)
        asked = upstream(prompt, outputs) if hooks.may_change(prompt) else ()
        prints = await hooks.fingerprints(prompt, asked)
        return signatures(prompt, self.specs, self.file_stamp, prints, before=self._signed)

    async def faults(self, prompt: Prompt) -> dict[str, list[Fault]]:
        """What the own checks of nodes have against a validated prompt."""
        return await self._hooks(0.0).faults(prompt, self.specs)

    def resumable(self, signature: Signature, number: int) -> Resumable:
        """Where one call of a node may leave its state."""
        return self.steps.of(signature, number) if self.steps else NOT_RESUMABLE

    def _hooks(self, number: float) -> Hooks:
        return Hooks(self.nodes, self.lanes, self.folders, number)

    async def admit(self, new: Expansion, todo: Plan, number: float) -> None:
        """Check and sign inner nodes, and take them into the plan.

        Raises:
            InvalidPrompt: they have faults.
        """
        outside = {id: todo.prompt[id] for id in new.outside() if id in todo.prompt}
        specs, hooks = self._inner_specs, self._hooks(number)
        part = check_part(new.part, outside, specs, self.folders.list)
        refused = await hooks.faults(part, specs)
        refuse(Validated(part, tuple(refused), {}), refused)
        prints = await hooks.fingerprints(part, new.nodes)
        known = {**{id: todo.signatures[id] for id in outside}, **new.signatures}
        names = signatures(
            {id: part[id] for id in new.nodes}, specs, self.file_stamp, prints, known
        )
        todo.given.update(new.given)
        todo.extend(part, {**names, **new.signatures})
