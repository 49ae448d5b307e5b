"""What the executor promises: order, reuse, failure, interruption, lanes."""

import threading
from typing import Any

from engine.errors import Interrupted
from engine.plugins.node import Output

from .kinds import Bench, kind


def node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}


def show(ctx: Any, x: Any) -> Output:
    return Output((x,), {"text": [x]})


ONE = kind("One", lambda ctx, value=1: value, ("value",))
ADD = kind("Add", lambda ctx, a, b: a + b, ("a", "b"))
SHOW = kind("Show", show, ("x",), is_output=True)


def fail(ctx: Any, x: Any = None) -> None:
    raise ValueError(f"cannot use {x}")


FAIL = kind("Fail", fail, ("x",))

DIAMOND = {
    "one": node("One", value=1),
    "left": node("Add", a=["one", 0], b=1),
    "right": node("Add", a=["one", 0], b=10),
    "both": node("Add", a=["left", 0], b=["right", 0]),
    "out": node("Show", x=["both", 0]),
}


async def test_a_diamond_runs_each_node_once_in_order() -> None:
    bench = Bench(ONE, ADD, SHOW)
    outcome = await bench.run(DIAMOND, "out")
    assert outcome.status == "done"
    assert outcome.outputs == {"out": {"text": [13]}}
    ran = bench.ran()
    assert sorted(ran) == sorted(DIAMOND)
    assert ran.index("one") < ran.index("left") < ran.index("both") < ran.index("out")


async def test_what_is_known_is_not_run_again() -> None:
    bench = Bench(ONE, ADD, SHOW)
    await bench.run(DIAMOND, "out")
    again = await bench.run(DIAMOND, "out")
    assert (bench.ran(), again.outputs) == ([], {"out": {"text": [13]}})
    done = [e.data for e in bench.events if e.type == "node_done"]
    assert done == [{"node": "out", "ui": {"text": [13]}, "cached": True, "ms": 0.0}]
    assert next(e.data["nodes"] for e in bench.events if e.type == "cached") == list(DIAMOND)


async def test_only_what_a_change_reaches_runs_again() -> None:
    bench = Bench(ONE, ADD, SHOW)
    await bench.run(DIAMOND, "out")
    await bench.run({**DIAMOND, "right": node("Add", a=["one", 0], b=20)}, "out")
    assert bench.ran() == ["right", "both", "out"]


async def test_other_ids_hit_the_same_results() -> None:
    bench = Bench(ONE, SHOW)
    await bench.run({"a": node("One"), "b": node("Show", x=["a", 0])}, "b")
    await bench.run({"x": node("One"), "y": node("Show", x=["x", 0])}, "y")
    assert bench.ran() == []


async def test_a_failure_spares_what_does_not_depend_on_it() -> None:
    bench = Bench(ONE, FAIL, SHOW)
    prompt = {
        "bad": node("Fail", x="this"),
        "after": node("Show", x=["bad", 0]),
        "good": node("One"),
        "shown": node("Show", x=["good", 0]),
    }
    outcome = await bench.run(prompt, "after", "shown")
    assert outcome.status == "failed"
    assert outcome.outputs == {"shown": {"text": [1]}}
    assert "after" not in bench.ran()
    assert outcome.failure is not None
    assert outcome.failure["node_id"] == "bad"
    assert outcome.failure["exception_message"] == "cannot use this"
    assert outcome.failure["current_inputs"] == {"x": ["this"]}


async def test_a_failure_after_a_join_is_told_once() -> None:
    bench = Bench(ONE, FAIL, ADD, SHOW)
    prompt = {
        "a": node("Fail"),
        "b": node("Fail"),
        "sum": node("Add", a=["a", 0], b=["b", 0]),
        "out": node("Show", x=["sum", 0]),
    }
    outcome = await bench.run(prompt, "out")
    assert [e.data["node"] for e in bench.events if e.type == "node_failed"] == ["a", "b"]
    assert outcome.status == "failed"
    assert [e.type for e in bench.events].count("drained") == 1


async def test_an_interrupt_lands_at_the_next_progress_report() -> None:
    cancelled = threading.Event()
    steps: list[int] = []

    def long(ctx: Any) -> None:
        for step in range(1000):
            steps.append(step)
            if step == 3:
                cancelled.set()
            ctx.progress(step, 1000)

    bench = Bench(kind("Long", long), SHOW)
    prompt = {"l": node("Long"), "o": node("Show", x=["l", 0])}
    outcome = await bench.run(prompt, "o", cancelled=cancelled)
    assert outcome.status == "cancelled"
    assert steps == [0, 1, 2, 3]
    assert outcome.failure == {"node_id": "l", "node_type": "Long", "node_title": "Long"}


async def test_an_interrupt_before_the_start_runs_nothing() -> None:
    cancelled = threading.Event()
    cancelled.set()
    bench = Bench(ONE, SHOW)
    prompt = {"a": node("One"), "o": node("Show", x=["a", 0])}
    assert (await bench.run(prompt, "o", cancelled=cancelled)).status == "cancelled"
    assert bench.ran() == []


async def test_an_interrupt_raised_by_a_node_counts_as_one() -> None:
    cancelled = threading.Event()

    def stop(ctx: Any) -> None:
        cancelled.set()
        raise Interrupted

    bench = Bench(kind("Stop", stop, is_output=True))
    outcome = await bench.run({"s": node("Stop")}, "s", cancelled=cancelled)
    assert outcome.status == "cancelled"


async def test_host_work_overlaps_with_device_work() -> None:
    meet = threading.Barrier(2, timeout=10)
    wait = lambda ctx, x=None: meet.wait()  # noqa: E731
    bench = Bench(
        ONE,
        kind("Host", wait, ("x",), lane="host", is_output=True),
        kind("Device", wait, ("x",), is_output=True),
    )
    prompt = {"h": node("Host"), "d": node("Device")}
    assert (await bench.run(prompt, "h", "d")).status == "done"


async def test_device_work_is_one_at_a_time() -> None:
    busy = threading.Lock()

    def alone(ctx: Any, x: Any) -> Any:
        assert busy.acquire(blocking=False)
        busy.release()
        return x

    bench = Bench(kind("Alone", alone, ("x",), is_output=True))
    prompt = {str(i): node("Alone", x=i) for i in range(50)}
    assert (await bench.run(prompt, *prompt)).status == "done"


async def test_drained_comes_when_the_device_has_nothing_left() -> None:
    bench = Bench(ONE, kind("Save", show, ("x",), lane="host", is_output=True))
    prompt = {"a": node("One"), "s": node("Save", x=["a", 0])}
    await bench.run(prompt, "s")
    order = [(e.type, e.data.get("node")) for e in bench.events]
    assert order.index(("node_done", "a")) < order.index(("drained", None))
    assert order.index(("drained", None)) < order.index(("node_done", "s"))


async def test_lists_are_mapped_and_joined() -> None:
    numbers = kind("Numbers", lambda ctx: [1, 2, 3], output_is_list=True)
    total = kind("Total", lambda ctx, x: sum(x), ("x",), input_is_list=True)
    bench = Bench(numbers, ADD, SHOW, total)
    prompt = {
        "n": node("Numbers"),
        "plus": node("Add", a=["n", 0], b=10),
        "shown": node("Show", x=["plus", 0]),
        "sum": node("Total", x=["plus", 0]),
        "out": node("Show", x=["sum", 0]),
    }
    outcome = await bench.run(prompt, "shown", "out")
    assert outcome.outputs == {"shown": {"text": [11, 12, 13]}, "out": {"text": [36]}}


async def test_an_empty_list_makes_no_calls() -> None:
    bench = Bench(kind("None", lambda ctx: [], output_is_list=True), ADD, SHOW)
    prompt = {
        "n": node("None"),
        "plus": node("Add", a=["n", 0], b=10),
        "out": node("Show", x=["plus", 0]),
    }
    outcome = await bench.run(prompt, "out")
    assert (outcome.status, outcome.outputs) == ("done", {})


async def test_the_first_output_is_finished_before_the_second_is_begun() -> None:
    bench = Bench(ONE, ADD, SHOW)
    prompt: dict[str, Any] = {}
    for name in ("a", "b"):
        prompt[f"{name}1"] = node("One", value=name)
        prompt[f"{name}2"] = node("Add", a=[f"{name}1", 0], b=name)
        prompt[f"{name}3"] = node("Show", x=[f"{name}2", 0])
    await bench.run(prompt, "a3", "b3")
    assert bench.ran() == ["a1", "a2", "a3", "b1", "b2", "b3"]


async def test_previews_and_progress_reach_the_events() -> None:
    def work(ctx: Any) -> None:
        ctx.progress(1, 2, lambda: b"picture")
        ctx.progress(2, 2)

    bench = Bench(kind("Work", work, is_output=True))
    await bench.run({"w": node("Work")}, "w")
    blobs = [e.blob for e in bench.events if e.type == "preview"]
    values = [e.data["value"] for e in bench.events if e.type == "progress"]
    assert (blobs, values) == ([b"picture"], [1, 2])


async def test_a_chain_of_thousands_does_not_recurse() -> None:
    bench = Bench(ONE, ADD, SHOW, budget=1 << 24)
    prompt: dict[str, Any] = {"0": node("One")}
    for i in range(1, 3000):
        prompt[str(i)] = node("Add", a=[str(i - 1), 0], b=1)
    prompt["out"] = node("Show", x=["2999", 0])
    assert (await bench.run(prompt, "out")).outputs == {"out": {"text": [3000]}}
