"""Nodes that are no more are rewritten, and nothing else is."""

import json
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given

from engine.graph.replacements import Replacement, by_old, named, replaced
from engine.graph.spec import NodeSpec
from tests.nonsense import NESTED, thorough

SPECS: dict[str, Any] = {name: NodeSpec(name, name, "test") for name in ("New", "Show")}
MADE = Replacement(
    "Old",
    "New",
    ["steps"],
    [{"new_id": "num", "old_id": "steps"}, {"new_id": "kind", "set_value": "normal"}],
    [{"new_idx": 2, "old_idx": 0}],
)
KNOWN = by_old(json.loads(json.dumps([asdict(MADE)])))


def node(kind: str, /, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs, "_meta": {"title": kind}}


def test_inputs_are_mapped_and_links_find_the_output() -> None:
    graph = {"1": node("Old", steps=["3", 0], extra=1), "2": node("Show", a=["1", 0], b=["1", 1])}
    assert replaced(graph, KNOWN, SPECS) == {
        "1": {**node("New", num=["3", 0], kind="normal"), "_meta": {"title": "Old"}},
        "2": node("Show", a=["1", 2], b=["1", 1]),
    }


def test_a_new_name_keeps_everything() -> None:
    known = by_old([asdict(Replacement("Old", "New"))])
    graph = {"1": node("Old", steps=3), "2": node("Show", a=["1", 0])}
    assert replaced(graph, known, SPECS) == {**graph, "1": {**graph["1"], "class_type": "New"}}


def test_a_kind_that_is_there_stays_and_so_does_one_whose_successor_is_not() -> None:
    graph = {"1": node("Old", steps=3)}
    assert replaced(graph, KNOWN, {**SPECS, "Old": NodeSpec("Old", "Old", "test")}) is graph
    assert replaced(graph, KNOWN, {"Show": SPECS["Show"]}) is graph


def test_the_first_that_was_registered_counts() -> None:
    known = by_old([asdict(Replacement("Old", "Gone")), asdict(MADE)])
    assert replaced({"1": node("Old")}, known, SPECS)["1"]["class_type"] == "Old"


def test_values_of_the_canvas_get_their_names() -> None:
    old = {"type": "Old", "widgets_values": [7, "rest"]}
    other = {"type": "Show", "widgets_values": [1]}
    drawn = {"nodes": [old, other], "definitions": {"subgraphs": [{"nodes": [old]}]}}
    made = named(drawn, KNOWN)
    assert made["nodes"] == [{"type": "Old", "widgets_values": {"steps": 7}}, other]
    assert made["definitions"]["subgraphs"][0]["nodes"] == made["nodes"][:1]


@pytest.mark.parametrize(
    ("inputs", "outputs", "words"),
    [
        ([{"new_id": "a"}], None, "'old_id' or 'set_value'"),
        ([{"old_id": "a"}], None, "'new_id'"),
        (None, [{"old_idx": 0}], "'new_idx'"),
    ],
)
def test_a_mapping_that_lacks_something_is_refused(inputs: Any, outputs: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Replacement("Old", "New", None, inputs, outputs)


@thorough(0.5)
@given(graph=NESTED)
def test_nonsense_comes_back(graph: Any) -> None:
    replaced({"1": node("Old"), "2": graph}, KNOWN, SPECS)
    replaced(graph, KNOWN, SPECS)
    if isinstance(graph, dict):
        named({"nodes": [graph], **graph}, KNOWN)
