"""The executor: runs the nodes of a plan as soon as their inputs are there.

Every node to run is one task. It waits for nothing but its lane; when it is done it starts
the tasks of the nodes that now have all their inputs.

Invariant: a result is in exactly one of three places: still needed by this run (``values``),
in the cache, or gone. A failed node takes down only what depends on it.
"""

import asyncio
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from engine.cache.memory import Entry, ResultCache
from engine.errors import Interrupted
from engine.folders import Folders
from engine.graph.prompt import Link, Prompt, PromptNode
from engine.graph.signature import FileStamp, Signature, signatures
from engine.plugins.node import Context, Node, Output

from .events import Emit, Event, Outcome
from .failure import describe
from .files import shown_files
from .lanes import Lanes
from .mapping import calls, gather, merge_ui
from .plan import Plan, plan
from .reports import EncodePreview, Reporter


@dataclass(frozen=True)
class Run:
    """One prompt to run.

    Attributes:
        id: of the job.
        prompt: validated nodes.
        outputs: ids of the output nodes to run.
        number: place in the queue; earlier runs go first on every lane.
        metadata: what output files carry with them.
    """

    id: str
    prompt: Prompt
    outputs: tuple[str, ...]
    number: float = 0.0
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class _State:
    """One run in progress; touched only on the event loop's thread, except ``cancelled``.

    Attributes:
        run: what runs.
        plan: what is to be done.
        signatures: names of all results.
        emit: receives events.
        cancelled: set when the user interrupts.
        group: the tasks of the run.
        values: results that some node of this run still needs.
        missing: per node, how many different sources have no result yet.
        uses: per source, how many nodes still need its result.
        device_left: nodes of the device lane that have not ended yet.
        outputs: what nodes showed.
        executed: nodes that ended well, in order.
        failures: what went wrong, in order.
        broken: nodes that cannot run any more.
    """

    run: Run
    plan: Plan
    signatures: Mapping[str, Signature]
    emit: Emit
    cancelled: threading.Event
    group: asyncio.TaskGroup
    values: dict[str, tuple[list[Any], ...]]
    missing: dict[str, int]
    uses: dict[str, int]
    device_left: int
    outputs: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    executed: list[str] = field(default_factory=list)
    failures: list[dict[str, Any]] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)


class Executor:
    """Runs prompts; several runs may be in progress and share lanes and cache."""

    def __init__(
        self,
        nodes: Mapping[str, Node],
        cache: ResultCache,
        folders: Folders,
        file_stamp: FileStamp,
        encode_preview: EncodePreview | None,
        lanes: Lanes | None = None,
    ) -> None:
        self.nodes = nodes
        self.specs = {id: node.spec for id, node in nodes.items()}
        self.cache = cache
        self.folders = folders
        self.file_stamp = file_stamp
        self.encode_preview = encode_preview
        self.lanes = lanes or Lanes()

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
        names = signatures(run.prompt, self.specs, self.file_stamp)
        todo = plan(run.prompt, run.outputs, names, self._known)
        known = [id for id in run.prompt if names[id] in self.cache]
        emit(Event("cached", {"nodes": known}))
        async with asyncio.TaskGroup() as group:
            state = self._start(run, todo, names, emit, cancelled or threading.Event(), group)
            for id in todo.rank:
                if state.missing[id] == 0:
                    group.create_task(self._node(state, id))
        return _outcome(state)

    def _known(self, signature: Signature) -> Entry | None:
        """A result from the cache, unless files that it showed were deleted since."""
        entry = self.cache.get(signature)
        if entry is not None and not all(p.exists() for p in shown_files(entry.ui, self.folders)):
            self.cache.discard(signature)
            return None
        return entry

    def _start(
        self,
        run: Run,
        todo: Plan,
        names: Mapping[str, Signature],
        emit: Emit,
        cancelled: threading.Event,
        group: asyncio.TaskGroup,
    ) -> _State:
        values = {id: entry.values for id, entry in todo.hits.items()}
        missing = {
            id: len({link.node for _, link in run.prompt[id].links()} - todo.hits.keys())
            for id in todo.rank
        }
        uses = {id: len(users) for id, users in todo.users.items()}
        device = sum(self.specs[run.prompt[id].kind].lane == "device" for id in todo.rank)
        state = _State(
            run, todo, names, emit, cancelled, group, values, missing, uses, device_left=device
        )
        for id, entry in todo.hits.items():
            self._show_cached(state, id, entry)
        if device == 0:
            emit(Event("drained"))
        return state

    def _show_cached(self, state: _State, id: str, entry: Entry) -> None:
        state.executed.append(id)
        if entry.ui:
            state.outputs[id] = entry.ui
        ui = entry.ui or None
        state.emit(Event("node_done", {"node": id, "ui": ui, "cached": True, "ms": 0.0}))

    async def _node(self, state: _State, id: str) -> None:
        node = state.run.prompt[id]
        spec = self.specs[node.kind]
        inputs = _inputs(node, state)
        priority = (state.run.number, state.plan.rank[id])
        loop = asyncio.get_running_loop()
        async with self.lanes[spec.lane].slot(priority) as threads:
            call = partial(self._call, state, node, inputs, loop)
            try:
                entry = await loop.run_in_executor(threads, call)
            except Interrupted:
                self._interrupted(state, node)
            except Exception as error:
                self._failed(state, node, describe(node, error, inputs))
            else:
                self._done(state, id, entry)
            self._left_lane(state, spec.lane == "device")

    def _call(
        self,
        state: _State,
        node: PromptNode,
        inputs: Mapping[str, list[Any]],
        loop: asyncio.AbstractEventLoop,
    ) -> Entry:
        """Run a node; on a thread of its lane."""
        check = partial(_check, state.cancelled)
        check()
        loop.call_soon_threadsafe(state.emit, Event("node_started", {"node": node.id}))
        report = Reporter(node.id, state.emit, loop, self.encode_preview)
        context = Context(node.id, self.folders, state.run.metadata, report, check)
        spec = self.specs[node.kind]
        began = time.perf_counter()
        results: list[Output] = []
        for arguments in calls(inputs, spec):
            check()
            results.append(self.nodes[node.kind].call(arguments, context))
        seconds = time.perf_counter() - began
        return Entry(gather(results, spec), merge_ui(results), seconds)

    def _done(self, state: _State, id: str, entry: Entry) -> None:
        self.cache.put(state.signatures[id], entry)
        state.executed.append(id)
        if entry.ui:
            state.outputs[id] = entry.ui
        data = {"node": id, "ui": entry.ui or None, "cached": False, "ms": entry.seconds * 1e3}
        state.emit(Event("node_done", data))
        _release_sources(state, id)
        if state.uses[id]:
            state.values[id] = entry.values
        for user in state.plan.users[id]:
            state.missing[user] -= 1
            if state.missing[user] == 0 and user not in state.broken:
                state.group.create_task(self._node(state, user))

    def _failed(self, state: _State, node: PromptNode, failure: dict[str, Any]) -> None:
        state.failures.append(failure)
        state.emit(Event("node_failed", {"node": node.id, **failure}))
        self._break(state, node.id)

    def _interrupted(self, state: _State, node: PromptNode) -> None:
        if not state.failures:
            title = node.title or node.kind
            state.failures.append({"node_id": node.id, "node_type": node.kind, "node_title": title})
        self._break(state, node.id)

    def _break(self, state: _State, id: str) -> None:
        """Give up everything that depends on a node."""
        stack = [id]
        while stack:
            for user in state.plan.users[stack.pop()]:
                if user not in state.broken:
                    state.broken.add(user)
                    stack.append(user)
                    self._left_lane(state, self._is_device(state, user))

    def _is_device(self, state: _State, id: str) -> bool:
        return self.specs[state.run.prompt[id].kind].lane == "device"

    def _left_lane(self, state: _State, is_device: bool) -> None:
        state.device_left -= is_device
        if is_device and state.device_left == 0:
            state.emit(Event("drained"))


def _inputs(node: PromptNode, state: _State) -> dict[str, list[Any]]:
    return {
        name: state.values[value.node][value.slot] if isinstance(value, Link) else [value]
        for name, value in node.inputs.items()
    }


def _release_sources(state: _State, id: str) -> None:
    for source in {link.node for _, link in state.run.prompt[id].links()}:
        state.uses[source] -= 1
        if state.uses[source] == 0:
            state.values.pop(source, None)


def _check(cancelled: threading.Event) -> None:
    if cancelled.is_set():
        raise Interrupted


def _outcome(state: _State) -> Outcome:
    executed = tuple(state.executed)
    failure = state.failures[0] if state.failures else None
    if state.cancelled.is_set() and len(executed) < len(state.plan.rank) + len(state.plan.hits):
        return Outcome("cancelled", state.outputs, failure, executed)
    return Outcome("failed" if failure else "done", state.outputs, failure, executed)
