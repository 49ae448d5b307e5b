"""Blocked values: what would use them is skipped, and the message is told once a run."""

from typing import Any

from engine.plugins.node import Blocked, Output

from .kinds import Bench, kind
from .test_executor import ADD, ONE, SHOW, node


def gate(ctx: Any, x: Any, open: bool = False, message: str | None = None) -> Any:
    return x if open else Blocked(message)


GATE = kind("Gate", gate, ("x", "open", "message"))
NUMBERS = kind("Numbers", lambda ctx: [1, Blocked("no two"), 3], output_is_list=True)
TOTAL = kind("Total", lambda ctx, x: sum(x), ("x",), input_is_list=True)


def gated(**inputs: Any) -> dict[str, Any]:
    return {
        "one": node("One"),
        "gate": node("Gate", x=["one", 0], **inputs),
        "plus": node("Add", a=["gate", 0], b=1),
        "out": node("Show", x=["plus", 0]),
        "free": node("Show", x=["one", 0]),
    }


async def test_a_block_skips_what_would_use_it_and_nothing_else() -> None:
    bench = Bench(ONE, ADD, SHOW, GATE)
    outcome = await bench.run(gated(), "out", "free")
    assert (outcome.status, outcome.outputs) == ("done", {"free": {"text": [1]}})
    assert sorted(bench.ran()) == ["free", "gate", "one"]
    assert bench.failures() == []
    again = await bench.run(gated(), "out", "free")
    assert (bench.ran(), again.outputs) == ([], {"free": {"text": [1]}})


async def test_a_message_is_told_once_a_run_without_failing_it() -> None:
    bench = Bench(ONE, ADD, SHOW, GATE)
    for _ in range(2):
        outcome = await bench.run(gated(message="closed"), "out", "free")
        assert (outcome.status, outcome.failure) == ("done", None)
        assert bench.failures() == [("plus", "closed")]
        failed = next(e.data for e in bench.events if e.type == "node_failed")
        assert failed["exception_type"] == "ExecutionBlocked"
    assert bench.ran() == []


async def test_only_the_blocked_items_of_a_list_are_skipped() -> None:
    bench = Bench(ONE, ADD, SHOW, NUMBERS, TOTAL)
    prompt = {
        "n": node("Numbers"),
        "plus": node("Add", a=["n", 0], b=10),
        "out": node("Show", x=["plus", 0]),
        "sum": node("Total", x=["plus", 0]),
        "total": node("Show", x=["sum", 0]),
    }
    outcome = await bench.run(prompt, "out", "total")
    assert outcome.outputs == {"out": {"text": [11, 13]}}
    assert bench.failures() == [("plus", "no two")]


async def test_a_block_may_be_on_one_output_only() -> None:
    split = kind("Split", lambda ctx: Output((1, Blocked())), outputs=2)
    bench = Bench(split, SHOW)
    prompt = {
        "s": node("Split"),
        "a": node("Show", x=["s", 0]),
        "b": node("Show", x=["s", 1]),
    }
    assert (await bench.run(prompt, "a", "b")).outputs == {"a": {"text": [1]}}


async def test_a_long_blocked_chain_does_not_recurse() -> None:
    bench = Bench(ONE, ADD, SHOW, GATE, budget=1 << 24)
    prompt = gated()
    for i in range(3000):
        prompt[f"c{i}"] = node("Add", a=[f"c{i - 1}" if i else "plus", 0], b=1)
    prompt["out"] = node("Show", x=["c2999", 0])
    assert (await bench.run(prompt, "out")).status == "done"
