"""Device nodes that follow each other on one thread keep every promise of the executor."""

import asyncio
import threading
from typing import Any

from engine.plugins.node import Output

from .kinds import Bench, kind
from .test_executor import ADD, ONE, SHOW, node


def chain(length: int, kind: str = "Add") -> dict[str, Any]:
    prompt: dict[str, Any] = {"0": node("One")}
    for i in range(1, length):
        prompt[str(i)] = node(kind, a=[str(i - 1), 0], b=1)
    return {**prompt, "out": node("Show", x=[str(length - 1), 0])}


async def test_events_come_in_order() -> None:
    bench = Bench(ONE, ADD, SHOW)
    await bench.run(chain(20), "out")
    seen = [(e.type, e.data["node"]) for e in bench.events if "node" in e.data]
    ids = [*map(str, range(20)), "out"]
    assert seen == [(type, id) for id in ids for type in ("node_started", "node_done")]


async def test_an_interrupt_stops_a_chain() -> None:
    cancelled = threading.Event()

    def step(ctx: Any, a: int, b: int) -> int:
        if a == 7:
            cancelled.set()
        return a + b

    bench = Bench(ONE, SHOW, kind("Step", step, ("a", "b")))
    outcome = await bench.run(chain(100, "Step"), "out", cancelled=cancelled)
    assert outcome.status == "cancelled"
    assert outcome.executed == tuple(map(str, range(8)))


async def test_a_run_that_is_cancelled_from_outside_stops_its_chain() -> None:
    loop, release, ran = asyncio.get_running_loop(), threading.Event(), []
    reached = asyncio.Event()

    def step(ctx: Any, a: int, b: int) -> int:
        ran.append(a)
        if a == 3:
            loop.call_soon_threadsafe(reached.set)
            release.wait(10)
        return a + b

    bench = Bench(ONE, SHOW, kind("Step", step, ("a", "b")))
    run = asyncio.create_task(bench.run(chain(50, "Step"), "out"))
    await reached.wait()
    run.cancel()
    await asyncio.wait({run})
    release.set()
    await bench.executor.lanes.device.run((9.0, 0), lambda: None)
    assert ran == [1, 2, 3]


async def test_an_earlier_job_goes_in_between() -> None:
    loop, order = asyncio.get_running_loop(), []
    lane: Any = None
    first = lambda: order.append("other")  # noqa: E731

    def step(ctx: Any, a: int, b: int) -> int:
        order.append(a)
        if a == 2:
            asyncio.run_coroutine_threadsafe(submit(), loop).result(10)
        return a + b

    async def submit() -> None:
        waiting.append(asyncio.create_task(lane.run((-1.0, 0), first)))
        await asyncio.sleep(0)

    waiting: list[Any] = []
    bench = Bench(ONE, SHOW, kind("Step", step, ("a", "b")))
    lane = bench.executor.lanes.device
    await bench.run(chain(6, "Step"), "out")
    assert order == [1, 2, "other", 3, 4, 5]


async def test_a_result_of_the_wrong_shape_fails_its_node_only() -> None:
    wrong = kind("Wrong", lambda ctx: 5, output_is_list=True)
    bench = Bench(ONE, ADD, SHOW, wrong)
    prompt = {"w": node("Wrong"), "bad": node("Show", x=["w", 0]), **chain(3)}
    outcome = await bench.run(prompt, "bad", "out")
    assert (outcome.status, outcome.outputs) == ("failed", {"out": {"text": [3]}})
    assert [id for id, _ in bench.failures()] == ["w"]


async def test_a_chain_may_expand_in_the_middle() -> None:
    grow = kind(
        "Grow",
        lambda ctx, a, b: Output((["@", 0],), expand={"@": node("Add", a=a, b=b)}),
        ("a", "b"),
    )
    bench = Bench(ONE, ADD, SHOW, grow)
    prompt = chain(9)
    prompt["4"]["class_type"] = "Grow"
    assert (await bench.run(prompt, "out")).outputs == {"out": {"text": [9]}}
