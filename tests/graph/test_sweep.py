"""Combinations of values, and the workflows that carry them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidPrompt
from engine.graph.prompt import parse
from engine.graph.revalue import with_inputs
from engine.graph.sweep import Axis, cells, check_axes, read_axes, with_values
from engine.graph.workflow import to_prompt

from .kinds import SPECS, chain, node


def test_what_most_nodes_depend_on_changes_least_often() -> None:
    prompt = parse(chain(3))
    found = cells(prompt, [Axis("3", "factor", (0, 1)), Axis("1", "factor", (5, 6, 7))])
    assert [cell.values for cell in found] == [(0, 5), (1, 5), (0, 6), (1, 6), (0, 7), (1, 7)]
    assert [cell.place for cell in found][:3] == [(0, 0), (1, 0), (0, 1)]


@given(st.lists(st.lists(st.integers(), min_size=1, max_size=4), min_size=1, max_size=4))
def test_every_combination_comes_once(values: list[list[int]]) -> None:
    graph = chain(len(values))
    axes = [Axis(str(i + 1), "factor", tuple(v)) for i, v in enumerate(values)]
    found = cells(parse(graph), axes)
    places = {cell.place for cell in found}
    count = 1
    for v in values:
        count *= len(v)
    assert len(found) == len(places) == count
    for cell in found:
        made = with_values(graph, axes, cell)
        assert [made[a.node]["inputs"]["factor"] for a in axes] == list(cell.values)
    assert graph == chain(len(values))


@pytest.mark.parametrize(
    ("axes", "text"),
    [
        (None, "give one at least"),
        ([], "give one at least"),
        ([{"node": "1"}], "must be {node, input, values"),
        ([{"node": "1", "input": "factor", "values": []}], "must be {node, input, values"),
        ([{"node": "1", "input": "factor", "values": list(range(1025))}], "1024 are allowed"),
        ([{"node": "1", "input": "factor", "values": [1]}] * 2, "is on two axes"),
        ([{"node": "x", "input": "factor", "values": [1]}], "no node 'x'"),
        ([{"node": "1", "input": "factr", "values": [1]}], "Did you mean 'factor'"),
        ([{"node": "1", "input": "a", "values": [1]}], "is wired; sweep what feeds it"),
    ],
)
def test_axes_that_make_no_sense_are_refused(axes: Any, text: str) -> None:
    with pytest.raises(InvalidPrompt) as caught:
        check_axes(parse(chain(2)), read_axes(axes))
    assert text in str(caught.value)


def _workflow(**more: Any) -> dict[str, Any]:
    """A sampler on the canvas, as files keep it: a control value stands behind the seed."""
    made = {"id": 4, "type": "Sampler", "widgets_values": [7, "fixed", 20, "euler", "base", "hi"]}
    return {"nodes": [{**made, **more}, {"id": 5, "type": "Note", "x": 1}], "links": [], "y": 2}


def test_values_go_where_the_canvas_keeps_them() -> None:
    workflow = _workflow(widgets_values_named={"seed": 7, "unknown": 1})
    made = with_inputs(workflow, SPECS, {("4", "steps"): 9, ("4", "note"): ["a"]})
    assert made is not None
    assert made["nodes"][0]["widgets_values"] == [7, "fixed", 9, "euler", "base", ["a"]]
    named = {"seed": 7, "unknown": 1, "steps": 9, "note": ["a"]}
    assert made["nodes"][0]["widgets_values_named"] == named
    assert made["nodes"][1] is workflow["nodes"][1] and made["y"] == 2
    assert workflow == _workflow(widgets_values_named={"seed": 7, "unknown": 1})
    assert to_prompt(made, SPECS)["4"]["inputs"]["steps"] == 9


def test_named_values_are_set_by_name() -> None:
    made = with_inputs(_workflow(widgets_values={"steps": 1}), SPECS, {("4", "steps"): 9})
    assert made is not None and made["nodes"][0]["widgets_values"] == {"steps": 9}


@pytest.mark.parametrize("place", [("9", "steps"), ("4:1", "steps"), ("4", "nothing"), ("5", "x")])
def test_a_value_without_a_place_makes_no_workflow(place: tuple[str, str]) -> None:
    assert with_inputs(_workflow(), SPECS, {place: 1}) is None


def test_lists_are_wrapped_so_that_they_are_no_links() -> None:
    axes = [Axis("a", "note", (["b", 0],))]
    graph = {"a": node("Sampler", note="")}
    (cell,) = cells(parse(graph), axes)
    assert with_values(graph, axes, cell)["a"]["inputs"]["note"] == {"__value__": ["b", 0]}
