"""Validating, signing and planning: time by size, for a chain and for a ladder."""

import time
from typing import Any

from engine.execution.plan import plan
from engine.graph.prompt import parse
from engine.graph.signature import signatures
from engine.graph.validate import validate
from tests.graph.kinds import SPECS, chain, node

from .rows import Row, repeat, row

RUNS = 5
#: Nodes and the seconds they may take.
SIZES = {1_000: 0.025, 10_000: 0.25, 100_000: 4.0}


def measure() -> list[Row]:
    """One row for each shape and size."""
    shapes = {"ladder": chain, "chain": plain_chain}
    return [
        row(
            f"validate + sign + plan, {name} of {size:,}",
            limit,
            repeat(RUNS, lambda make=make, size=size: once(make(size))),
            "s",
            3,
        )
        for name, make in shapes.items()
        for size, limit in SIZES.items()
    ]


def plain_chain(length: int) -> dict[str, object]:
    """A chain without rungs."""
    nodes: dict[str, object] = {"0": node("Source")}
    for i in range(1, length + 1):
        nodes[str(i)] = node("Mix", a=[str(i - 1), 0], factor=0.5)
    nodes["save"] = node("Save", images=[str(length), 0])
    return nodes


def once(prompt: dict[str, Any]) -> float:
    """Seconds for one prompt."""
    began = time.perf_counter()
    checked = validate(parse(prompt), SPECS, lambda folder: [])
    names = signatures(checked.prompt, SPECS, lambda folder, name: name)
    plan(checked.prompt, checked.outputs, names, lambda signature: None)
    return time.perf_counter() - began
