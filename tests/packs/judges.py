"""A node pack for tests: nodes that judge their inputs themselves, block, wait and expand."""

import asyncio

from engine.api import Blocked, GraphBuilder, Int, Output, Socket, node

ANY = Socket("PROBE")


@node(
    "ProbeEven",
    category="probe",
    check=lambda inputs: inputs.get("number", 0) % 2 == 0 or "an even number is needed",
)
def even(*, number: Int(0, 1000) = 0) -> ANY:
    """An even number."""
    return number


@node("ProbeBlock", category="probe")
def block() -> ANY:
    """Nothing, with a reason."""
    return Blocked("the gate is closed")


@node("ProbeExpand", category="probe")
async def expand(*, number: Int(0, 1000) = 0) -> ANY:
    """Become a node that fails for odd numbers, and one that shows."""
    await asyncio.sleep(0)
    graph = GraphBuilder()
    inner = graph.node("ProbeEven", id="even", number=number)
    graph.node("ProbeShow", id="shown", value=inner.out(0), note="inside")
    return Output((inner.out(0),), expand=graph.finalize())
