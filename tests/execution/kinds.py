"""Nodes and an executor for tests, without torch."""

import inspect
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from engine.cache.memory import ResultCache
from engine.execution.events import Event, Outcome
from engine.execution.executor import Executor, Run
from engine.folders import standard
from engine.graph.prompt import parse
from engine.graph.spec import InputSpec, NodeSpec, OutputSpec
from engine.plugins.node import Context, Node, Output

ANY = "*"


def kind(
    id: str,
    work: Callable[..., Any],
    inputs: tuple[str, ...] = (),
    outputs: int = 1,
    lazy: tuple[str, ...] = (),
    raw: tuple[str, ...] = (),
    hooks: Mapping[str, Any] | None = None,
    **flags: Any,
) -> Node:
    """A node whose inputs take anything and whose function gets them by name.

    Args:
        id: kind of node.
        work: called with the context and the inputs; gives an ``Output``, or one value for
            all outputs. A coroutine function makes an asynchronous node.
        inputs: names.
        outputs: how many.
        lazy: which of the inputs are lazy.
        raw: which of the inputs get the link.
        hooks: needs, fingerprint, check.
        flags: of the spec.
    """

    def wrap(result: Any) -> Output:
        return result if isinstance(result, Output) else Output((result,) * outputs)

    def call(values: Mapping[str, Any], ctx: Context) -> Output:
        return wrap(work(ctx, **values))

    async def call_async(values: Mapping[str, Any], ctx: Context) -> Output:
        return wrap(await work(ctx, **values))

    is_async = inspect.iscoroutinefunction(work)
    is_list = flags.pop("output_is_list", False)
    options = {n: {"lazy": n in lazy, "rawLink": n in raw} for n in inputs}
    if hooks and "check" in hooks:
        flags.setdefault("own_checks", inputs)
    spec = NodeSpec(
        id,
        id,
        "test",
        inputs=tuple(InputSpec(name, ANY, "optional", options[name]) for name in inputs),
        outputs=tuple(OutputSpec(str(i), ANY, is_list) for i in range(outputs)),
        **flags,
    )
    return Node(spec, call_async if is_async else call, is_async, **(hooks or {}))


class Bench:
    """An executor over given nodes that remembers its events."""

    def __init__(self, *nodes: Node, budget: int = 1 << 20) -> None:
        self.cache = ResultCache(budget)
        self.events: list[Event] = []
        self.executor = Executor(
            {node.spec.id: node for node in nodes},
            self.cache,
            standard(Path("nowhere")),
            lambda folder, name: name,
            lambda picture: (bytes(picture), "image/jpeg"),
        )

    async def run(
        self,
        prompt: dict[str, Any],
        *outputs: str,
        cancelled: threading.Event | None = None,
        on_event: Callable[[Event], None] = lambda event: None,
    ) -> Outcome:
        """Run a prompt; only the events of this run are kept."""
        self.events = []

        def emit(event: Event) -> None:
            self.events.append(event)
            on_event(event)

        run = Run("job", parse(prompt), outputs)
        return await self.executor.execute(run, emit, cancelled)

    def failures(self) -> list[tuple[str, str]]:
        """Nodes that failed in the last run, and with what text."""
        failed = [e.data for e in self.events if e.type == "node_failed"]
        return [(data["node"], data["exception_message"]) for data in failed]

    def ran(self) -> list[str]:
        """Nodes that were started in the last run, in order."""
        return [e.data["node"] for e in self.events if e.type == "node_started"]
