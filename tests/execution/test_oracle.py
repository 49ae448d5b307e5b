"""Random graphs give what a naive recursive oracle gives.

The oracle knows nothing of plans, signatures, lanes or caches: it evaluates a node by
evaluating what the node needs, and a loop by evaluating what its end needs in one scope for
each iteration. ``LOOM_EXAMPLES=10000`` tries more graphs.
"""

import asyncio
import os
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.plugins.node import Blocked, Node, Output

from .kinds import kind
from .loops import LoopBench, start_loop, while_end

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
        kind("More", lambda ctx, a, b: a < b, ("a", "b")),
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


SLOTS = {
    "ForEachStart": ("loop", "item", "index", "total"),
    "StartLoop": ("loop", "item", "index", "total", "state1"),
    "WhileStart": ("loop", "index", "state1"),
}


@dataclass
class Scope:
    """A graph, or one iteration of a loop in it.

    Attributes:
        prompt: all nodes.
        place: where it stands in the nesting.
        inside: nodes that have values of their own in this iteration.
        around: the scope of all others.
        start: of the loop.
        given: values of the start in this iteration.
        before: the scope of the iteration before.
        memo: values that are known.
    """

    prompt: dict[str, Any]
    place: tuple[str, ...] = ()
    inside: frozenset[str] = frozenset()
    around: "Scope | None" = None
    start: str = ""
    given: dict[str, list[Any]] = field(default_factory=dict)
    before: "Scope | None" = None
    memo: dict[str, Any] = field(default_factory=dict)

    def of(self, id: str) -> "Scope":
        """The scope in which a node has its values."""
        here = self
        while here.around is not None and id not in here.inside:
            here = here.around
        return here

    def ends(self) -> dict[str, str]:
        """Per start its end."""
        return {
            node["inputs"]["loop"][0]: id
            for id, node in self.prompt.items()
            if "loop" in node["inputs"]
        }

    def body(self, start: str) -> frozenset[str]:
        """What depends on a start otherwise than through its end; links lead backwards."""
        end, found = self.ends()[start], {start}
        for id, node in self.prompt.items():
            links = [v[0] for v in node["inputs"].values() if isinstance(v, list)]
            if id != end and not found.isdisjoint(links):
                found.add(id)
        return frozenset(found)

    def roots(self, ids: list[str]) -> list[str]:
        """What must be evaluated for some output nodes: for those in a loop, its end."""
        bodies = {end: self.body(start) for start, end in self.ends().items()}
        bodies = {end: body for end, body in bodies.items() if end in self.inside | set(ids)}
        roots = []
        for id in ids:
            outer = [end for end, body in bodies.items() if id in body]
            free = [e for e in outer if not any(e in bodies[o] for o in outer)]
            roots += free or [id]
        return list(dict.fromkeys(roots))


class Oracle:
    """Evaluates a prompt by recursion.

    Attributes:
        shown: how often each output node showed what.
        failed: nodes that raised, by their place in the nesting.
        told: how often each message was told.
    """

    def __init__(self, prompt: dict[str, Any], outputs: list[str]) -> None:
        self.shown: Counter[tuple[str, str]] = Counter()
        self.failed: set[tuple[str, ...]] = set()
        self.told: Counter[str] = Counter()
        scope = Scope(prompt, inside=frozenset(prompt))
        for id in scope.roots(outputs):
            self.value(scope, id)

    def value(self, scope: Scope, id: str) -> list[Any] | None:
        """Per output of a node, its items; None if it failed."""
        scope = scope.of(id)
        if id not in scope.memo:
            scope.memo[id] = self.evaluate(scope, id)
        return scope.memo[id]

    def wired(self, scope: Scope, value: Any) -> list[Any] | None:
        """The items of an input; None if what is wired to it failed."""
        if not isinstance(value, list):
            return [value]
        id, slot = value
        if id == scope.of(id).start:
            return self.given(scope.of(id), SLOTS[scope.prompt[id]["class_type"]][slot])
        found = self.value(scope, id)
        return None if found is None else found[slot]

    def given(self, scope: Scope, name: str) -> list[Any] | None:
        """An output of a start in one iteration."""
        if name != "state1":
            return scope.given.get(name)
        if scope.before is None:
            assert scope.around is not None
            return self.wired(scope.around, scope.prompt[scope.start]["inputs"]["state1"])
        end = scope.ends()[scope.start]
        return self.wired(scope.before, scope.prompt[end]["inputs"]["state1"])

    def loop(self, scope: Scope, id: str) -> list[Any] | None:
        """Evaluate the body of a loop once for each iteration."""
        inputs = scope.prompt[id]["inputs"]
        start = inputs["loop"][0]
        first, is_while = scope.prompt[start]["inputs"], "condition" in inputs
        items = list(range(100)) if is_while else self.wired(scope, first["items"])
        if items is None:
            return None
        if blocks := [item for item in items if isinstance(item, Blocked)]:
            self.told.update([b.message for b in blocks if b.message][:1])
            return [[Blocked()]] * 3
        results: list[Any] = []
        count, failed, last = 0, False, None
        for count, item in enumerate(items, 1):
            given = {"item": [item], "index": [count - 1], "total": [len(items)]}
            place = (*scope.place, f"{id}.{count - 1}")
            body = scope.body(start)
            last = Scope(scope.prompt, place, body, scope, start, given, last)
            outputs = [i for i in scope.prompt if i in body and is_show(scope.prompt[i])]
            for root in last.roots(outputs):
                self.value(last, root)
            result = self.wired(last, inputs["result"])
            failed |= result is None
            results += [i for i in result or () if not isinstance(i, Blocked)]
            if is_while:
                state = self.wired(last, inputs["state1"])
                go_on = self.wired(last, inputs["condition"])
                if failed or state is None or not go_on:
                    return None
                if not go_on[0]:
                    break
        state = self.last_state(scope, last, start, id)
        return None if failed or None in state else [results, [count], *state]

    def last_state(self, scope: Scope, last: Scope | None, start: str, end: str) -> list[Any]:
        """The state that a loop gives; of a loop without iterations the first."""
        inputs = scope.prompt[end]["inputs"]
        if "state1" not in inputs:
            return []
        if last is None:
            return [self.wired(scope, scope.prompt[start]["inputs"]["state1"])]
        return [self.wired(last, inputs["state1"])]

    def evaluate(self, scope: Scope, id: str) -> list[Any] | None:
        name, inputs = scope.prompt[id]["class_type"], scope.prompt[id]["inputs"]
        if "loop" in inputs:
            return self.loop(scope, id)
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
                    items[key] = self.wired(scope, value)
            if None in items.values():
                return None
            calls = self.calls(name, items)
            open_calls = [call for call in calls if not self.blocks(name, call)]
            wanted = {n for call in open_calls for n in asked_for(call["c"])} if lazies else set()
            wanted = {n for n in wanted if isinstance(inputs[n], list)}
            if wanted <= asked:
                break
            asked |= wanted
        return self.finish(id, name, calls, scope.place)

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
            self.shown[id, str(text)] += 1
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
            case "More":
                return [[x["a"] < x["b"]]]
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
                return [[result]] if graph is None else self.value(Scope(graph, place), result[0])
            case _:
                return [[x["x"]]]


def is_show(node: dict[str, Any]) -> bool:
    return bool(node["class_type"] == "Show")


def has_loops(prompt: dict[str, Any]) -> bool:
    return any("loop" in node["inputs"] for node in prompt.values())


NUMBERS = st.integers(0, 12)


@st.composite
def prompts(draw: Any) -> dict[str, Any]:
    """A graph of some 15 nodes, loops among them, whose links lead backwards."""
    nodes: dict[str, Any] = {"0": {"class_type": "Const", "inputs": {"v": draw(NUMBERS)}}}
    fill(draw, nodes, [["0", 0]], draw(st.integers(1, 11)), [])
    return nodes


def fill(
    draw: Any, nodes: dict[str, Any], slots: list[list[Any]], size: int, indices: list[list[Any]]
) -> None:
    """Add nodes.

    Args:
        draw: of hypothesis.
        nodes: the graph so far.
        slots: what they may be wired to.
        size: how many nodes or loops.
        indices: the index outputs of the loops around.
    """

    def number() -> Any:
        return draw(st.sampled_from(slots)) if draw(st.integers(0, 4)) else draw(NUMBERS)

    def put(node: dict[str, Any]) -> str:
        nodes[str(len(nodes))] = node
        return str(len(nodes) - 1)

    def add(name: str, outputs: int = 1, **inputs: Any) -> str:
        id = put({"class_type": name, "inputs": inputs})
        slots.extend([id, i] for i in range(outputs))
        return id

    def loop() -> None:
        """A loop inside of another depends on that one's index, so that they nest."""
        shape = draw(st.sampled_from(["each", "list", "while"]))
        first = indices[-1] if indices else number()
        items = put({"class_type": "Range", "inputs": {"start": first, "count": draw(NUMBERS)}})
        match shape:
            case "each":
                start = put({"class_type": "ForEachStart", "inputs": {"items": [items, 0]}})
                outputs = [[start, 1], [start, 2], [start, 3]]
            case "list":
                start = put(start_loop(mode="List", items=[items, 0], state1=first))
                outputs = [[start, 1], [start, 2], [start, 4]]
            case _:
                start = put({"class_type": "WhileStart", "inputs": {"state1": first}})
                outputs = [[start, 1], [start, 2]]
        index = [start, 1 if shape == "while" else 2]
        inner = [*slots, *outputs, *outputs]
        fill(draw, nodes, inner, draw(st.integers(1, 4)), [*indices, index])
        wires: dict[str, Any] = {"loop": [start, 0], "result": draw(st.sampled_from(inner))}
        if shape != "each":
            wires["state1"] = draw(st.sampled_from(inner))
        if shape == "while":
            limit = draw(st.integers(0, 3))
            more = put({"class_type": "More", "inputs": {"a": index, "b": limit}})
            end = put(while_end(**wires, condition=[more, 0]))
        else:
            end = put({"class_type": ENDS[shape], "inputs": wires})
        slots.extend([end, i] for i in range(2 if shape == "each" else 3))

    for _ in range(size):
        match draw(st.integers(0, 10 if len(indices) < 2 else 9)):
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
            case 9:
                shape = draw(st.sampled_from(["loop", "list", "gate", "choice"]))
                add("Grow", x=number(), n=draw(st.integers(0, 3)), shape=shape)
            case _:
                loop()
    for _ in range(draw(st.integers(0 if indices else 1, 2))):
        add("Show", x=draw(st.sampled_from(slots)))


ENDS = {"each": "ForEachEnd", "list": "EndLoop"}


async def compare(prompt: dict[str, Any]) -> None:
    """Run a prompt without a cache, then twice with one."""
    oracle = Oracle(prompt, [id for id, node in prompt.items() if is_show(node)])
    for bench in (LoopBench(*make_nodes(), budget=0), LoopBench(*make_nodes())):
        try:
            for _ in range(2):
                outcome = await asyncio.wait_for(bench.run(prompt), 20)
                done = [e.data for e in bench.events if e.type == "node_done"]
                place = {d["node"]: d.get("display_node", d["node"]) for d in done}
                shown = [(place[id], str(ui["text"])) for id, ui in outcome.outputs.items()]
                assert Counter(shown) == oracle.shown
                assert outcome.status == ("failed" if oracle.failed else "done")
                failed = [e.data for e in bench.events if e.type == "node_failed"]
                told = [f for f in failed if f["exception_type"] == "ExecutionBlocked"]
                assert len(failed) - len(told) == len(oracle.failed)
                texts = Counter(f["exception_message"] for f in told)
                # A node that told is not remembered; a loop that uses it later runs it again.
                assert texts == oracle.told or (texts > oracle.told and has_loops(prompt))
                assert texts.keys() == oracle.told.keys()
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
