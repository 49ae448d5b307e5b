"""Expansion: nodes that become other nodes while they run."""

from typing import Any

from engine.api import GraphBuilder
from engine.plugins.node import Blocked, Output

from .kinds import Bench, kind
from .test_executor import ADD, FAIL, ONE, SHOW, node


def double(ctx: Any, x: Any) -> Output:
    graph = GraphBuilder()
    return Output((graph.node("Add", a=x, b=x).out(0),), expand=graph.finalize())


DOUBLE = kind("Double", double, ("x",))
THING = kind("Thing", lambda ctx, x: (x,), ("x",))


def countdown(ctx: Any, n: int, total: Any = 0) -> Output:
    if n == 0:
        return Output((total,))
    graph = GraphBuilder()
    more = graph.node("Add", a=total, b=n)
    again = graph.node("Count", n=n - 1, total=more.out(0))
    return Output((again.out(0),), expand=graph.finalize())


COUNT = kind("Count", countdown, ("n", "total"))


def shown(kind: str, **inputs: Any) -> dict[str, Any]:
    return {
        "one": node("One", value=4),
        "big": node(kind, **inputs),
        "out": node("Show", x=["big", 0]),
    }


async def test_inner_nodes_do_the_work() -> None:
    bench = Bench(ONE, ADD, SHOW, DOUBLE)
    outcome = await bench.run(shown("Double", x=["one", 0]), "out")
    assert outcome.outputs == {"out": {"text": [8]}}
    inner = next(e.data for e in bench.events if e.data.get("node") == "big.0.@1")
    assert (inner["display_node"], inner["parent_node"]) == ("big", "big")
    assert bench.ran() == ["one", "big", "big.0.@1", "out"]


async def test_the_same_expansion_again_is_known() -> None:
    bench = Bench(ONE, ADD, SHOW, DOUBLE)
    await bench.run(shown("Double", x=["one", 0]), "out")
    await bench.run(shown("Double", x=["one", 0]), "out")
    assert bench.ran() == []
    direct = {"a": node("Add", a=4, b=4), "out": node("Show", x=["a", 0])}
    await bench.run(direct, "out")
    assert bench.ran() == ["out"]


async def test_lists_merge_flat() -> None:
    numbers = kind("Numbers", lambda ctx, x: [x, x + 1], ("x",), output_is_list=True)

    def expand(ctx: Any, x: int) -> Output:
        graph = GraphBuilder()
        return Output((graph.node("Numbers", x=x).out(0),), expand=graph.finalize())

    bench = Bench(ADD, SHOW, numbers, kind("Twice", expand, ("x",)))
    prompt = {
        "n": node("Numbers", x=10),
        "t": node("Twice", x=["n", 0]),
        "out": node("Show", x=["t", 0]),
    }
    assert (await bench.run(prompt, "out")).outputs == {"out": {"text": [10, 11, 11, 12]}}


async def test_expansions_expand_again() -> None:
    bench = Bench(ONE, ADD, SHOW, COUNT, budget=1 << 22)
    outcome = await bench.run(shown("Count", n=60), "out")
    assert outcome.outputs == {"out": {"text": [60 * 61 // 2]}}
    roots = {e.data.get("display_node", e.data["node"]) for e in bench.events if "node" in e.data}
    assert roots == {"big", "out"}
    await bench.run(shown("Count", n=61), "out")
    assert len(bench.ran()) == 2 * 61 + 2


async def test_any_value_may_go_into_an_inner_node_and_names_its_result() -> None:
    runs: list[Any] = []

    def use(ctx: Any, x: Any) -> Any:
        runs.append(x)
        return x

    def wrap(ctx: Any, x: Any) -> Output:
        graph = GraphBuilder()
        used = graph.node("Use", x={"item": [x, object]})
        return Output((used.out(0),), expand=graph.finalize())

    bench = Bench(ONE, SHOW, kind("Use", use, ("x",)), kind("Wrap", wrap, ("x",)))
    outcome = await bench.run(shown("Wrap", x=["one", 0]), "out")
    assert outcome.outputs == {"out": {"text": [{"item": [4, object]}]}}
    await bench.run(shown("Wrap", x=3), "out")
    assert runs == [{"item": [4, object]}, {"item": [3, object]}]
    await bench.run({**shown("Wrap", x=3), "out": node("Show", x=["big", 0])}, "out")
    assert len(runs) == 2


async def test_inner_outputs_show_each_time() -> None:
    def expand(ctx: Any, x: Any) -> Output:
        graph = GraphBuilder()
        graph.node("Show", id="inside", x=x)
        return Output((x,), expand=graph.finalize())

    bench = Bench(ONE, SHOW, kind("Tap", expand, ("x",)))
    for _ in range(2):
        outcome = await bench.run(shown("Tap", x=5), "out", "big")
        assert outcome.outputs == {"big.0.inside": {"text": [5]}, "out": {"text": [5]}}
    assert bench.ran() == ["big"]


async def test_an_inner_node_may_use_an_outer_one() -> None:
    def expand(ctx: Any, x: Any) -> Output:
        graph = GraphBuilder()
        return Output((graph.node("Add", a=x, b=1).out(0),), expand=graph.finalize())

    outer = kind("Outer", expand, ("x",), raw=("x",))
    bench = Bench(ONE, ADD, SHOW, outer, budget=0)
    outcome = await bench.run(shown("Outer", x=["one", 0]), "out")
    assert outcome.outputs == {"out": {"text": [5]}}
    assert bench.ran().count("one") == 1


async def test_a_result_may_be_an_outer_node_or_a_plain_value() -> None:
    def expand(ctx: Any, x: Any) -> Output:
        return Output((x, ["not a link", 1]), expand={})

    outer = kind("Outer", expand, ("x",), outputs=2, raw=("x",))
    bench = Bench(ONE, SHOW, outer)
    prompt = {**shown("Outer", x=["one", 0]), "other": node("Show", x=["big", 1])}
    outcome = await bench.run(prompt, "out", "other")
    assert outcome.outputs == {"out": {"text": [4]}, "other": {"text": [["not a link", 1]]}}


async def test_an_inner_failure_is_told_at_the_outer_node() -> None:
    def expand(ctx: Any) -> Output:
        graph = GraphBuilder()
        return Output((graph.node("Fail", x="in").out(0),), expand=graph.finalize())

    bench = Bench(FAIL, SHOW, ONE, kind("Outer", expand))
    outcome = await bench.run(shown("Outer"), "out")
    assert outcome.status == "failed"
    assert outcome.failure is not None
    assert (outcome.failure["node_id"], outcome.failure["node_type"]) == ("big", "Fail")
    assert bench.failures() == [("big.0.@1", "cannot use in")]


async def expanding_into(graph: Any, value: Any = ("@1", 0)) -> str:
    """The failure text of a node that expands into ``graph``."""
    values = (list(value),)
    bench = Bench(ONE, ADD, SHOW, kind("Outer", lambda ctx: Output(values, expand=graph)))
    outcome = await bench.run({**shown("Outer"), "1": node("Show", x=["one", 0])}, "out", "1")
    assert outcome.outputs == {"1": {"text": [4]}}
    assert outcome.failure is not None
    return str(outcome.failure["exception_message"])


async def test_bad_expansions_are_told() -> None:
    assert "no class_type" in await expanding_into({"@1": {}})
    text = await expanding_into({"@1": node("Nothing")})
    assert "node Nothing does not exist" in text
    text = await expanding_into({"@1": node("Add", a=["gone", 0], b=1)})
    assert "there is no node 'gone'" in text
    text = await expanding_into({"@1": node("One")}, ("@1", 7))
    assert "links to output 7 of 'big.0.@1' (One), which has 1 outputs" in text
    text = await expanding_into({"@1": node("Add", a=["big", 0], b=1)})
    assert text.startswith("Dependency cycle detected")
    text = await expanding_into({"@1": node("Add", a=["@1", 0], b=1)})
    assert "Dependency cycle detected" in text


async def test_a_block_told_inside_is_told_again_next_time() -> None:
    def expand(ctx: Any) -> Output:
        graph = GraphBuilder()
        stop = graph.node("Stop")
        return Output((graph.node("Add", a=stop.out(0), b=1).out(0),), expand=graph.finalize())

    stop = kind("Stop", lambda ctx: Blocked("inside"))
    bench = Bench(ONE, ADD, SHOW, stop, kind("Outer", expand))
    for _ in range(2):
        outcome = await bench.run(shown("Outer"), "out")
        assert (outcome.status, outcome.outputs) == ("done", {})
        assert bench.failures() == [("big.0.@2", "inside")]


async def test_a_node_may_look_at_the_graph_around_it() -> None:
    seen: dict[str, Any] = {}

    def look(ctx: Any, x: Any = None) -> Any:
        seen["ids"] = ctx.graph.all_node_ids()
        seen["node"] = ctx.graph.get_node(ctx.node_id)
        seen["family"] = (
            ctx.graph.get_parent_node_id(ctx.node_id),
            ctx.graph.get_display_node_id(ctx.node_id),
            ctx.graph.get_real_node_id(ctx.node_id),
        )
        seen["original"] = set(ctx.graph.get_original_prompt())
        return x

    def expand(ctx: Any) -> Output:
        graph = GraphBuilder()
        looking = graph.node("Look", x=1)
        looking.set_override_display_id("out")
        return Output((looking.out(0),), expand=graph.finalize())

    bench = Bench(ONE, SHOW, kind("Look", look, ("x",)), kind("Outer", expand))
    await bench.run(shown("Outer"), "out")
    assert seen == {
        "ids": {"one", "big", "out", "big.0.@1"},
        "node": node("Look", x=1),
        "family": ("big", "out", "big"),
        "original": {"one", "big", "out"},
    }
