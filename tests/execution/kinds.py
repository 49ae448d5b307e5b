"""Nodes and an executor for tests, without torch."""

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
    **flags: Any,
) -> Node:
    """A node whose inputs take anything and whose function gets them by name."""

    def call(values: Mapping[str, Any], ctx: Context) -> Output:
        result = work(ctx, **values)
        return result if isinstance(result, Output) else Output((result,) * outputs)

    is_list = flags.pop("output_is_list", False)
    spec = NodeSpec(
        id,
        id,
        "test",
        inputs=tuple(InputSpec(name, ANY, "optional") for name in inputs),
        outputs=tuple(OutputSpec(str(i), ANY, is_list) for i in range(outputs)),
        **flags,
    )
    return Node(spec, call)


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

    def ran(self) -> list[str]:
        """Nodes that were started in the last run, in order."""
        return [e.data["node"] for e in self.events if e.type == "node_started"]
