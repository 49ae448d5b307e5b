"""The executor: runs prompts; several may be in progress and share lanes and cache.

Invariant: before anything runs, every node has a signature and every output that may run has
passed the checks of its nodes.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.cache.memory import Entry, ResultCache
from engine.cache.steps import StepStore
from engine.folders import Folders
from engine.graph.faults import Fault
from engine.graph.prompt import Prompt, upstream
from engine.graph.signature import FileStamp, Signature, signatures
from engine.graph.validate import Validated, check_part, refuse
from engine.plugins.node import NOT_RESUMABLE, Node, Resumable

from .events import Emit, Event, Outcome
from .expansion import VALUE, Expansion
from .files import shown_files
from .hooks import Hooks
from .lanes import Lanes
from .plan import Plan, lazy_inputs, plan
from .relief import Relieve
from .reports import EncodePreview
from .running import Running


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
    ) -> None:
        self.nodes = nodes
        self.specs = {id: node.spec for id, node in nodes.items()}
        self.cache = cache
        self.folders = folders
        self.file_stamp = file_stamp
        self.encode_preview = encode_preview
        self.lanes = lanes or Lanes()
        self.steps = steps
        self.relieve = relieve
        self.lazy = lazy_inputs(self.specs)
        self.raw = lazy_inputs(self.specs, "rawLink")
        self._inner_specs = {**self.specs, VALUE.id: VALUE}

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
        refused = await self._hooks(run.number).faults(run.prompt, self.specs)
        names = await self._signatures(run.prompt, run.outputs, run.number)
        known = [id for id in run.prompt if names[id] in self.cache]
        emit(Event("cached", {"nodes": known}))
        todo = Plan(dict(run.prompt), dict(names), self._known, self.lazy)
        return await Running(self, run, todo, emit, cancelled or threading.Event()).run(refused)

    async def outlook(self, prompt: Prompt, outputs: Sequence[str]) -> dict[str, str]:
        """Per node of a validated prompt ``cached``, ``run``, or ``idle`` if nobody needs it."""
        names = await self._signatures(prompt, outputs, 0.0)
        todo = plan(prompt, outputs, names, self._known, self.lazy)
        return {id: self._state(names[id], id in todo.open) for id in prompt}

    def _state(self, signature: Signature, is_open: bool) -> str:
        if is_open:
            return "run"
        return "cached" if signature in self.cache else "idle"

    async def _signatures(
        self, prompt: Prompt, outputs: Sequence[str], number: float
    ) -> dict[str, Signature]:
        """Names of all results; those of outputs whose files are gone are forgotten."""
        prints = await self._hooks(number).fingerprints(prompt, upstream(prompt, outputs))
        names = signatures(prompt, self.specs, self.file_stamp, prints)
        for id in outputs:
            self._known(names[id])
        return names

    async def faults(self, prompt: Prompt) -> dict[str, list[Fault]]:
        """What the own checks of nodes have against a validated prompt."""
        return await self._hooks(0.0).faults(prompt, self.specs)

    def resumable(self, signature: Signature, number: int) -> Resumable:
        """Where one call of a node may leave its state."""
        return self.steps.of(signature, number) if self.steps else NOT_RESUMABLE

    def _hooks(self, number: float) -> Hooks:
        return Hooks(self.nodes, self.lanes, self.folders, number)

    def _known(self, signature: Signature) -> Entry | None:
        """A result from the cache, unless files that it showed were deleted since."""
        entry = self.cache.get(signature)
        if entry is not None and not all(p.exists() for p in shown_files(entry.ui, self.folders)):
            self.cache.discard(signature)
            return None
        return entry

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
