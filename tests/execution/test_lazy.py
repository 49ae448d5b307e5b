"""Lazy inputs: what is not asked for is not run."""

from typing import Any

from engine.plugins.node import Output

from .kinds import Bench, kind
from .test_executor import FAIL, ONE, node, show

SHOW = kind("Show", show, ("x",), is_output=True)


def choose(ctx: Any, which: bool, yes: Any = None, no: Any = None) -> Any:
    return yes if which else no


SWITCH = kind(
    "Switch",
    choose,
    ("which", "yes", "no"),
    lazy=("yes", "no"),
    hooks={"needs": lambda inputs, ctx: ["yes" if inputs["which"] else "no"]},
)


def switched(which: Any) -> dict[str, Any]:
    return {
        "a": node("One", value="a"),
        "b": node("One", value="b"),
        "switch": node("Switch", which=which, yes=["a", 0], no=["b", 0]),
        "out": node("Show", x=["switch", 0]),
    }


async def test_only_the_chosen_branch_runs() -> None:
    bench = Bench(ONE, SWITCH, SHOW)
    outcome = await bench.run(switched(True), "out")
    assert outcome.outputs == {"out": {"text": ["a"]}}
    assert bench.ran() == ["switch", "a", "out"] or bench.ran() == ["a", "switch", "out"]
    assert (await bench.run(switched(False), "out")).outputs == {"out": {"text": ["b"]}}
    assert "a" not in bench.ran()


async def test_a_known_node_evaluates_none_of_its_lazy_inputs() -> None:
    bench = Bench(ONE, SWITCH, SHOW)
    await bench.run(switched(True), "out")
    kept = {id: switched(True)[id] for id in ("a", "b", "switch")}
    await bench.run({**kept, "other": node("Show", x=["switch", 0])}, "other")
    assert bench.ran() == []


async def test_the_choice_itself_may_come_over_a_wire_and_as_a_list() -> None:
    both = kind("Both", lambda ctx: [True, False], output_is_list=True)
    bench = Bench(ONE, SWITCH, SHOW, both)
    prompt = {**switched(["both", 0]), "both": node("Both")}
    assert (await bench.run(prompt, "out")).outputs == {"out": {"text": ["a", "b"]}}


async def test_the_check_is_repeated_until_nothing_new_is_asked() -> None:
    seen: list[Any] = []

    def needs(inputs: Any, ctx: Any) -> list[str]:
        seen.append(dict(inputs))
        return ["a"] if inputs["a"] is None else ["a", "b"]

    lazies = kind(
        "Two",
        lambda ctx, **x: dict(x),
        ("a", "b", "c"),
        lazy=("a", "b", "c"),
        hooks={"needs": needs},
    )
    bench = Bench(ONE, FAIL, SHOW, lazies)
    prompt = {
        "1": node("One", value=1),
        "2": node("One", value=2),
        "f": node("Fail"),
        "two": node("Two", a=["1", 0], b=["2", 0], c=["f", 0]),
        "out": node("Show", x=["two", 0]),
    }
    outcome = await bench.run(prompt, "out")
    assert outcome.outputs == {"out": {"text": [{"a": 1, "b": 2, "c": None}]}}
    assert seen == [
        {"a": None, "b": None, "c": None},
        {"a": 1, "b": None, "c": None},
        {"a": 1, "b": 2, "c": None},
    ]
    assert outcome.status == "done"


async def test_without_a_check_lazy_inputs_stay_none() -> None:
    never = kind("Never", lambda ctx, x=None: x, ("x",), lazy=("x",))
    bench = Bench(FAIL, SHOW, never)
    prompt = {"f": node("Fail"), "n": node("Never", x=["f", 0]), "out": node("Show", x=["n", 0])}
    assert (await bench.run(prompt, "out")).outputs == {"out": {"text": [None]}}


async def test_a_lazy_input_that_fails_takes_down_who_asked() -> None:
    bench = Bench(ONE, FAIL, SWITCH, SHOW)
    prompt = {**switched(True), "a": node("Fail"), "seen": node("Show", x=["a", 0])}
    outcome = await bench.run(prompt, "seen", "out")
    assert (outcome.status, outcome.outputs) == ("failed", {})
    assert bench.failures() == [("a", "cannot use None")]
    assert [e.type for e in bench.events].count("drained") == 1


async def test_a_shared_source_is_held_until_the_lazy_user_has_decided() -> None:
    runs: list[str] = []
    counted = kind("Counted", lambda ctx: runs.append("x") or 5, idempotent=False)
    bench = Bench(counted, SWITCH, SHOW, budget=0)
    prompt = {
        "c": node("Counted"),
        "first": node("Show", x=["c", 0]),
        "switch": node("Switch", which=["c", 0], yes=["c", 0], no=["c", 0]),
        "out": node("Show", x=["switch", 0]),
    }
    outcome = await bench.run(prompt, "first", "out")
    assert (outcome.outputs["out"], runs) == ({"text": [5]}, ["x"])


async def test_host_and_device_share_a_lazy_choice() -> None:
    save = kind("Save", lambda ctx, x: Output((), {"text": [x]}), ("x",), outputs=0,
                lane="host", is_output=True)  # fmt: skip
    bench = Bench(ONE, SWITCH, save)
    prompt = {**switched(True), "out": node("Save", x=["switch", 0])}
    assert (await bench.run(prompt, "out")).outputs == {"out": {"text": ["a"]}}
