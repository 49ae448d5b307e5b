"""Which nodes stand in which loop, and which loops are refused."""

import gc
import time
from typing import Any

import pytest

from engine.errors import InvalidPrompt
from engine.graph.loops import BODY, DEEPEST, SHOWS, examine, pair, prepare, roots
from engine.graph.prompt import parse
from engine.graph.spec import InputSpec, NodeSpec, OutputSpec, index
from engine.graph.validate import Validated, refuse, validate

from .kinds import node

ANY = tuple(InputSpec(name, "*", "optional") for name in "abc")


def _start(id: str, end: str) -> NodeSpec:
    outputs = (OutputSpec("loop", "LOOP"), OutputSpec("item", "*"))
    return NodeSpec(id, id, "test", ANY, outputs, loop="start", pair=end)


def _end(id: str, start: str) -> NodeSpec:
    hidden = (InputSpec(BODY, "LOOP_BODY", "hidden"), InputSpec(SHOWS, "INT", "hidden"))
    inputs = (InputSpec("loop", "LOOP"), *ANY, *hidden)
    return NodeSpec(id, id, "test", inputs, (OutputSpec("x", "*"),), loop="end", pair=start)


SPECS = index(
    [
        _start("Start", "End"),
        _end("End", "Start"),
        _start("Begin", "Stop"),
        _end("Stop", "Begin"),
        NodeSpec("Step", "Step", "test", ANY, (OutputSpec("x", "*"), OutputSpec("y", "*"))),
        NodeSpec("Show", "Show", "test", ANY, is_output=True),
    ]
)
SIMPLE = {
    "before": node("Step"),
    "s": node("Start"),
    "x": node("Step", a=["s", 1], b=["before", 0]),
    "e": node("End", loop=["s", 0], a=["x", 0]),
    "out": node("Show", a=["e", 0]),
}


def check(prompt: dict[str, Any], **changes: dict[str, Any]) -> Validated:
    return validate(parse({**prompt, **changes}), SPECS, lambda folder: [])


def body(checked: Validated, end: str = "e") -> list[str]:
    found: list[str] = checked.prompt[end].inputs[BODY]
    return found


def refused(prompt: dict[str, Any], **changes: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Per node with faults the type and text of the first."""
    try:
        errors = check(prompt, **changes).node_errors
    except InvalidPrompt as error:
        errors = error.node_errors
    first = {id: entry["errors"][0] for id, entry in errors.items()}
    return {id: (fault["type"], fault["details"]) for id, fault in first.items()}


def nested() -> dict[str, Any]:
    """The inner start depends on nothing; what stands between does on both."""
    return {
        "s": node("Start"),
        "s2": node("Begin"),
        "alone": node("Step", a=["s2", 1]),
        "x": node("Step", a=["s", 1], b=["alone", 0]),
        "e2": node("Stop", loop=["s2", 0], a=["x", 0]),
        "e": node("End", loop=["s", 0], a=["e2", 0]),
        "out": node("Show", a=["e", 0]),
    }


def test_the_body_is_written_into_the_end() -> None:
    checked = check(SIMPLE)
    assert (body(checked), checked.prompt["e"].inputs[SHOWS]) == (["x"], 0)


def test_what_a_client_writes_there_does_not_count() -> None:
    checked = check(SIMPLE, e={"class_type": "End", "inputs": {**SIMPLE["e"]["inputs"], SHOWS: 7}})
    assert checked.prompt["e"].inputs[SHOWS] == 0


def test_outputs_inside_belong_to_the_body_and_make_the_end_run() -> None:
    hanging = {"mid": node("Step", a=["x", 1]), "in": node("Show", a=["mid", 0])}
    checked = check(SIMPLE, **hanging)
    assert (body(checked), checked.prompt["e"].inputs[SHOWS]) == (["x", "mid", "in"], 1)
    assert checked.outputs == ("out", "in")
    assert roots(checked.prompt, checked.outputs) == ["out", "e"]
    alone = {id: each for id, each in SIMPLE.items() if id != "out"}
    assert roots(check(alone, **hanging).prompt, ["in"]) == ["e"]


def test_an_output_that_is_refused_leaves_the_body() -> None:
    checked = check(SIMPLE, **{"in": node("Show", a=["x", 0])})
    fault = {"in": []}
    left = refuse(checked, {id: faults for id, faults in fault.items()})
    assert (left.outputs, body(left)) == (("out",), ["x"])


def test_a_loop_whose_end_another_loop_uses_is_nested_whole() -> None:
    checked = check(nested())
    assert body(checked) == ["s2", "alone", "x", "e2"]
    assert body(checked, "e2") == ["alone", "x"]


def test_a_start_without_an_end() -> None:
    without = {id: each for id, each in SIMPLE.items() if id not in ("e", "out")}
    ((type, text),) = refused(without, out=node("Show", a=["x", 0])).values()
    assert type == "loop_without_end"
    assert "Add a node End and wire the output 'loop' of 's' to its input 'loop'" in text


def test_an_end_of_another_kind_of_loop() -> None:
    found = refused(SIMPLE, e=node("Stop", loop=["s", 0], a=["x", 0]))
    assert found["e"][0] == "loop_wrong_start" and found["s"][0] == "loop_without_end"
    assert "found output 0 of 's' (Start); only the output 'loop' of a node Begin" in found["e"][1]


def test_an_end_at_another_output_of_its_start() -> None:
    found = refused(SIMPLE, e=node("End", loop=["s", 1], a=["x", 0]))
    assert "found output 1 of 's' (Start)" in found["e"][1]


def test_an_end_without_a_start() -> None:
    found = refused({"e": node("End", a=1), "out": node("Show", a=["e", 0])})
    assert found["e"] == ("required_input_missing", "loop")


def test_two_ends_of_one_start() -> None:
    found = refused(
        SIMPLE, e2=node("End", loop=["s", 0]), out=node("Show", a=["e", 0], b=["e2", 0])
    )
    assert found == {"e2": found["e2"]} and "ended by 'e' already" in found["e2"][1]


def test_loops_that_overlap() -> None:
    found = refused(
        SIMPLE,
        s2=node("Begin"),
        x=node("Step", a=["s", 1], b=["s2", 1]),
        e2=node("Stop", loop=["s2", 0], a=["x", 0]),
        out=node("Show", a=["e", 0], b=["e2", 0]),
    )
    assert {type for type, _ in found.values()} == {"loop_overlap"}
    assert any("'s' to 'e', 's2' to 'e2'" in text for _, text in found.values())


def test_two_unrelated_loops_that_meet_inside() -> None:
    found = refused(
        SIMPLE,
        s2=node("Begin"),
        e2=node("Stop", loop=["s2", 0], a=["s2", 1]),
        both=node("Show", a=["x", 0], b=["s2", 1]),
        out=node("Show", a=["e", 0], b=["e2", 0]),
    )
    assert found["both"][0] == "loop_overlap"


@pytest.mark.parametrize("between", [0, 2])
def test_a_node_that_needs_the_inside_and_the_end(between: int) -> None:
    chain = {f"m{i}": node("Step", a=[f"m{i - 1}" if i else "e", 0]) for i in range(between)}
    last = f"m{between - 1}" if between else "e"
    found = refused(SIMPLE, **chain, leak=node("Show", a=["x", 0], b=[last, 0]))
    assert list(found) == ["leak"]
    type, text = found["leak"]
    assert type == "loop_leak"
    assert f"b: 'leak' (Show) is inside the loop from 's' to 'e', and through '{last}'" in text


def test_faults_of_a_loop_spare_what_does_not_need_it() -> None:
    checked = check(
        {**SIMPLE, "e": node("End", loop=["s", 1])}, other=node("Show", a=["before", 0])
    )
    assert checked.outputs == ("other",) and set(checked.prompt) == {"before", "other"}


def test_a_loop_that_feeds_its_own_start_is_a_cycle() -> None:
    found = refused(SIMPLE, s=node("Start", a=["e", 0]))
    assert {type for type, _ in found.values()} == {"dependency_cycle"}


def deep(levels: int) -> dict[str, Any]:
    prompt: dict[str, Any] = {"s0": node("Start")}
    for i in range(1, levels):
        prompt[f"s{i}"] = node("Start", a=[f"s{i - 1}", 1])
    last = [f"s{levels - 1}", 1]
    for i in reversed(range(levels)):
        prompt[f"e{i}"] = node("End", loop=[f"s{i}", 0], a=last)
        last = [f"e{i}", 0]
    return {**prompt, "out": node("Show", a=last)}


def test_nesting_has_a_limit() -> None:
    assert len(body(check(deep(DEEPEST)), "e0")) == 2 * (DEEPEST - 1)
    found = refused(deep(DEEPEST + 1))
    assert any(type == "loop_too_deep" for type, _ in found.values())


def seconds(count: int) -> float:
    """For a chain of loops, each in another."""
    prompt: dict[str, Any] = {"x0": node("Step")}
    for i in range(count):
        prompt[f"s{i}"] = node("Start", a=[f"x{i}", 0])
        prompt[f"t{i}"] = node("Begin", a=[f"s{i}", 1])
        prompt[f"y{i}"] = node("Step", a=[f"t{i}", 1], b=[f"s{i}", 1], c=["x0", 0])
        prompt[f"f{i}"] = node("Stop", loop=[f"t{i}", 0], a=[f"y{i}", 0])
        prompt[f"x{i + 1}"] = node("End", loop=[f"s{i}", 0], a=[f"f{i}", 0])
    parsed = parse(prompt)
    began = time.process_time()
    loops = pair(parsed, SPECS)
    examine(parsed, SPECS, loops)
    prepare(parsed, SPECS, loops)
    assert not loops.faults
    return time.process_time() - began


def test_time_grows_with_the_graph_only() -> None:
    gc.disable()  # as good as in server and worker
    try:
        small = min(seconds(3_000) for _ in range(2))
        assert min(seconds(12_000) for _ in range(2)) < 8 * small  # quadratic would be 16
    finally:
        gc.enable()
