"""Loops: what they compute, what is known when they run again, and what goes wrong."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.cache import tiered
from engine.cache.disk import DiskTier
from engine.cache.memory import ResultCache
from engine.cache.tiered import TieredCache
from engine.plugins.node import Blocked, Output

from .kinds import kind
from .loops import LoopBench, node, numbers, start_loop, up_to, while_end

Prompt = dict[str, Any]


class Calls(LoopBench):
    """A bench whose node Work remembers what it was called with."""

    def __init__(self, **options: Any) -> None:
        self.calls: list[Any] = []

        def work(ctx: Any, x: Any, y: Any = 0) -> Any:
            self.calls.append((x, y))
            return x * 10 + y

        super().__init__(
            kind("Work", work, ("x", "y")),
            kind("Add", lambda ctx, a, b: a + b, ("a", "b")),
            kind("Less", lambda ctx, a, b: a < b, ("a", "b")),
            kind("Odd", lambda ctx, x: x if x % 2 else Blocked(), ("x",)),
            kind("Fail", fail, ("x",)),
            kind("Thing", lambda ctx, x: Thing(x), ("x",)),
            kind("Look", lambda ctx, x: x.value, ("x",)),
            kind("Show", lambda ctx, x: Output((x,), {"text": [x]}), ("x",), is_output=True),
            **options,
        )

    async def shown(self, prompt: Prompt) -> dict[str, Any]:
        """What all output nodes showed, by the node of the canvas; no calls are remembered."""
        self.calls.clear()
        outcome = await self.run(prompt)
        assert outcome.status == "done", outcome.failure
        shown: dict[str, Any] = {}
        for event in self.events:
            if event.type == "node_done" and event.data["ui"]:
                place = event.data.get("display_node", event.data["node"])
                shown.setdefault(place, []).extend(event.data["ui"]["text"])
        return shown


class Thing:
    """Something that has no content to name it by."""

    def __init__(self, value: Any) -> None:
        self.value = value


def fail(ctx: Any, x: Any) -> Any:
    if x == 2:
        raise ValueError("cannot use 2")
    return x


@pytest.fixture
def bench() -> Iterator[Calls]:
    made = Calls()
    yield made
    made.executor.lanes.close()


def for_each(text: str) -> Prompt:
    return {
        "l": numbers(text),
        "s": node("ForEachStart", items=["l", 1]),
        "w": node("Work", x=["s", 1], y=7),
        "e": node("ForEachEnd", loop=["s", 0], result=["w", 0]),
        "o": node("Show", x=["e", 0]),
    }


def count_to(limit: int) -> Prompt:
    return {
        "s": node("WhileStart", state1=0),
        "a": node("Add", a=["s", 2], b=1),
        "w": node("Work", x=["a", 0], y=["s", 1]),
        "c": node("Less", a=["a", 0], b=limit),
        "e": while_end(loop=["s", 0], condition=["c", 0], state1=["a", 0], result=["w", 0]),
        "o": node("Show", x=["e", 0]),
        "n": node("Show", x=["e", 1]),
        "last": node("Show", x=["e", 2]),
    }


def power(**inputs: Any) -> Prompt:
    return {
        "s": start_loop(**{"state1": 1, **inputs}),
        "w": node("Work", x=["s", 4], y=["s", 1]),
        "e": node("EndLoop", loop=["s", 0], state1=["w", 0], result=["s", 2]),
        "o": node("Show", x=["e", 0]),
        "last": node("Show", x=["e", 2]),
    }


async def test_for_each_maps_a_list(bench: Calls) -> None:
    assert await bench.shown(for_each("1, 2, 3")) == {"o": [17, 27, 37]}
    assert sorted(bench.calls) == [(1, 7), (2, 7), (3, 7)]


async def test_item_index_and_total(bench: Calls) -> None:
    prompt = for_each("5, 6")
    prompt["w"]["inputs"] |= {"x": ["s", 2], "y": ["s", 3]}
    assert await bench.shown(prompt) == {"o": [2, 12]}


async def test_an_empty_list_gives_an_empty_list(bench: Calls) -> None:
    prompt = {**for_each(""), "n": node("Show", x=["e", 1])}
    assert await bench.shown(prompt) == {"n": [0]}
    assert bench.calls == []


async def test_while_looks_at_its_condition_after_each_iteration(bench: Calls) -> None:
    assert await bench.shown(count_to(3)) == {"o": [10, 21, 32], "n": [3], "last": [3]}
    assert await bench.shown(count_to(-5)) == {"o": [10], "n": [1], "last": [1]}


async def test_start_loop_repeats_counts_and_walks(bench: Calls) -> None:
    assert await bench.shown(power(count=3)) == {"o": [0, 1, 2], "last": [1012]}
    found = await bench.shown(power(mode="For", start=5, end=1, step=-2))
    assert found == {"o": [5, 3], "last": [(10 + 5) * 10 + 3]}
    walk = {"l": numbers("4 2"), **power(mode="List", items=["l", 1])}
    assert await bench.shown(walk) == {"o": [0, 1], "last": [142]}
    assert await bench.shown(power(count=0)) == {"last": [1]}


async def test_nested_loops(bench: Calls) -> None:
    """The inner start depends on nothing of the outer loop; its end does."""
    prompt = {
        **for_each("1, 2"),
        "m": up_to(3),
        "s2": node("ForEachStart", items=["m", 0]),
        "w": node("Work", x=["s", 1], y=["s2", 1]),
        "in": node("Show", x=["w", 0]),
        "e2": node("ForEachEnd", loop=["s2", 0], result=["w", 0]),
        "e": node("ForEachEnd", loop=["s", 0], result=["e2", 0]),
    }
    expected = [10, 11, 12, 20, 21, 22]
    found = await bench.shown(prompt)
    assert (found["o"], sorted(found["in"]), len(bench.calls)) == (expected, expected, 6)


async def test_a_while_in_a_while(bench: Calls) -> None:
    prompt = {
        "s": node("WhileStart", state1=0),
        "s2": node("WhileStart", state1=["s", 2]),
        "a": node("Add", a=["s2", 2], b=1),
        "g": node("Add", a=["s2", 1], b=0),
        "c2": node("Less", a=["g", 0], b=["s", 1]),
        "e2": while_end(loop=["s2", 0], condition=["c2", 0], state1=["a", 0]),
        "c": node("Less", a=["e2", 2], b=6),
        "e": while_end(loop=["s", 0], condition=["c", 0], state1=["e2", 2], result=["e2", 1]),
        "o": node("Show", x=["e", 0]),
        "last": node("Show", x=["e", 2]),
    }
    assert await bench.shown(prompt) == {"o": [1, 2, 3], "last": [6]}


async def test_outputs_inside_show_once_an_iteration_at_their_own_node(bench: Calls) -> None:
    prompt = {**for_each("1, 2"), "in": node("Show", x=["w", 0])}
    for _ in range(2):
        assert await bench.shown(prompt) == {"in": [17, 27], "o": [17, 27]}
    assert bench.calls == []


async def test_an_output_inside_runs_the_loop_alone(bench: Calls) -> None:
    prompt = {**for_each("1, 2"), "in": node("Show", x=["w", 0])}
    del prompt["o"], prompt["e"]["inputs"]["result"]
    assert await bench.shown(prompt) == {"in": [17, 27]}


async def test_an_output_that_is_added_inside_is_shown(bench: Calls) -> None:
    await bench.shown(for_each("1, 2"))
    prompt = {**for_each("1, 2"), "in": node("Show", x=["w", 0])}
    assert await bench.shown(prompt) == {"in": [17, 27], "o": [17, 27]}
    assert bench.calls == []


async def test_what_does_not_depend_on_the_start_runs_once(bench: Calls) -> None:
    prompt = for_each("1, 2, 3")
    prompt |= {"out": node("Work", x=4), "w": node("Work", x=["s", 1], y=["out", 0])}
    await bench.shown(prompt)
    assert bench.calls.count((4, 0)) == 1 and len(bench.calls) == 4


def memory(path: Path) -> ResultCache:
    return ResultCache(1 << 24)


def disk(path: Path) -> ResultCache:
    return TieredCache(1 << 24, DiskTier(path, 1 << 24))


@pytest.fixture(params=[memory, disk])
def again(
    request: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Calls]]:
    """Gives the bench of the next run: the same, or a new one over the same files."""
    monkeypatch.setattr(tiered, "WORTH_SECONDS", 0.0)
    kept: list[Calls] = []

    def make() -> Calls:
        if kept and request.param is memory:
            return kept[-1]
        for old in kept:
            old.cache.flush()
        kept.append(Calls(cache=request.param(tmp_path)))
        return kept[-1]

    yield make
    for old in kept:
        old.executor.lanes.close()


async def test_a_list_that_grew_runs_what_is_new(again: Callable[[], Calls]) -> None:
    await again().shown(for_each("1, 2, 3"))
    bench = again()
    assert await bench.shown(for_each("1, 2, 3, 4")) == {"o": [17, 27, 37, 47]}
    assert bench.calls == [(4, 7)]
    bench = again()
    assert await bench.shown(for_each("4, 9, 1")) == {"o": [47, 97, 17]}
    assert bench.calls == [(9, 7)]


async def test_a_while_that_goes_further_continues(again: Callable[[], Calls]) -> None:
    await again().shown(count_to(3))
    bench = again()
    assert (await bench.shown(count_to(5)))["o"] == [10, 21, 32, 43, 54]
    assert bench.calls == [(4, 3), (5, 4)]


async def test_a_count_that_grew_continues_from_the_last_state(again: Callable[[], Calls]) -> None:
    await again().shown(power(count=2))
    bench = again()
    assert (await bench.shown(power(count=4)))["last"] == [10123]
    assert bench.calls == [(101, 2), (1012, 3)]


async def test_items_without_content_are_named_by_their_list(bench: Calls) -> None:
    prompt = for_each("1, 2")
    prompt |= {"t": node("Thing", x=["l", 1]), "s": node("ForEachStart", items=["t", 0])}
    prompt |= {"k": node("Look", x=["s", 1]), "w": node("Work", x=["k", 0], y=7)}
    assert await bench.shown(prompt) == {"o": [17, 27]}
    prompt["e"]["inputs"].pop("result")
    prompt["in"] = node("Show", x=["w", 0])
    del prompt["o"]
    assert await bench.shown(prompt) == {"in": [17, 27]}
    assert bench.calls == []


async def test_blocked_iterations_are_left_out(bench: Calls) -> None:
    prompt = {**for_each("1, 2, 3"), "odd": node("Odd", x=["s", 1])}
    prompt["w"]["inputs"]["x"] = ["odd", 0]
    prompt["n"] = node("Show", x=["e", 1])
    assert await bench.shown(prompt) == {"o": [17, 37], "n": [3]}
    assert bench.failures() == []


async def test_an_error_in_an_iteration_fails_the_loop(bench: Calls) -> None:
    prompt = {**for_each("1, 2, 3"), "f": node("Fail", x=["s", 1]), "x": node("Show", x=1)}
    prompt["w"]["inputs"]["x"] = ["f", 0]
    outcome = await bench.run(prompt)
    assert (outcome.status, outcome.outputs) == ("failed", {"x": {"text": [1]}})
    assert bench.failures() == [("e.1.f", "cannot use 2")]
    assert outcome.failure is not None and outcome.failure["node_id"] == "e"


async def test_a_while_that_does_not_end_says_what_to_do(bench: Calls) -> None:
    prompt = count_to(100)
    prompt["e"]["inputs"]["max_iterations"] = 5
    await bench.run(prompt)
    ((_, text),) = bench.failures()
    assert "that node e ends is not over after 5 iterations" in text
    assert "raise 'max_iterations'" in text
    assert len(bench.calls) == 5


async def test_a_state_without_a_first_value_says_what_to_do(bench: Calls) -> None:
    prompt = count_to(3)
    del prompt["s"]["inputs"]["state1"]
    await bench.run(prompt)
    ((_, text),) = bench.failures()
    assert "wire one to the input 'state1' of node s" in text


async def test_a_state_that_nobody_wired_says_so_to_who_uses_it(bench: Calls) -> None:
    prompt = {**count_to(2), "x": node("Show", x=["e", 5])}
    await bench.run(prompt)
    ((id, text),) = bench.failures()
    assert id == "x" and "'state4' of node e has no value" in text


async def test_an_interrupt_lands_within_an_iteration(bench: Calls) -> None:
    cancelled = threading.Event()

    def stop(event: Any) -> None:
        if event.data.get("node") == "e.3.w" and event.type == "node_started":
            cancelled.set()

    outcome = await bench.run(count_to(1000), cancelled=cancelled, on_event=stop)
    assert outcome.status == "cancelled"
    assert len(bench.calls) <= 5


async def test_the_end_shows_how_far_the_loop_is(bench: Calls) -> None:
    await bench.run(for_each("1, 2, 3"))
    await asyncio.sleep(0)
    told = [e.data for e in bench.events if e.type == "progress"]
    assert {d["display_node"] for d in told} == {"e"}
    assert (told[-1]["value"], told[-1]["total"]) == (3, 3)


async def test_long_loops_neither_recurse_nor_grow_their_ids() -> None:
    bench = Calls(budget=1 << 28)
    prompt = count_to(1000)
    assert (await bench.shown(prompt))["last"] == [1000]
    ids = [e.data["node"] for e in bench.events if "node" in e.data]
    assert max(map(len, ids)) <= len("e.@results")
    prompt = {**for_each(""), "l": up_to(10_000), "s": node("ForEachStart", items=["l", 0])}
    assert len((await bench.shown(prompt))["o"]) == 10_000
    bench.executor.lanes.close()


async def test_a_custom_expansion_may_hold_a_loop() -> None:
    graph = {**for_each("1, 2"), "in": node("Show", x=["w", 0])}
    del graph["o"]
    outer = kind("Outer", lambda ctx: Output((["e", 0],), expand=graph))
    show = kind("Show", lambda ctx, x: Output((x,), {"text": [x]}), ("x",), is_output=True)
    work = kind("Work", lambda ctx, x, y: x * 10 + y, ("x", "y"))
    bench = LoopBench(outer, show, work)
    outcome = await bench.run({"b": node("Outer"), "o": node("Show", x=["b", 0])})
    shown = [found["text"][0] for found in outcome.outputs.values()]
    assert outcome.outputs["o"] == {"text": [17, 27]}
    assert sorted(shown) == [17, 17, 27]
    bench.executor.lanes.close()


async def test_without_a_cache_what_is_outside_is_kept_for_all_iterations() -> None:
    bench = Calls(budget=0)
    prompt = count_to(4)
    prompt |= {"out": node("Work", x=4), "w": node("Work", x=["a", 0], y=["out", 0])}
    assert (await bench.shown(prompt))["last"] == [4]
    assert bench.calls.count((4, 0)) == 1
    bench.executor.lanes.close()


async def test_outputs_inside_may_end_after_the_loop(bench: Calls) -> None:
    """What the loop gave them is there until then."""
    prompt = {**for_each("1, 2"), "in": node("Show", x=["s", 1])}
    prompt["e"]["inputs"]["result"] = ["l", 1]
    prompt["w2"] = node("Show", x=["w", 0])
    assert await bench.shown(prompt) == {"in": [1, 2], "w2": [17, 27], "o": [1, 2, 1, 2]}


async def test_a_loop_that_cannot_go_on_fails_nothing_else(bench: Calls) -> None:
    """What it still waited for when it was given up does not try to go on to it."""
    prompt = {**count_to(2), "f": node("Fail", x=2), "x": node("Show", x=["f", 0])}
    prompt["k"] = node("Add", a=1, b=1)
    prompt["e"]["inputs"] |= {"result": ["f", 0], "state1": ["k", 0]}
    assert (await bench.run(prompt)).status == "failed"
    assert bench.failures() == [("f", "cannot use 2")]
