"""Random graphs give what a naive recursive oracle gives.

The oracle knows nothing of plans, signatures, lanes or caches: it evaluates a node by
evaluating what the node needs. ``LOOM_EXAMPLES=10000`` tries more graphs.
"""

import asyncio
import os
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.plugins.node import Blocked, Node, Output

from .kinds import Bench, kind

EXAMPLES = int(os.environ.get("LOOM_EXAMPLES", "300"))


class Failed(Exception):
    """What the failing node raises, and what the oracle passes on."""


def fail_on(x: int) -> int:
    if x % 4 == 3:
        raise Failed(str(x))
    return x


def gate(x: int, message: str | None) -> Any:
    return Blocked(message) if x % 3 == 1 else x


def inner_graph(x: int, n: int, shape: str) -> tuple[Any, dict[str, Any] | None]:
    """What the expanding node becomes: its result, and the graph that the result links to."""
    if n <= 0:
        return x, None
    more = {"class_type": "Add", "inputs": {"a": x, "b": n}}
    if shape == "loop":
        again = {"class_type": "Grow", "inputs": {"x": ["m", 0], "n": n - 1, "shape": "loop"}}
        return ["g", 0], {"m": more, "g": again}
    if shape == "list":
        return ["r", 0], {"r": {"class_type": "Range", "inputs": {"start": x, "count": n}}}
    if shape == "gate":
        stop = {"class_type": "Gate", "inputs": {"x": ["m", 0], "message": "inner"}}
        fall = {"class_type": "Fail", "inputs": {"x": ["g", 0]}}
        return ["f", 0], {"m": more, "g": stop, "f": fall}
    choice = {"c": x, "yes": ["m", 0], "no": ["f", 0]}
    fall = {"class_type": "Fail", "inputs": {"x": ["m", 0]}}
    return ["s", 0], {"m": more, "f": fall, "s": {"class_type": "Switch", "inputs": choice}}


def asked_for(c: int) -> list[str]:
    return ["yes"] if c % 2 else ["no"]


def make_nodes() -> list[Node]:
    def grow(ctx: Any, x: int, n: int, shape: str) -> Output:
        result, graph = inner_graph(x, n, shape)
        return Output((result,), expand=graph)

    async def later(ctx: Any, x: int) -> int:
        await asyncio.sleep(0)
        return fail_on(x + 1)

    lazies = ("yes", "no")
    needs = {"needs": lambda inputs, ctx: asked_for(inputs["c"])}
    shown = lambda ctx, x: Output((x,), {"text": [x]})  # noqa: E731
    pick = lambda ctx, c, yes=None, no=None: yes if c % 2 else no  # noqa: E731
    span = lambda ctx, start, count: list(range(start, start + count % 4))  # noqa: E731
    return [
        kind("Const", lambda ctx, v: v, ("v",)),
        kind("Range", span, ("start", "count"), output_is_list=True),
        kind("Add", lambda ctx, a, b: a + b, ("a", "b"), lane="host"),
        kind("Sum", lambda ctx, x: sum(x), ("x",), input_is_list=True),
        kind("Split", lambda ctx, x: Output((x // 2, x - x // 2)), ("x",), outputs=2),
        kind("Gate", lambda ctx, x, message: gate(x, message), ("x", "message")),
        kind("Fail", lambda ctx, x: fail_on(x), ("x",)),
        kind("Later", later, ("x",)),
        kind("Switch", pick, ("c", "yes", "no"), lazy=lazies, hooks=needs),
        kind("Grow", grow, ("x", "n", "shape")),
        kind("Show", shown, ("x",), is_output=True),
    ]


class Oracle:
    """Evaluates a prompt by recursion.

    Attributes:
        shown: what each output node showed.
        failed: nodes that raised, by their place in the nesting.
        told: how often each message was told.
    """

    def __init__(self, prompt: dict[str, Any], outputs: list[str]) -> None:
        self.shown: dict[str, Any] = {}
        self.failed: set[tuple[str, ...]] = set()
        self.told: Counter[str] = Counter()
        memo: dict[str, Any] = {}
        for id in outputs:
            self.value(prompt, id, memo, ())

    def value(
        self, prompt: dict[str, Any], id: str, memo: dict[str, Any], place: tuple[str, ...]
    ) -> list[list[Any]] | None:
        """Per output of a node, its items; None if it failed."""
        if id not in memo:
            memo[id] = self.evaluate(prompt, id, memo, place)
        return memo[id]

    def evaluate(
        self, prompt: dict[str, Any], id: str, memo: dict[str, Any], place: tuple[str, ...]
    ) -> list[list[Any]] | None:
        name, inputs = prompt[id]["class_type"], prompt[id]["inputs"]
        lazies = {"yes", "no"} if name == "Switch" else set()
        asked: set[str] = set()
        while True:
            items: dict[str, Any] = {}
            for key, value in inputs.items():
                if not isinstance(value, list):
                    items[key] = [value]
                elif key in lazies - asked:
                    items[key] = [None]
                else:
                    found = self.value(prompt, value[0], memo, place)
                    items[key] = None if found is None else found[value[1]]
            if None in items.values():
                return None
            calls = self.calls(name, items)
            open_calls = [call for call in calls if not self.blocks(name, call)]
            wanted = {n for call in open_calls for n in asked_for(call["c"])} if lazies else set()
            wanted = {n for n in wanted if isinstance(inputs[n], list)}
            if wanted <= asked:
                break
            asked |= wanted
        return self.finish(id, name, calls, place)

    def calls(self, name: str, items: dict[str, list[Any]]) -> list[dict[str, Any]]:
        if name == "Sum":
            return [items]
        if any(not values for values in items.values()):
            return []
        longest = max(map(len, items.values()))
        padded = {k: v + [v[-1]] * (longest - len(v)) for k, v in items.items()}
        return [{k: v[i] for k, v in padded.items()} for i in range(longest)]

    def blocks(self, name: str, call: dict[str, Any]) -> list[Blocked]:
        values = call["x"] if name == "Sum" else call.values()
        return [value for value in values if isinstance(value, Blocked)]

    def finish(
        self, id: str, name: str, calls: list[dict[str, Any]], place: tuple[str, ...]
    ) -> list[list[Any]] | None:
        texts = [
            next((b.message for b in self.blocks(name, call) if b.message), None) for call in calls
        ]
        results = []
        for number, call in enumerate(calls):
            if self.blocks(name, call):
                results.append([[Blocked()]] * (2 if name == "Split" else 1))
                continue
            try:
                results.append(self.call(name, call, (*place, f"{id}.{number}")))
            except Failed:
                self.failed.add((*place, id))
                return None
        if name == "Show" and (text := [r[0][0] for r in results if r[0] != [Blocked()]]):
            self.shown[id] = {"text": text}
        self.told.update({text for text in texts if text})
        if None in results:
            return None
        n = 2 if name == "Split" else 1
        return [[item for result in results for item in result[i]] for i in range(n)]

    def call(self, name: str, x: dict[str, Any], place: tuple[str, ...]) -> list[list[Any]] | None:
        match name:
            case "Const":
                return [[x["v"]]]
            case "Range":
                return [list(range(x["start"], x["start"] + x["count"] % 4))]
            case "Add":
                return [[x["a"] + x["b"]]]
            case "Sum":
                return [[sum(x["x"])]]
            case "Split":
                return [[x["x"] // 2], [x["x"] - x["x"] // 2]]
            case "Gate":
                return [[gate(x["x"], x["message"])]]
            case "Fail":
                return [[fail_on(x["x"])]]
            case "Later":
                return [[fail_on(x["x"] + 1)]]
            case "Switch":
                return [[x["yes"] if x["c"] % 2 else x["no"]]]
            case "Grow":
                result, graph = inner_graph(x["x"], x["n"], x["shape"])
                return [[result]] if graph is None else self.value(graph, result[0], {}, place)
            case _:
                return [[x["x"]]]


NUMBERS = st.integers(0, 12)


@st.composite
def prompts(draw: Any) -> dict[str, Any]:
    """A graph of up to 14 nodes whose links lead backwards."""
    nodes: dict[str, Any] = {"0": {"class_type": "Const", "inputs": {"v": draw(NUMBERS)}}}
    slots: list[list[Any]] = [["0", 0]]

    def number() -> Any:
        return draw(st.sampled_from(slots)) if draw(st.integers(0, 4)) else draw(NUMBERS)

    def add(name: str, outputs: int = 1, **inputs: Any) -> None:
        id = str(len(nodes))
        nodes[id] = {"class_type": name, "inputs": inputs}
        slots.extend([id, i] for i in range(outputs))

    for _ in range(draw(st.integers(1, 11))):
        match draw(st.integers(0, 9)):
            case 0:
                add("Const", v=draw(NUMBERS))
            case 1:
                add("Range", start=number(), count=draw(NUMBERS))
            case 2:
                add("Add", a=number(), b=number())
            case 3:
                add("Sum", x=number())
            case 4:
                add("Split", 2, x=number())
            case 5:
                add("Gate", x=number(), message=draw(st.sampled_from([None, "closed", "shut"])))
            case 6:
                add(draw(st.sampled_from(["Fail", "Later"])), x=number())
            case 7:
                add("Show", x=number())
            case 8:
                add("Switch", c=number(), yes=number(), no=number())
            case _:
                shape = draw(st.sampled_from(["loop", "list", "gate", "choice"]))
                add("Grow", x=number(), n=draw(st.integers(0, 3)), shape=shape)
    for _ in range(draw(st.integers(1, 2))):
        add("Show", x=draw(st.sampled_from(slots)))
    return nodes


async def compare(prompt: dict[str, Any]) -> None:
    """Run a prompt without a cache, then twice with one."""
    outputs = [id for id, node in prompt.items() if node["class_type"] == "Show"]
    oracle = Oracle(prompt, outputs)
    for bench in (Bench(*make_nodes(), budget=0), Bench(*make_nodes())):
        try:
            for _ in range(2):
                outcome = await asyncio.wait_for(bench.run(prompt, *outputs), 20)
                assert outcome.outputs == oracle.shown
                assert outcome.status == ("failed" if oracle.failed else "done")
                failed = [e.data for e in bench.events if e.type == "node_failed"]
                told = [f for f in failed if f["exception_type"] == "ExecutionBlocked"]
                assert len(failed) - len(told) == len(oracle.failed)
                assert Counter(f["exception_message"] for f in told) == oracle.told
                assert [e.type for e in bench.events].count("drained") == 1
        finally:
            bench.executor.lanes.close()


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(prompts())
def test_random_graphs_give_what_the_oracle_gives(prompt: dict[str, Any]) -> None:
    asyncio.run(compare(prompt))
