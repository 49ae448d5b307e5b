"""A node that runs out of memory is called once more, after everything was given up."""

from typing import Any

import pytest

from engine.execution.relief import is_out_of_memory
from engine.plugins.node import Output

from .kinds import Bench, kind


def node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}


class OutOfMemoryError(RuntimeError):
    """Named as torch names its own."""


class Hungry:
    """Runs out of memory the first ``times`` it is called."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.calls: list[bool] = []

    def __call__(self, ctx: Any, x: int) -> Output:
        self.calls.append(ctx.tight)
        if len(self.calls) <= self.times:
            raise OutOfMemoryError("tried to allocate 20 GiB")
        return Output((x + 1,), {"text": [x + 1]})


GRAPH = {"a": node("Hungry", x=1), "b": node("Hungry", x=["a", 0])}


def bench_with(hungry: Hungry) -> tuple[Bench, list[str]]:
    bench, given_up = Bench(kind("Hungry", hungry, ("x",), is_output=True)), []

    def relieve() -> str:
        given_up.append("all")
        return "3 MB were given up."

    bench.executor.relieve = relieve
    return bench, given_up


async def test_it_is_called_again_with_more_room_and_says_so() -> None:
    hungry = Hungry(1)
    bench, given_up = bench_with(hungry)
    outcome = await bench.run(GRAPH, "b")
    assert (outcome.status, outcome.outputs["b"]) == ("done", {"text": [3]})
    assert hungry.calls == [False, True, False]  # the next node has all room again
    assert given_up == ["all"]
    (told,) = [e.data for e in bench.events if e.type == "node_retried"]
    assert told["node"] == "a"
    assert told["reason"].startswith("Memory ran out. 3 MB were given up. The node is run again")


async def test_a_second_time_is_a_failure_with_advice() -> None:
    hungry = Hungry(9)
    bench, given_up = bench_with(hungry)
    outcome = await bench.run(GRAPH, "b")
    assert outcome.status == "failed" and hungry.calls == [False, True] and given_up == ["all"]
    assert outcome.failure is not None and outcome.failure["node_id"] == "a"
    assert "smaller size or batch" in outcome.failure["hint"]


async def test_the_failed_call_holds_nothing_when_memory_is_given_up() -> None:
    alive: list[object] = []

    class Large:
        def __init__(self) -> None:
            alive.append(None)

        def __del__(self) -> None:
            alive.pop()

    def greedy(ctx: Any, x: int) -> int:
        if ctx.tight:
            return x
        large = Large()
        raise OutOfMemoryError(f"no room beside {large}")

    bench = Bench(kind("Greedy", greedy, ("x",), is_output=True))
    seen: list[int] = []
    bench.executor.relieve = lambda: seen.append(len(alive)) or ""
    outcome = await bench.run({"a": node("Greedy", x=1)}, "a")
    assert (outcome.status, seen) == ("done", [0])


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (OutOfMemoryError("x"), True),
        (RuntimeError("CUDA out of memory. Tried to allocate"), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), True),
        (RuntimeError("shapes cannot be multiplied"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_what_counts_as_out_of_memory(error: Exception, expected: bool) -> None:
    assert is_out_of_memory(error) is expected
