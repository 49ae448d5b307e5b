"""What nodes say before they run: fingerprints and checks of their own."""

from typing import Any

import pytest

from engine.api import GraphBuilder
from engine.execution.hooks import stable
from engine.graph.prompt import parse
from engine.plugins.node import Output

from .kinds import Bench, kind
from .test_executor import ONE, SHOW, node


class Clock:
    """A fingerprint that is set by hand."""

    def __init__(self, value: Any) -> None:
        self.value = value
        self.asked: list[Any] = []

    def __call__(self, inputs: Any, ctx: Any) -> Any:
        self.asked.append((ctx.node_id, dict(inputs)))
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


PROMPT = {
    "one": node("One"),
    "f": node("Read", name="x", image=["one", 0]),
    "out": node("Show", x=["f", 0]),
}


def reading(clock: Any) -> Bench:
    hooks = {"fingerprint": clock}
    read = kind("Read", lambda ctx, name, image=None: name, ("name", "image"), hooks=hooks)
    return Bench(ONE, SHOW, read)


async def test_a_new_fingerprint_runs_the_node_again() -> None:
    clock = Clock(1)
    bench = reading(clock)
    await bench.run(PROMPT, "out")
    await bench.run(PROMPT, "out")
    assert bench.ran() == []
    assert clock.asked[0] == ("f", {"name": "x", "image": None})
    clock.value = 2
    await bench.run(PROMPT, "out")
    assert bench.ran() == ["f", "out"]


@pytest.mark.parametrize("value", [float("nan"), ValueError("no"), object(), [1, float("nan")]])
async def test_what_cannot_be_compared_means_always(value: Any) -> None:
    bench = reading(Clock(value))
    await bench.run(PROMPT, "out")
    await bench.run(PROMPT, "out")
    assert bench.ran() == ["f", "out"]


async def test_a_fingerprint_may_be_awaited_for() -> None:
    async def later(inputs: Any, ctx: Any) -> int:
        return 1

    bench = reading(later)
    await bench.run(PROMPT, "out")
    await bench.run(PROMPT, "out")
    assert bench.ran() == []


async def test_only_needed_nodes_are_asked() -> None:
    clock = Clock(1)
    await reading(clock).run({**PROMPT, "unused": node("Read", name="y")}, "out")
    assert [id for id, _ in clock.asked] == ["f"]


def test_stable_forms_are_equal_for_equal_values() -> None:
    assert stable((1, b"\x01", {"b", "a"}, {2: None})) == [1, "01", ["a", "b"], {"2": None}]


async def test_a_check_refuses_before_anything_runs() -> None:
    seen: list[Any] = []

    def check(inputs: Any, types: Any) -> Any:
        seen.append((dict(inputs), dict(types)))
        return inputs["size"] % 8 == 0 or "must be a multiple of 8"

    sized = kind("Sized", lambda ctx, size, x=None: size, ("size", "x"), hooks={"check": check})
    bench = Bench(ONE, SHOW, sized)
    prompt = {
        "one": node("One"),
        "s": node("Sized", size=9, x=["one", 0]),
        "out": node("Show", x=["s", 0]),
        "free": node("Show", x=["one", 0]),
    }
    faults = await bench.executor.faults(parse(prompt))
    assert [fault.json() for fault in faults["s"]] == [
        {
            "type": "custom_validation_failed",
            "message": "Custom validation failed for node",
            "details": "size - must be a multiple of 8",
            "extra_info": {"input_name": "size"},
        }
    ]
    assert seen == [({"size": 9}, {"x": "*"})]
    outcome = await bench.run(prompt, "out", "free")
    assert (outcome.status, outcome.outputs) == ("failed", {"free": {"text": [1]}})
    assert outcome.failure is not None and "multiple of 8" in outcome.failure["exception_message"]
    assert "s" not in bench.ran()


async def test_a_check_that_fails_or_says_no_more_than_no_refuses_too() -> None:
    async def no(inputs: Any, types: Any) -> bool:
        return False

    def broken(inputs: Any, types: Any) -> bool:
        raise KeyError("size")

    work = lambda ctx, x=0: x  # noqa: E731
    bench = Bench(
        kind("No", work, ("x",), hooks={"check": no}),
        kind("Broken", work, ("x",), hooks={"check": broken}),
    )
    prompt = parse({"a": node("No", x=1), "b": node("Broken")})
    faults = await bench.executor.faults(prompt)
    assert [fault.details for fault in (*faults["a"], *faults["b"])] == ["x", "KeyError: 'size'"]


async def test_inner_nodes_are_asked_too() -> None:
    def expand(ctx: Any, x: Any) -> Output:
        graph = GraphBuilder()
        return Output((graph.node("Sized", size=x).out(0),), expand=graph.finalize())

    clock = Clock(1)
    hooks = {"check": lambda inputs, types: inputs["size"] > 0 or "too small", "fingerprint": clock}
    sized = kind("Sized", lambda ctx, size: size, ("size",), hooks=hooks)
    bench = Bench(SHOW, sized, kind("Outer", expand, ("x",)))
    prompt = {"o": node("Outer", x=1), "out": node("Show", x=["o", 0])}
    assert (await bench.run(prompt, "out")).outputs == {"out": {"text": [1]}}
    assert clock.asked == [("o.0.@1", {"size": 1})]
    prompt["o"] = node("Outer", x=0)
    outcome = await bench.run(prompt, "out")
    assert outcome.failure is not None and "too small" in outcome.failure["exception_message"]
