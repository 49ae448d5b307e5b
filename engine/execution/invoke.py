"""Calling one node: its lazy check, its single calls, the skipping of blocked ones.

Invariant: knows one node and its inputs, nothing of the run around it. Synchronous nodes are
called on whatever thread :func:`invoke` is called on; asynchronous ones on the event loop.
"""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from engine.errors import Interrupted, NodeError
from engine.plugins.node import Blocked, Context, Node, Output, Resumable

from .mapping import Arguments, blocks_in, calls, gather, merge_ui, skipped

T = TypeVar("T")
#: How often a run that waits for asynchronous nodes looks whether it was cancelled.
CANCEL_SECONDS = 0.05


@dataclass(slots=True)  # not frozen: one is made for every node, and freezing costs
class Called:
    """The outputs of all calls of a node.

    Attributes:
        outputs: in the order of the calls.
        values: per output socket, the items of all calls; None if a call gave a graph instead.
        ui: what all calls showed.
        seconds: how long they took.
        peak: bytes of the device that they took on top of what was there, if that is known.
    """

    outputs: Sequence[Output]
    values: tuple[list[Any], ...] | None
    ui: Mapping[str, list[Any]]
    seconds: float = 0.0
    peak: int | None = None


@dataclass(frozen=True)
class Asked:
    """The node cannot go on without these lazy inputs."""

    names: frozenset[str]


@dataclass(slots=True)  # as above
class Invocation:
    """A node with everything it is called with.

    Attributes:
        node: what is called.
        calls: arguments of each call.
        blocks: per call, what blocks it.
        unasked: lazy inputs that it may still ask for.
        context: for the first call.
        resumable: per number of a call, where it may leave its state.
    """

    node: Node
    calls: Sequence[Arguments]
    blocks: Sequence[Blocked | None]
    unasked: frozenset[str]
    context: Context
    resumable: Callable[[int], Resumable]

    @property
    def is_blocked(self) -> bool:
        """Whether no call will be made although there are some."""
        return bool(self.calls) and None not in self.blocks

    @property
    def arguments(self) -> dict[str, list[Any]]:
        """Per input, its values in all calls; lists for a node that takes lists."""
        if self.node.spec.input_is_list:
            return dict(self.calls[0])
        return {name: [call[name] for call in self.calls] for name in next(iter(self.calls), {})}

    @property
    def open_calls(self) -> list[Arguments]:
        """Arguments of the calls that are not blocked."""
        return [c for c, block in zip(self.calls, self.blocks, strict=True) if block is None]

    def context_of(self, number: int) -> Context:
        """For one of the open calls."""
        return replace(self.context, resumable=self.resumable(number)) if number else self.context

    @property
    def messages(self) -> list[str]:
        """What to tell the user of the blocks, each text once."""
        return list(dict.fromkeys(b.message for b in self.blocks if b and b.message))

    def called(self, made: Sequence[Output], seconds: float) -> Called:
        """The outputs of all calls from those that were made."""
        results = iter(made)
        spec = self.node.spec
        outputs = [next(results) if b is None else skipped(spec) for b in self.blocks]
        expands = any(output.expand is not None for output in outputs)
        values = None if expands else gather([output.values for output in outputs], spec)
        return Called(outputs, values, merge_ui(outputs), seconds)


def prepare(
    node: Node,
    inputs: Mapping[str, list[Any]],
    unasked: frozenset[str],
    context: Context,
    resumable: Callable[[int], Resumable],
) -> Invocation:
    """Lay out the calls of a node."""
    arguments = calls(inputs, node.spec)
    blocks = blocks_in(inputs, arguments, node.spec)
    return Invocation(node, arguments, blocks, unasked, context, resumable)


def invoke(this: Invocation, loop: asyncio.AbstractEventLoop) -> Called | Asked:
    """Call a synchronous node; not on the event loop's thread."""
    began = time.perf_counter()
    node, context = this.node, this.context
    context.check()
    if node.needs is not None and this.unasked:
        wanted = [_waited(node.needs(each, context), loop) for each in this.open_calls]
        asked = this.unasked.intersection(set().union(*wanted))
        if asked:
            return Asked(asked)
    made = []
    for number, arguments in enumerate(this.open_calls):
        context.check()
        output = node.call(arguments, this.context_of(number))
        assert isinstance(output, Output)
        made.append(_complete(output, node))
    return this.called(made, time.perf_counter() - began)


def _waited(value: Any, loop: asyncio.AbstractEventLoop) -> Any:
    """The value of something that may be awaitable, from a thread of a lane."""
    if not asyncio.iscoroutine(value):
        return value
    return asyncio.run_coroutine_threadsafe(value, loop).result()


async def invoke_async(this: Invocation, cancelled: threading.Event) -> Called | Asked:
    """Call an asynchronous node; its calls overlap, and an interrupt cancels them."""
    return await until_cancelled(_invoke_async(this), cancelled)


async def _invoke_async(this: Invocation) -> Called | Asked:
    began = time.perf_counter()
    node, context = this.node, this.context
    if node.needs is not None and this.unasked:
        wanted = [await resolved(node.needs(each, context)) for each in this.open_calls]
        asked = this.unasked.intersection(set().union(*wanted))
        if asked:
            return Asked(asked)
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(_call_async(node, arguments, this.context_of(number)))
                for number, arguments in enumerate(this.open_calls)
            ]
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return this.called([task.result() for task in tasks], time.perf_counter() - began)


async def _call_async(node: Node, arguments: Arguments, context: Context) -> Output:
    return _complete(await resolved(node.call(arguments, context)), node)


async def resolved(value: Awaitable[T] | T) -> T:
    """A value, or what an awaitable gives."""
    return await value if isinstance(value, Awaitable) else value


async def until_cancelled(work: Coroutine[Any, Any, T], cancelled: threading.Event) -> T:
    """The result of ``work``; raises ``Interrupted`` soon after the run was cancelled."""
    task = asyncio.ensure_future(work)
    try:
        while not task.done():
            if cancelled.is_set():
                raise Interrupted
            await asyncio.wait({task}, timeout=CANCEL_SECONDS)
        return task.result()
    finally:
        task.cancel()


def _complete(output: Output, node: Node) -> Output:
    """The output, which must have a value for each socket."""
    found, wanted = len(output.values), len(node.spec.outputs)
    if found < wanted:
        raise NodeError(
            f"{node.spec.display_name} gave {found} values for its {wanted} outputs. This is a "
            "fault of the node; tell the author of the node pack."
        )
    return output
