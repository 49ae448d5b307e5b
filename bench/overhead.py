"""What the executor itself costs for each node that does nothing."""

import asyncio
import time

from tests.execution.kinds import Bench, kind

from .rows import Row, repeat, row

NODES = 2_000
RUNS = 5


def measure() -> list[Row]:
    """Microseconds a node, not known and known before."""
    fresh = repeat(RUNS, lambda: asyncio.run(chain_seconds(known=False)) / NODES * 1e6)
    known = repeat(RUNS, lambda: asyncio.run(chain_seconds(known=True)) / NODES * 1e6)
    return [
        row("executor overhead, each uncached trivial node", 60, fresh, "us", 1),
        row("executor overhead, each node of a known graph", 10, known, "us", 1),
    ]


async def chain_seconds(known: bool) -> float:
    """Seconds to run a chain of nodes that do nothing."""
    step = kind("Step", lambda ctx, x=0: x, ("x",))
    bench = Bench(step, kind("End", lambda ctx, x: x, ("x",), is_output=True), budget=1 << 26)
    prompt = {"0": {"class_type": "Step", "inputs": {"x": 0}}}
    for i in range(1, NODES):
        prompt[str(i)] = {"class_type": "Step", "inputs": {"x": [str(i - 1), 0]}}
    prompt["end"] = {"class_type": "End", "inputs": {"x": [str(NODES - 1), 0]}}
    if known:
        await bench.run(prompt, "end")
    began = time.perf_counter()
    await bench.run(prompt, "end")
    return time.perf_counter() - began
