"""Asynchronous nodes: they overlap with everything, and an interrupt cancels them."""

import asyncio
import threading
from typing import Any

from .kinds import Bench, kind
from .test_executor import ONE, SHOW, node


def meeting(count: int) -> Any:
    """Work that ends only when ``count`` calls are under way at once."""
    here: list[Any] = []
    all_here = asyncio.Event()

    async def meet(ctx: Any, x: Any = None) -> Any:
        here.append(x)
        if len(here) == count:
            all_here.set()
        await all_here.wait()
        return x

    return meet


async def test_asynchronous_nodes_overlap() -> None:
    bench = Bench(ONE, SHOW, kind("Meet", meeting(3), ("x",)))
    prompt: dict[str, Any] = {}
    for i in range(3):
        prompt[f"m{i}"] = node("Meet", x=i)
        prompt[f"o{i}"] = node("Show", x=[f"m{i}", 0])
    outcome = await asyncio.wait_for(bench.run(prompt, "o0", "o1", "o2"), 10)
    assert outcome.outputs == {f"o{i}": {"text": [i]} for i in range(3)}


async def test_the_calls_of_one_node_overlap_and_keep_their_order() -> None:
    numbers = kind("Numbers", lambda ctx: [1, 2, 3], output_is_list=True)
    bench = Bench(numbers, SHOW, kind("Meet", meeting(3), ("x",)))
    prompt = {
        "n": node("Numbers"),
        "m": node("Meet", x=["n", 0]),
        "out": node("Show", x=["m", 0]),
    }
    outcome = await asyncio.wait_for(bench.run(prompt, "out"), 10)
    assert outcome.outputs == {"out": {"text": [1, 2, 3]}}


async def test_a_device_node_runs_while_an_asynchronous_one_waits() -> None:
    loop, done = asyncio.get_running_loop(), asyncio.Event()

    async def wait(ctx: Any) -> int:
        await done.wait()
        return 1

    work = kind("Work", lambda ctx: loop.call_soon_threadsafe(done.set), is_output=True)
    bench = Bench(kind("Wait", wait), SHOW, work)
    prompt = {"w": node("Wait"), "out": node("Show", x=["w", 0]), "work": node("Work")}
    outcome = await asyncio.wait_for(bench.run(prompt, "out", "work"), 10)
    assert outcome.status == "done"


async def test_an_interrupt_cancels_what_waits() -> None:
    cancelled, ended = threading.Event(), []

    async def forever(ctx: Any) -> None:
        cancelled.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    bench = Bench(kind("Forever", forever, is_output=True))
    running = bench.run({"f": node("Forever")}, "f", cancelled=cancelled)
    outcome = await asyncio.wait_for(running, 10)
    assert (outcome.status, ended) == ("cancelled", [True])


async def test_a_failing_call_ends_its_siblings_and_fails_the_node() -> None:
    async def work(ctx: Any, x: int) -> int:
        if x == 2:
            raise ValueError("two")
        await asyncio.Event().wait()
        return x

    numbers = kind("Numbers", lambda ctx: [1, 2, 3], output_is_list=True)
    bench = Bench(numbers, kind("Work", work, ("x",), is_output=True))
    prompt = {"n": node("Numbers"), "w": node("Work", x=["n", 0])}
    outcome = await asyncio.wait_for(bench.run(prompt, "w"), 10)
    assert outcome.failure is not None
    assert outcome.failure["exception_message"] == "two"
    assert outcome.failure["current_inputs"] == {"x": [1, 2, 3]}


async def test_a_run_that_is_cancelled_from_outside_leaves_nothing_behind() -> None:
    ended = asyncio.Event()

    async def forever(ctx: Any) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    bench = Bench(kind("Forever", forever, is_output=True))
    begun = asyncio.Event()
    run = asyncio.create_task(
        bench.run({"f": node("Forever")}, "f", on_event=lambda e: begun.set())
    )
    await begun.wait()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    run.cancel()
    await asyncio.wait({run})
    assert run.cancelled()
    await asyncio.wait_for(ended.wait(), 10)
