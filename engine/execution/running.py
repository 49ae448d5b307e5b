"""One run in progress: nodes are called as soon as their inputs are there.

Everything happens on the event loop's thread, except the calls of synchronous nodes, which
take their turns on the lanes. A device node whose ending makes just one other device node
possible is followed by it on the same thread, without waiting for the event loop, which
learns of each ending in order.

Invariant: a node that was planned ends exactly once, well or badly; a failed node takes down
only what depends on it; the run ends when nothing is in flight and nothing can start.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from engine.cache.memory import Entry
from engine.errors import Interrupted, InvalidInput, InvalidPrompt, NodeError
from engine.graph.faults import Fault
from engine.graph.loops import roots
from engine.plugins.node import Context

from .events import Emit, Event, Outcome
from .expansion import VALUE, Expansion, read
from .failure import blocked, describe
from .invoke import Asked, Called, Invocation, invoke_async, prepare
from .lanes import Turn
from .mapping import gather
from .plan import Plan, Step, Values
from .relief import invoke_with_relief
from .reports import Reporter
from .view import Family, View

if TYPE_CHECKING:
    from .executor import Executor, Run

_NOTHING: frozenset[str] = frozenset()


class Running:
    """The state of a run.

    Attributes:
        plan: what is to be done, what waits for what, which results are held.
        family: where inner nodes come from.
        ready: nodes that have all their inputs.
        flying: how many calls, and other things that will come back, are under way.
        holding: open nodes that may still need the device.
        expanded: nodes that wait for their inner nodes.
        loud: nodes that told the message of a block, and what depends on them; not remembered,
            so that the message is told again in the next run.
        showing: nodes with output nodes inside; not remembered, so that these show again.
        outputs: what nodes showed.
        executed: nodes that ended well, in order.
        failures: what went wrong, in order.
    """

    def __init__(
        self,
        executor: "Executor",
        run: "Run",
        plan: Plan,
        emit: Emit,
        cancelled: threading.Event,
    ) -> None:
        self.executor = executor
        self.job = run
        self.plan = plan
        self.emit = emit
        self.cancelled = cancelled
        self.family = Family()
        self.ready: deque[str] = deque()
        self.flying = 0
        self.holding: set[str] = set()
        self.expanded: dict[str, tuple[Expansion, Called]] = {}
        self.loud: set[str] = set()
        self.showing: set[str] = set()
        self.outputs: dict[str, Mapping[str, Any]] = {}
        self.executed: dict[str, None] = {}
        self.failures: list[dict[str, Any]] = []
        self._loop = asyncio.get_running_loop()
        self._view = View(run.prompt, plan.prompt, self.family)
        self._finished: asyncio.Future[None] = self._loop.create_future()
        self._tasks: set[asyncio.Task[None]] = set()
        self._started: set[str] = set()
        self._drained = False
        self._advancing = False
        self._chained: set[str] = set()
        self._inbox: deque[tuple[str, Invocation, Called, str]] = deque()
        self._is_called = False

    async def run(self, refused: Mapping[str, Sequence[Fault]]) -> Outcome:
        """Run to the end.

        Args:
            refused: nodes whose own checks failed; what depends on them is not run.
        """
        for id, faults in refused.items():
            details = "; ".join(fault.details for fault in faults)
            self._failed(id, InvalidInput(f"Custom validation failed for node: {details}"))
        self._take(self.plan.want(self.job.outputs))
        self._tell_drained()
        self._advance()
        try:
            await self._finished
        finally:
            for task in self._tasks:
                task.cancel()
        return self._outcome()

    def _advance(self) -> None:
        """Start what can start; notice the end."""
        if self._advancing or self._finished.done():
            return
        self._advancing = True
        try:
            while self.ready or (not self.flying and self.plan.open):
                if self.ready:
                    self._begin(self.ready.popleft())
                else:
                    self._stuck(next(iter(self.plan.open)))
        except Exception as error:
            self._finished.set_exception(error)
        finally:
            self._advancing = False
        if not self.flying and not self._finished.done():
            self._finished.set_result(None)

    def _stuck(self, id: str) -> None:
        text = "Dependency cycle detected: its inner nodes wait for a result that waits for them."
        self._failed(id, NodeError(text))

    def _take(self, step: Step) -> None:
        """Act on what was planned."""
        for id in step.hits:
            self._show_cached(id)
        self.holding.update(id for id in step.fresh if self._may_need_device(id))
        self.ready += step.ready
        for id in step.doomed:
            self._break(id)

    def _may_need_device(self, id: str) -> bool:
        node = self.executor.nodes[self.plan.prompt[id].kind]
        return node.spec.lane == "device" and not node.is_async

    def _show_cached(self, id: str) -> None:
        entry = self.plan.hits[id]
        if id in self.executed:
            return
        self.executed[id] = None
        if entry.ui:
            self.outputs[id] = entry.ui
        data = {**self.family.about(id), "ui": entry.ui or None, "cached": True, "ms": 0.0}
        self.emit(Event("node_done", data))

    def _begin(self, id: str) -> None:
        if id in self._chained:
            self._chained.discard(id)  # its thread has gone on to it already
            return
        if id in self.plan.lost:
            return
        if id in self.expanded:
            self._resolve(id)
            return
        this = self._invocation(id)
        if this.is_blocked:
            self._called(id, this, this.called((), 0.0))
        elif this.node.is_async:
            self._spawn(self._await(id, this))
        else:
            self._submit(id, this)

    def _invocation(self, id: str, fresh: Mapping[str, Values] | None = None) -> Invocation:
        node = self.plan.prompt[id]
        executor = self.executor
        inputs = self.plan.inputs(id, executor.raw.get(node.kind, _NOTHING), fresh)
        unasked = executor.lazy.get(node.kind, _NOTHING)
        if unasked:
            wired = {name for name, _ in node.links()}
            unasked = (unasked & wired) - self.plan.asked.get(id, set())
        report = Reporter(self.family.about(id), self.emit, self._loop, executor.encode_preview)
        resumable = partial(executor.resumable, self.plan.signatures[id])
        context = Context(
            id,
            executor.folders,
            self.job.metadata,
            report,
            partial(_check, self.cancelled),
            self._view,
            resumable(0),
            self.job.again,
            send=report.result,
        )
        return prepare(executor.nodes[node.kind], inputs, unasked, context, resumable)

    def _submit(self, id: str, this: Invocation) -> None:
        self.flying += 1
        turn = Turn(
            begin=partial(self._turn_came, id),
            work=partial(self._work, id, this),
            end=self._came_back,
            loop=self._loop,
        )
        priority = (self.job.number, self.plan.rank[id])
        self.executor.lanes[this.node.spec.lane].submit(priority, turn)

    def _turn_came(self, id: str) -> bool:
        if self.cancelled.is_set():
            self.flying -= 1
            self._interrupted(id)
            self._advance()
            return False
        self._tell_started(id)
        return True

    def _tell_started(self, id: str) -> None:
        if id not in self._started:
            self._started.add(id)
            self.emit(Event("node_started", self.family.about(id)))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self.flying += 1
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._task_done)

    def _task_done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        self.flying -= 1
        if not task.cancelled() and (error := task.exception()) and not self._finished.done():
            self._finished.set_exception(error)
        self._advance()

    async def _await(self, id: str, this: Invocation) -> None:
        self._tell_started(id)
        try:
            result: Any = await invoke_async(this, self.cancelled)
        except Exception as error:
            result = error
        self._deal(id, this, result)

    def _work(self, id: str, this: Invocation) -> tuple[str, Invocation, Any]:
        """Call a node and, as long as that is all there is to do, the one that follows it.

        Runs on a thread of a lane; gives the last node with its result.
        """
        while True:
            try:
                peak = self._gauge(this)
                result: Any = invoke_with_relief(
                    this, self._loop, self.executor.relieve, partial(self._tell_retried, id)
                )
                if peak is not None and isinstance(result, Called):
                    result.peak = peak()
                found = self._follower(id, this, result)
            except BaseException as error:
                return id, this, error
            if found is None:
                return id, this, result
            self._inbox.append((id, this, result, found[0]))
            if not self._is_called:
                self._is_called = True
                self._loop.call_soon_threadsafe(self._empty_inbox)
            id, this = found

    def _tell_retried(self, id: str, reason: str) -> None:
        event = Event("node_retried", {**self.family.about(id), "reason": reason})
        self._loop.call_soon_threadsafe(self.emit, event)

    def _gauge(self, this: Invocation) -> Callable[[], int] | None:
        """Begin to measure a call, if the device can; only one call has the device at a time."""
        gauge = self.executor.gauge
        return gauge() if gauge is not None and this.node.spec.lane == "device" else None

    def _follower(self, id: str, this: Invocation, result: Any) -> tuple[str, Invocation] | None:
        if not isinstance(result, Called) or result.values is None:
            return None
        if self.cancelled.is_set() or self._finished.done():
            return None
        user = self.plan.follower(id)
        if user is None or this.node.spec.lane != "device" or not self._may_follow(user):
            return None
        following = self._invocation(user, {id: result.values})
        return None if following.is_blocked else (user, following)

    def _may_follow(self, id: str) -> bool:
        kind = self.plan.prompt[id].kind
        priority = (self.job.number, self.plan.rank[id])
        return (
            self._may_need_device(id)
            and kind not in self.executor.lazy
            and id not in self.expanded
            and self.executor.lanes.device.is_first(priority)
        )

    def _empty_inbox(self) -> None:
        self._is_called = False
        while self._inbox:
            id, this, result, follower = self._inbox.popleft()
            self._chained.add(follower)
            self._guard(id, this, result)
            self._tell_started(follower)

    def _came_back(self, last: tuple[str, Invocation, Any]) -> None:
        self._empty_inbox()
        self.flying -= 1
        self._guard(*last)

    def _guard(self, id: str, this: Invocation, result: Any) -> None:
        """Deal with a result, and with what that makes possible."""
        if self._finished.done():
            return
        try:
            self._deal(id, this, result)
        except Exception as error:
            self._finished.set_exception(error)
        self._advance()

    def _deal(self, id: str, this: Invocation, result: Any) -> None:
        match result:
            case Called():
                self._called(id, this, result)
            case Asked():
                self._spawn(self._ask(id, result.names))
            case Interrupted():
                self._interrupted(id)
            case _:
                self._failed(id, result, this)

    async def _ask(self, id: str, names: Iterable[str]) -> None:
        wanted = [link.node for name, link in self.plan.prompt[id].links() if name in names]
        await self.executor.survey(self.plan, wanted)
        if id not in self.plan.lost:
            self._take(self.plan.ask(id, names))

    def _called(self, id: str, this: Invocation, called: Called) -> None:
        if this.messages or self._has_loud_source(id):
            self._mark(id, self.loud)
        for message in this.messages:
            failure = self._placed(id, blocked(self.plan.prompt[id], message))
            self.emit(Event("node_failed", {**self.family.about(id), **failure}))
        if called.values is None:
            self._spawn(self._expand(id, this, called))
        else:
            self._done(id, called.values, called)

    def _has_loud_source(self, id: str) -> bool:
        return bool(self.loud) and not self.loud.isdisjoint(self.plan.takes[id])

    def _done(self, id: str, values: Values, called: Called) -> None:
        entry = Entry(values, called.ui, called.seconds, self.plan.prompt[id].kind)
        size = None
        if id not in self.loud and id not in self.showing:
            size = self.executor.cache.put(self.plan.signatures[id], entry)
        if self.executor.steps:
            self.executor.steps.end(self.plan.signatures[id])
        self.executed[id] = None
        if entry.ui:
            self.outputs[id] = entry.ui
        ms = entry.seconds * 1e3
        took = {"ms": ms, "bytes": size, "peak": called.peak}
        data = {**self.family.about(id), "ui": entry.ui or None, "cached": False, **took}
        self.emit(Event("node_done", data))
        ready = self.plan.done(id, values)
        self.ready += sorted(ready, key=self.plan.rank.__getitem__) if ready[1:] else ready
        self._left(id)

    async def _expand(self, id: str, this: Invocation, called: Called) -> None:
        signature = self.plan.signatures[id]
        try:
            new = read(id, signature, called.outputs, self.plan.prompt.__contains__)
            self._refuse_taken_ids(id, new)
            await self.executor.admit(new, self.plan, self.job.number)
            self._refuse_bad_results(id, new)
            inner_roots = self._roots_in(new)
            await self.executor.survey(self.plan, [*new.sources(), *inner_roots])
        except InvalidPrompt as error:
            text = f"The nodes that it expanded into cannot run: {error.message} {error.details}"
            self._failed(id, NodeError(text), this)
        except Exception as error:
            self._failed(id, error, this)
        else:
            self._adopt(id, new, inner_roots, called)

    def _roots_in(self, new: Expansion) -> list[str]:
        outputs = [inner for inner in new.nodes if self._is_output(inner)]
        return roots({inner: self.plan.prompt[inner] for inner in new.nodes}, outputs)

    def _adopt(self, id: str, new: Expansion, inner_roots: list[str], called: Called) -> None:
        """Let the inner nodes of ``id`` run, and ``id`` wait for those that it gave as results."""
        for inner in new.nodes:
            self.family.add(inner, id, new.displays.get(inner))
        self.expanded[id] = (new, called)
        if inner_roots:
            self._mark(id, self.showing)
        self._take(self.plan.follow(id, new.sources()))
        self._take(self.plan.want(inner_roots))

    def _is_output(self, id: str) -> bool:
        return self.executor.nodes[self.plan.prompt[id].kind].spec.is_output

    def _mark(self, id: str | None, marked: set[str]) -> None:
        """Add a node and all that it is part of."""
        while id is not None and id not in marked:
            marked.add(id)
            id = self.family.parents.get(id)

    def _refuse_taken_ids(self, id: str, new: Expansion) -> None:
        known = self.plan.prompt
        for inner in new.nodes:
            if inner in known and self.family.parents.get(inner) != id:
                text = f"It expanded into a node with the id '{inner}', which is taken already."
                raise NodeError(text)

    def _refuse_bad_results(self, id: str, new: Expansion) -> None:
        for link in new.links():
            kind = self.plan.prompt[link.node].kind
            count = 1 if kind == VALUE.id else len(self.executor.specs[kind].outputs)
            if link.slot >= count:
                text = f"Its result links to output {link.slot} of '{link.node}' ({kind}), which "
                raise NodeError(f"{text}has {count} outputs; count from 0.")

    def _resolve(self, id: str) -> None:
        """Put the results of the inner nodes in the places of the links."""
        new, called = self.expanded.pop(id)
        spec = self.executor.specs[self.plan.prompt[id].kind]
        values = gather(new.resolved(self.plan.held), spec)
        if self._has_loud_source(id):
            self._mark(id, self.loud)
        self._done(id, values, called)
        if id not in self.showing:  # its output nodes may still run, and need what is given
            for given in new.given:
                self.plan.given.pop(given, None)

    def _failed(self, id: str, error: BaseException, this: Invocation | None = None) -> None:
        node = self.plan.prompt[id]
        inputs = this.arguments if this is not None else {}
        failure = self._placed(id, describe(node, error, inputs))
        self.failures.append(failure)
        self.emit(Event("node_failed", {**self.family.about(id), **failure}))
        self._break(id)

    def _placed(self, id: str, failure: dict[str, Any]) -> dict[str, Any]:
        """A failure with the id of a node that the sender of the prompt knows."""
        return {**failure, "node_id": self.family.roots.get(id, id)}

    def _interrupted(self, id: str) -> None:
        if not self.failures:
            node = self.plan.prompt[id]
            shown = {"node_id": id, "node_type": node.kind, "node_title": node.title or node.kind}
            self.failures.append(self._placed(id, shown))
        self._break(id)

    def _break(self, id: str) -> None:
        """Give up a node and everything that depends on it."""
        for lost in self.plan.fail(id):
            self.expanded.pop(lost, None)
            self._left(lost)

    def _left(self, id: str) -> None:
        self.holding.discard(id)
        self._tell_drained()

    def _tell_drained(self) -> None:
        if not self.holding and not self._drained:
            self._drained = True
            self.emit(Event("drained"))

    def _outcome(self) -> Outcome:
        executed = tuple(self.executed)
        failure = self.failures[0] if self.failures else None
        if self.cancelled.is_set() and self.plan.lost:
            return Outcome("cancelled", self.outputs, failure, executed)
        return Outcome("failed" if failure else "done", self.outputs, failure, executed)


def _check(cancelled: threading.Event) -> None:
    if cancelled.is_set():
        raise Interrupted
