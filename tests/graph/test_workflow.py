"""Canvas files become the prompts that their canvas would send."""

from typing import Any

import pytest

from engine.errors import InvalidWorkflow
from engine.graph.workflow import is_workflow, to_prompt

from .kinds import SPECS


def canvas(nodes: list[dict[str, Any]], links: list[Any], **more: Any) -> dict[str, Any]:
    return {"nodes": nodes, "links": links, "version": 0.4, **more}


def source(id: Any = 1, **more: Any) -> dict[str, Any]:
    return {"id": id, "type": "Source", "outputs": [{"name": "IMAGE", "type": "IMAGE"}], **more}


def mix(id: Any, a: Any, b: Any = None, values: Any = (0.5,), **more: Any) -> dict[str, Any]:
    inputs = [{"name": "a", "type": "IMAGE", "link": a}, {"name": "b", "type": "IMAGE", "link": b}]
    outputs = [{"name": "IMAGE", "type": "IMAGE"}]
    base = {"id": id, "type": "Mix", "inputs": inputs, "outputs": outputs}
    return {**base, "widgets_values": list(values), **more}


def save(id: Any, link: Any) -> dict[str, Any]:
    return {"id": id, "type": "Save", "inputs": [{"name": "images", "type": "IMAGE", "link": link}]}


def inputs(workflow: dict[str, Any], id: str) -> dict[str, Any]:
    return to_prompt(workflow, SPECS)[id]["inputs"]


def test_links_and_widgets() -> None:
    work = canvas(
        [source(), mix(2, 10), save("out", 11)],
        [[10, 1, 0, 2, 0, "IMAGE"], [11, 2, 0, "out", 0, "IMAGE"]],
    )
    prompt = to_prompt(work, SPECS)
    assert prompt["2"]["inputs"] == {"factor": 0.5, "a": ["1", 0]}
    assert prompt["out"]["inputs"] == {"images": ["2", 0]}
    assert prompt["2"]["_meta"] == {"title": "Mix"}


def test_links_as_objects() -> None:
    link = {"id": 10, "origin_id": 1, "origin_slot": 0, "target_id": 2, "target_slot": 0}
    assert inputs(canvas([source(), mix(2, 10)], [link]), "2")["a"] == ["1", 0]


@pytest.mark.parametrize(
    "values",
    [
        [7, "randomize", 20, "euler", "base.safetensors", "hi"],
        [7, 20, "euler", "base.safetensors", "hi"],
        {"seed": 7, "steps": 20, "name": "euler", "file": "base.safetensors", "note": "hi", "x": 1},
    ],
)
def test_values_by_position_with_and_without_extras_and_by_name(values: Any) -> None:
    node = {"id": 1, "type": "Sampler", "widgets_values": values}
    expected = {"seed": 7, "steps": 20, "name": "euler", "file": "base.safetensors", "note": "hi"}
    assert inputs(canvas([node], []), "1") == expected


def test_muted_nodes_leave_their_inputs_missing() -> None:
    work = canvas([source(mode=2), mix(2, 10)], [[10, 1, 0, 2, 0, "IMAGE"]])
    assert to_prompt(work, SPECS) == {
        "2": {"class_type": "Mix", "inputs": {"factor": 0.5}, "_meta": {"title": "Mix"}}
    }


def test_bypassed_nodes_are_matched_through() -> None:
    work = canvas(
        [source(), mix(2, 10, mode=4), save(3, 11)],
        [[10, 1, 0, 2, 0, "IMAGE"], [11, 2, 0, 3, 0, "IMAGE"]],
    )
    assert inputs(work, "3") == {"images": ["1", 0]}


def test_reroutes_primitives_and_notes_vanish() -> None:
    reroute = {"id": 5, "type": "Reroute", "inputs": [{"name": "", "link": 10}]}
    primitive = {"id": 6, "type": "PrimitiveNode", "widgets_values": [0.25, "fixed"]}
    wired = mix(2, 11)
    wired["inputs"].append({"name": "factor", "type": "FLOAT", "link": 12, "widget": {}})
    work = canvas(
        [source(), reroute, primitive, {"id": 7, "type": "Note"}, wired],
        [[10, 1, 0, 5, 0, "*"], [11, 5, 0, 2, 0, "IMAGE"], [12, 6, 0, 2, 2, "FLOAT"]],
    )
    assert inputs(work, "2") == {"factor": 0.25, "a": ["1", 0]}
    assert set(to_prompt(work, SPECS)) == {"1", "2"}


def test_reroutes_in_a_ring_are_refused() -> None:
    ring = [{"id": i, "type": "Reroute", "inputs": [{"link": i}]} for i in (1, 2)]
    work = canvas([*ring, save(3, 9)], [[1, 2, 0, 1, 0], [2, 1, 0, 2, 0], [9, 1, 0, 3, 0]])
    with pytest.raises(InvalidWorkflow, match="leads back to itself"):
        to_prompt(work, SPECS)


def subgraph(inner: list[dict[str, Any]], links: list[Any], id: str = "sub") -> dict[str, Any]:
    return {"id": id, "nodes": inner, "links": links}


def wire(id: int, origin: Any, target: Any, slot: int = 0) -> dict[str, Any]:
    names = ("id", "origin_id", "origin_slot", "target_id", "target_slot")
    return dict(zip(names, (id, origin, 0, target, slot), strict=True))


def test_subgraphs_are_flattened_with_paths() -> None:
    definition = subgraph([mix(4, 1)], [wire(1, -10, 4), wire(2, 4, -20)])
    instance = {
        "id": 3,
        "type": "sub",
        "inputs": [{"name": "a", "type": "IMAGE", "link": 10}],
        "outputs": [{"name": "IMAGE", "type": "IMAGE"}],
        "properties": {"proxyWidgets": [["4", "factor"]]},
        "widgets_values": [0.75],
    }
    work = canvas(
        [source(), instance, save(9, 11)],
        [[10, 1, 0, 3, 0, "IMAGE"], [11, 3, 0, 9, 0, "IMAGE"]],
        definitions={"subgraphs": [definition]},
    )
    prompt = to_prompt(work, SPECS)
    assert set(prompt) == {"1", "3:4", "9"}
    assert prompt["3:4"]["inputs"] == {"factor": 0.75, "a": ["1", 0]}
    assert prompt["9"]["inputs"] == {"images": ["3:4", 0]}


def test_subgraphs_in_subgraphs() -> None:
    innermost = subgraph([mix(4, 1)], [wire(1, -10, 4), wire(2, 4, -20)], "inner")
    slots = {"inputs": [{"name": "a", "link": 1}], "outputs": [{"name": "x"}]}
    middle = subgraph(
        [{"id": 7, "type": "inner", **slots}], [wire(1, -10, 7), wire(2, 7, -20)], "middle"
    )
    middle["definitions"] = {"subgraphs": [innermost]}
    outer = {"id": 3, "type": "middle", "inputs": [{"name": "a", "link": 10}], "outputs": [{}]}
    work = canvas(
        [source(), outer, save(9, 11)],
        [[10, 1, 0, 3, 0, "IMAGE"], [11, 3, 0, 9, 0, "IMAGE"]],
        definitions={"subgraphs": [middle]},
    )
    prompt = to_prompt(work, SPECS)
    assert prompt["3:7:4"]["inputs"]["a"] == ["1", 0]
    assert prompt["9"]["inputs"] == {"images": ["3:7:4", 0]}


def test_a_subgraph_inside_itself_is_refused() -> None:
    definition = subgraph([{"id": 1, "type": "sub"}], [])
    work = canvas([{"id": 2, "type": "sub"}], [], definitions={"subgraphs": [definition]})
    with pytest.raises(InvalidWorkflow, match="contains itself"):
        to_prompt(work, SPECS)


def test_what_is_a_workflow() -> None:
    assert is_workflow(canvas([], []))
    assert not is_workflow({"1": {"class_type": "Source"}})


@pytest.mark.parametrize("nodes", [[3], [{"id": 1}], [{"type": "Source"}]])
def test_broken_files_are_refused(nodes: list[Any]) -> None:
    with pytest.raises(InvalidWorkflow):
        to_prompt(canvas(nodes, []), SPECS)
