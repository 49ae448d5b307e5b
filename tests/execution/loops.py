"""Graphs with loops for tests: validated before they run, as the server and the shell do."""

import threading
from collections.abc import Callable
from typing import Any

from engine.cache.memory import ResultCache
from engine.execution.events import Event, Outcome
from engine.execution.executor import Run
from engine.graph.prompt import parse
from engine.graph.validate import Validated, validate
from engine.plugins.discovery import builtin_nodes
from engine.plugins.node import Node

from .kinds import Bench

LOOP_NODES = [node for _, node in builtin_nodes() if node.spec.category.startswith("logic")]
_DEFAULTS = {"mode": "simple", "count": 4, "start": 0, "end": 4, "step": 1}


def node(kind: str, **inputs: Any) -> dict[str, Any]:
    """An API-format node."""
    return {"class_type": kind, "inputs": inputs}


def start_loop(**inputs: Any) -> dict[str, Any]:
    """A node StartLoop with its widgets."""
    return node("StartLoop", **{**_DEFAULTS, **inputs})


def while_end(**inputs: Any) -> dict[str, Any]:
    """A node WhileEnd with its widget."""
    return node("WhileEnd", **{"max_iterations": 1000, **inputs})


def numbers(text: str) -> dict[str, Any]:
    """A list of numbers; output 1 has whole ones."""
    return node("NumberList", numbers=text)


def up_to(end: int) -> dict[str, Any]:
    """The whole numbers below ``end``."""
    return node("NumberRange", start=0, end=end, step=1)


class LoopBench(Bench):
    """An executor that knows loops."""

    def __init__(self, *nodes: Node, budget: int = 1 << 24, cache: ResultCache | None = None):
        super().__init__(*LOOP_NODES, *nodes, budget=budget)
        if cache is not None:
            self.cache = self.executor.cache = cache

    def check(self, prompt: dict[str, Any], *targets: str) -> Validated:
        """Validate a prompt."""
        return validate(parse(prompt), self.executor.specs, lambda folder: [], targets or None)

    async def run(
        self,
        prompt: dict[str, Any],
        *outputs: str,
        cancelled: threading.Event | None = None,
        on_event: Callable[[Event], None] = lambda event: None,
    ) -> Outcome:
        """Validate and run a prompt; all its outputs if none is named."""
        checked = self.check(prompt, *outputs)
        self.events = []

        def emit(event: Event) -> None:
            self.events.append(event)
            on_event(event)

        run = Run("job", checked.prompt, checked.outputs)
        return await self.executor.execute(run, emit, cancelled)
