"""Loops: what an iteration of a body of two trivial nodes costs, in short and in long loops."""

import asyncio
import time
from typing import Any

from tests.execution.kinds import kind
from tests.execution.loops import LoopBench, node, up_to, while_end

from .rows import Row, repeat, row

RUNS = 3
#: Iterations of a For Each and the seconds they may take.
EACH = {1_000: 0.5, 10_000: 5.0}
#: The same of a While, which makes each iteration after the one before.
WHILE = {100: 0.15, 1_000: 1.5}


def measure() -> list[Row]:
    """Seconds of a whole run that knows nothing yet."""
    each = [_row("For Each", n, limit, for_each(n)) for n, limit in EACH.items()]
    return each + [_row("While", n, limit, count_to(n)) for n, limit in WHILE.items()]


def _row(name: str, iterations: int, limit: float, prompt: dict[str, Any]) -> Row:
    taken = repeat(RUNS, lambda: asyncio.run(seconds(prompt)))
    return row(f"{name} with {iterations:,} iterations of two trivial nodes", limit, taken, "s")


def for_each(iterations: int) -> dict[str, Any]:
    """A loop over the numbers below ``iterations``."""
    return {
        "l": up_to(iterations),
        "s": node("ForEachStart", items=["l", 0]),
        "a": node("Add", a=["s", 1], b=1),
        "b": node("Add", a=["a", 0], b=["s", 2]),
        "e": node("ForEachEnd", loop=["s", 0], result=["b", 0]),
        "o": node("Show", x=["e", 1]),
    }


def count_to(iterations: int) -> dict[str, Any]:
    """A loop that counts to ``iterations``."""
    limit = max(iterations, 1)
    return {
        "s": node("WhileStart", state1=0),
        "a": node("Add", a=["s", 2], b=1),
        "c": node("Less", a=["a", 0], b=iterations),
        "e": while_end(
            loop=["s", 0],
            condition=["c", 0],
            state1=["a", 0],
            result=["a", 0],
            max_iterations=limit,
        ),
        "o": node("Show", x=["e", 1]),
    }


async def seconds(prompt: dict[str, Any]) -> float:
    """How long one run takes, validation included."""
    bench = LoopBench(
        kind("Add", lambda ctx, a, b: a + b, ("a", "b")),
        kind("Less", lambda ctx, a, b: a < b, ("a", "b")),
        kind("Show", lambda ctx, x: x, ("x",), is_output=True),
        budget=1 << 28,
    )
    began = time.perf_counter()
    outcome = await bench.run(prompt)
    taken = time.perf_counter() - began
    assert outcome.status == "done"
    bench.executor.lanes.close()
    return taken
