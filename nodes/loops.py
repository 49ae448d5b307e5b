"""Loops: a start node, an end node, and between them a body that is repeated.

The end does the work. It looks at the body (validation wrote the ids into its input
``loop_body``) and expands into one copy of it for each iteration, ``<end>.<number>.<node>``.
In a copy, links to the start lead to this iteration's item, index and state instead. The body
itself, as it stands in the prompt, is only the pattern: the start blocks it silently.

Invariant: nothing of a loop runs but copies of its body, each once, and the few nodes that hold
them together.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from engine.api import (
    Blocked,
    Choice,
    Collected,
    Context,
    Gathered,
    Int,
    Items,
    Lazy,
    NodeError,
    Output,
    Raw,
    Socket,
    node,
)

from .loop_copies import OUTPUTS, STATES, Copies, Pattern, Wired, read_pattern

#: What the end of a loop that has states gives.
RESULTS = ("results", "count", *STATES)
#: At most so many iterations of a loop report that they are done.
REPORTS = 1000
LARGEST = 2**31 - 1

Anything = Annotated[Any, Socket("*")]
Wire = Annotated[Any, Socket("LOOP")]
Number = Annotated[Any, Socket("INT")]
Body = Annotated[Any, Socket("LOOP_BODY", hidden=True)]
Shows = Annotated[Any, Socket("INT", hidden=True)]
#: The link of an input, whose source is left to the copies of the body.
Later = Lazy[Raw[Anything]]


def _nothing(inputs: Mapping[str, Any]) -> tuple[str, ...]:
    """Starts and ends never ask for the pattern itself to be evaluated."""
    return ()


@node(
    "ForEachStart",
    category="logic/loop",
    title="For Each: Start",
    outputs=OUTPUTS["ForEachStart"],
    input_is_list=True,
    loop="start",
    pair="ForEachEnd",
)
def for_each_start(*, items: Anything) -> tuple[Wire, Anything, Number, Number]:
    """Begin a part of the graph that runs once for each item of a list.

    Args:
        items: a list, such as the results of another loop, Number List or Number Range.
    """
    return _started(items, range(len(items)), "ForEachStart")


@node(
    "ForEachEnd",
    category="logic/loop",
    title="For Each: End",
    outputs=("results", "count"),
    loop="end",
    pair="ForEachStart",
    needs=_nothing,
)
def for_each_end(
    *,
    loop: Wire,
    result: Later = None,
    loop_body: Body = None,
    loop_shows: Shows = None,
    ctx: Context,
) -> tuple[Items[Anything], Number]:
    """End a For Each loop and collect what each iteration made.

    Iterations do not depend on each other and may overlap. One whose result is blocked is left
    out of the list, without an error.

    Args:
        loop: from the start of the loop.
        result: what to collect of each iteration; may stay empty if the body saves pictures.
    """
    return _unrolled(loop, ctx, states=())


@node(
    "WhileStart",
    category="logic/loop",
    title="While: Start",
    outputs=OUTPUTS["WhileStart"],
    loop="start",
    pair="WhileEnd",
    needs=_nothing,
)
def while_start(
    *, state1: Later = None, state2: Later = None, state3: Later = None, state4: Later = None
) -> tuple[Wire, Number, Anything, Anything, Anything, Anything]:
    """Begin a part of the graph that is repeated as long as a condition holds.

    Args:
        state1: its value in the first iteration; later that of state1 at the end of the loop.
        state2: another value that iterations hand on.
        state3: another value that iterations hand on.
        state4: another value that iterations hand on.
    """
    return _started((), (), "WhileStart")


@node(
    "WhileEnd",
    category="logic/loop",
    title="While: End",
    outputs=RESULTS,
    loop="end",
    pair="WhileStart",
    needs=_nothing,
)
def while_end(
    *,
    loop: Wire,
    condition: Later,
    result: Later = None,
    state1: Later = None,
    state2: Later = None,
    state3: Later = None,
    state4: Later = None,
    max_iterations: Int(1, 1_000_000) = 1000,
    loop_body: Body = None,
    loop_shows: Shows = None,
    ctx: Context,
) -> tuple[Items[Anything], Number, Anything, Anything, Anything, Anything]:
    """End a While loop: repeat it while the condition is true, then give the last state.

    The condition is looked at after each iteration, so there is at least one. An iteration
    whose result is blocked is left out of the list, without an error.

    Args:
        loop: from the start of the loop.
        condition: computed in the loop; true begins another iteration.
        result: what to collect of each iteration.
        state1: what the next iteration finds as state1.
        state2: what the next iteration finds as state2.
        state3: what the next iteration finds as state3.
        state4: what the next iteration finds as state4.
        max_iterations: the loop fails if it has not ended after so many.
    """
    copies = Copies(read_pattern(ctx.node_id, ctx))
    return _next_iteration(copies, 0, copies.first_states(), max_iterations, _after_while)


@node(
    "StartLoop",
    category="logic/loop",
    title="Start Loop",
    outputs=OUTPUTS["StartLoop"],
    input_is_list=True,
    loop="start",
    pair="EndLoop",
    needs=_nothing,
)
def start_loop(
    *,
    mode: Choice(("simple", "For", "List")),
    count: Int(0, LARGEST) = 4,
    start: Int(-LARGEST, LARGEST) = 0,
    end: Int(-LARGEST, LARGEST) = 4,
    step: Int(-LARGEST, LARGEST) = 1,
    items: Anything = None,
    state1: Later = None,
    state2: Later = None,
    state3: Later = None,
    state4: Later = None,
) -> tuple[Wire, Anything, Number, Number, Anything, Anything, Anything, Anything]:
    """Begin a part of the graph that is repeated: so many times, over numbers or over a list.

    Args:
        mode: simple repeats "count" times, For counts from "start" to "end", List goes through
            "items".
        count: how often, in mode simple.
        start: first index, in mode For.
        end: where to stop, in mode For; this number itself is not reached.
        step: from one index to the next, in mode For; may be negative.
        items: a list, in mode List.
        state1: its value in the first iteration; later that of state1 at the end of the loop.
        state2: another value that iterations hand on.
        state3: another value that iterations hand on.
        state4: another value that iterations hand on.
    """
    (how,) = mode
    if how == "List":
        if items is None:
            raise NodeError("Mode List needs a list: wire one to 'items', or choose another mode.")
        return _started(items, range(len(items)), "StartLoop")
    if how == "For" and step[0] == 0:
        raise NodeError("A step of 0 never reaches the end: give a 'step' other than 0.")
    numbers = range(count[0]) if how == "simple" else range(start[0], end[0], step[0])
    return _started(numbers, numbers, "StartLoop")


@node(
    "EndLoop",
    category="logic/loop",
    title="End Loop",
    outputs=RESULTS,
    loop="end",
    pair="StartLoop",
    needs=_nothing,
)
def end_loop(
    *,
    loop: Wire,
    result: Later = None,
    state1: Later = None,
    state2: Later = None,
    state3: Later = None,
    state4: Later = None,
    loop_body: Body = None,
    loop_shows: Shows = None,
    ctx: Context,
) -> tuple[Items[Anything], Number, Anything, Anything, Anything, Anything]:
    """End a loop: collect what each iteration made, and give the last state.

    Iterations overlap unless a state makes one wait for the other. One whose result is blocked
    is left out of the list, without an error.

    Args:
        loop: from the start of the loop.
        result: what to collect of each iteration.
        state1: what the next iteration finds as state1.
        state2: what the next iteration finds as state2.
        state3: what the next iteration finds as state3.
        state4: what the next iteration finds as state4.
    """
    return _unrolled(loop, ctx, STATES)


@node("LoopItem", category="logic/loop/inside", title="Item of a Loop")
def loop_item(*, loop: Wire, number: Int(0, LARGEST)) -> Anything:
    """Made by loops for an item that has no content to name it by, such as a model.

    Args:
        loop: from the start of the loop.
        number: which item, from 0.
    """
    return loop["items"][number]


@node("LoopProgress", category="logic/loop/inside", title="Progress of a Loop", input_is_list=True)
def loop_progress(
    *, done: Raw[Anything], value: Int(0, LARGEST), total: Int(0, LARGEST), ctx: Context
) -> Anything:
    """Made by loops to show at the end node how far they are; gives nothing.

    Args:
        done: what the iteration made; as a link, so that a block is not told here.
        value: iterations done.
        total: iterations in all.
    """
    ctx.progress(value[0], total[0])
    return Blocked()


@node(
    "WhileNext",
    category="logic/loop/inside",
    title="Next Iteration",
    outputs=("collected", "count", *STATES),
    input_is_list=True,
)
def while_next(
    *,
    condition: Anything,
    number: Int(0, LARGEST),
    limit: Int(1, LARGEST),
    result: Raw[Anything] = None,
    state1: Raw[Anything] = None,
    state2: Raw[Anything] = None,
    state3: Raw[Anything] = None,
    state4: Raw[Anything] = None,
    ctx: Context,
) -> tuple[Anything, Number, Anything, Anything, Anything, Anything]:
    """Made by While loops after each iteration: begins the next, or ends the loop.

    Args:
        condition: of the iteration that has ended.
        number: of that iteration, from 0.
        limit: how many iterations there may be.
        result: of that iteration.
        state1: for the next iteration.
        state2: for the next iteration.
        state3: for the next iteration.
        state4: for the next iteration.
    """
    (last,), (most,) = number, limit
    pattern = read_pattern(ctx.node_id.rpartition(".")[0], ctx)
    states = {
        name: None if link is None else link[0]
        for name, link in zip(STATES, (state1, state2, state3, state4), strict=True)
    }
    ctx.progress(last + 1, most)
    if not _is_true(condition, pattern):
        return _ended(pattern, last, states, ctx)
    if last + 1 >= most:
        raise NodeError(
            f"The While loop that node {pattern.end} ends is not over after {most} iterations: "
            "its condition is still true. Check what is wired to 'condition', or raise "
            "'max_iterations' of that node."
        )
    return _next_iteration(Copies(pattern), last + 1, states, most, _pass_on)


@node("LoopResults", category="logic/loop/inside", title="Results of a Loop")
def loop_results(*, collected: Anything) -> Items[Anything]:
    """Made by While loops: the collected results as a list.

    Args:
        collected: from the last iteration.
    """
    assert isinstance(collected, Collected)
    return list(collected.items)


def _started(items: Iterable[Any], index: Iterable[int], kind: str) -> tuple[Any, ...]:
    """What a start gives on its own: the plan for the end, and blocks for the pattern."""
    rest = len(OUTPUTS[kind]) - 1
    return ({"items": list(items), "index": list(index)}, *(Blocked() for _ in range(rest)))


def _unrolled(plan: Mapping[str, Any], ctx: Context, states: Sequence[str]) -> Output:
    """All iterations of a loop whose number is known, at once."""
    copies = Copies(read_pattern(ctx.node_id, ctx))
    pattern, used = copies.pattern, copies.pattern.used()
    kept, links = copies.first_states(), list[Wired]()
    total = len(plan["items"])
    stride = -(-total // REPORTS) or 1
    for number, (item, index) in enumerate(zip(plan["items"], plan["index"], strict=True)):
        ctx.check()
        given = dict(kept)
        if "item" in used:
            given["item"] = copies.item(number, item)
        if "index" in used:
            given["index"] = copies.number(number, "index", index)
        if "total" in used:
            given["total"] = copies.number(number, "total", total)
        copies.add(number, given)
        kept = copies.next_states(number, given)
        made = _result(copies, number, given)
        links += made
        done = made or [link for name, link in kept.items() if name in pattern.inputs and link]
        if done and ((number + 1) % stride == 0 or number + 1 == total):
            links.append(_report(copies, number, total, done[0]))
    last = [_last(pattern, name, kept[name]) for name in states]
    return copies.output((Gathered(links), total, *last))


def _result(copies: Copies, number: int, given: Mapping[str, Wired | None]) -> list[Wired]:
    """The link to what an iteration adds to the list, if the end collects something."""
    value = copies.pattern.inputs.get("result")
    place = f"{copies.pattern.end}.{number}.@result"
    return [] if value is None else [copies.wired(value, number, given, place)]


def _report(copies: Copies, number: int, total: int, done: Wired) -> Wired:
    place, value = f"{copies.pattern.end}.{number}.@done", number + 1
    return copies.graph.node("LoopProgress", id=place, done=done, value=value, total=total).out(0)


def _last(pattern: Pattern, name: str, link: Wired | None) -> Any:
    if link is not None:
        return link
    return Blocked(
        f"The output '{name}' of node {pattern.end} has no value: wire '{name}' at the start of "
        "the loop, or at its end."
    )


def _next_iteration(
    copies: Copies, number: int, states: Mapping[str, Wired | None], limit: int, results: Any
) -> Output:
    """One iteration of a While loop, and the node that goes on from there."""
    pattern, place = copies.pattern, f"{copies.pattern.end}.{number}"
    given = {**states, "index": copies.number(number, "index", number)}
    copies.add(number, given)
    after = {name: link for name, link in copies.next_states(number, given).items() if link}
    collected = _result(copies, number, given)
    condition = copies.wired(pattern.inputs["condition"], number, given, f"{place}.@condition")
    inputs = {"condition": condition, "number": number, "limit": limit, **after}
    if collected:
        inputs["result"] = collected[0]
    made = copies.graph.node("WhileNext", id=place, **inputs)
    return copies.output(results(copies, made))


def _pass_on(copies: Copies, following: Any) -> list[Wired]:
    return [following.out(slot) for slot in range(len(RESULTS))]


def _after_while(copies: Copies, following: Any) -> list[Wired]:
    collected, *others = _pass_on(copies, following)
    place = f"{copies.pattern.end}.@results"
    results = copies.graph.node("LoopResults", id=place, collected=collected)
    return [results.out(0), *others]


def _is_true(condition: Sequence[Any], pattern: Pattern) -> bool:
    if len(condition) != 1:
        raise NodeError(
            f"The condition of the While loop that node {pattern.end} ends has "
            f"{len(condition)} values; wire something that gives one."
        )
    return bool(condition[0])


def _ended(pattern: Pattern, last: int, states: Mapping[str, Wired | None], ctx: Context) -> Output:
    """The results of a While loop whose last iteration is over."""
    graph = ctx.graph
    assert graph is not None
    nexts = (graph.get_node(f"{pattern.end}.{number}")["inputs"] for number in range(last + 1))
    results = [inputs["result"] for inputs in nexts if "result" in inputs]
    kept = [_last(pattern, name, states[name]) for name in STATES]
    return Output((Gathered(results, packed=True), last + 1, *kept), expand={})
