"""Packs of classes: their declarations become specs, and they run as they expect to."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from engine.errors import InvalidPrompt
from engine.folders import standard
from engine.graph.prompt import parse
from engine.graph.spec import from_json, object_info, to_json
from engine.graph.validate import validate
from engine.plugins.discovery import load_pack
from engine.plugins.node import Blocked, Context, Node, Output
from tests.execution.kinds import Bench

NODES, PACK = load_pack(Path(__file__).with_name("classic_pack.py"))


def node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}


def context(id: str = "1", **metadata: Any) -> Context:
    return Context(id, standard(Path("x")), metadata, lambda *_: None, lambda: None)


def bench() -> Bench:
    return Bench(*NODES.values())


def checked(prompt: dict[str, Any]) -> Any:
    specs = {id: node.spec for id, node in NODES.items()}
    return validate(parse(prompt), specs, lambda folder: [])


def test_the_declarations_become_a_spec() -> None:
    spec = NODES["Everything"].spec
    info = object_info(spec, lambda folder: [])
    assert info["input"] == {
        "required": {
            "image": ["IMAGE"],
            "mode": [["fast", "slow"], {"default": "fast", "tooltip": "how"}],
            "count": ["INT", {"default": 1, "min": 0}],
            "any": ["*", {"lazy": True}],
            "choice": [["a", "b"]],
            "bare": ["STRING"],
        },
        "optional": {"size": ["FLOAT", {"default": 0.5, "min": 0.0, "max": 1.0}]},
        "hidden": {
            "id": "UNIQUE_ID",
            "prompt": "PROMPT",
            "extra": "EXTRA_PNGINFO",
            "graph": "DYNPROMPT",
        },
    }
    assert (info["output"], info["output_name"]) == (
        ["IMAGE", "COMBO", "INT"],
        ["picture", "COMBO", "INT"],
    )
    assert info["output_is_list"] == [False, True, False]
    assert info["output_tooltips"] == ["the picture", "", ""]
    assert (info["display_name"], info["category"]) == ("All of it", "classic/all")
    assert (info["output_node"], info["deprecated"], info["experimental"]) == (True, True, True)
    assert (info["description"], info["search_aliases"]) == ("Does everything.", ["all"])
    assert info["python_module"] == "custom_nodes.classic_pack"
    assert not spec.idempotent
    assert from_json(to_json(spec)) == spec


def test_typed_functions_and_classes_come_from_one_pack_without_the_broken_class() -> None:
    assert {"TypedBeside", "Everything"} <= NODES.keys()
    assert "Broken" not in NODES
    assert "RuntimeError: no folder" in PACK.error
    assert "Node Broken" in PACK.error


def test_hidden_inputs_come_from_the_engine() -> None:
    call = NODES["Everything"].call
    output = call({"image": 1, "id": "forged"}, context("7", prompt={"a": 1}, workflow={"b": 2}))
    assert isinstance(output, Output)
    assert output.values[2] == {
        "image": 1,
        "id": "7",
        "prompt": {"a": 1},
        "extra": {"workflow": {"b": 2}},
        "graph": None,
    }


async def test_an_instance_lives_as_long_as_its_node_and_nan_runs_it_always() -> None:
    on = bench()
    prompt = {
        "a": node("Counter", x=1),
        "b": node("Counter", x=1),
        "oa": node("Show", x=["a", 0]),
        "ob": node("Show", x=["b", 0]),
    }
    await on.run(prompt, "oa", "ob")
    outcome = await on.run(prompt, "oa", "ob")
    shown = {"text": ["2"], "done": [True]}
    assert outcome.outputs == {"oa": shown, "ob": shown}


async def test_lists_lazy_inputs_async_functions_and_expansions_work_together() -> None:
    prompt = {
        "lists": node("Lists", x=4),
        "fail": node("Returns", what="short"),
        "switch": node("Switch", on=True, yes=["lists", 0], no=["fail", 0]),
        "expands": node("Expands", x=["switch", 0]),
        "first": node("Show", x=["expands", 0]),
        "second": node("Show", x=["expands", 1]),
    }
    outcome = await bench().run(prompt, "first", "second")
    assert outcome.failure is None
    assert outcome.outputs["first"]["text"] == ["9", "2"]
    assert outcome.outputs["second"]["text"] == ["8", "1"]


@pytest.mark.parametrize(
    ("what", "values"),
    [
        ("bare", (7,)),
        ("list", (7,)),
        ("latent", ({"samples": 1},)),
        ("block", (Blocked("stop"),)),
        ("nothing", ()),
    ],
)
def test_results_of_every_shape_are_read(what: str, values: tuple[Any, ...]) -> None:
    output = NODES["Returns"].call({"what": what}, context())
    assert isinstance(output, Output)
    assert output.values == values


async def test_too_few_values_are_told() -> None:
    prompt = {"r": node("Returns", what="nothing"), "o": node("Show", x=["r", 0])}
    outcome = await bench().run(prompt, "o")
    assert outcome.failure is not None
    assert "Returns gave 0 values for its 1 outputs" in outcome.failure["exception_message"]


def show(**nodes: Any) -> dict[str, Any]:
    return {**nodes, "o": node("Show", x=[next(iter(nodes)), 0])}


def test_what_a_check_names_is_left_to_it() -> None:
    waits, judge = NODES["Waits"].spec, NODES["Judge"].spec
    assert (waits.own_checks, waits.own_link_checks) == (("x",), True)
    assert (judge.own_checks, judge.own_link_checks) == (("x", "y"), False)
    assert checked(show(w=node("Waits", x=13))).outputs == ("o",)
    assert checked(show(j=node("Judge", x=50, y=1))).outputs == ("o",)
    with pytest.raises(InvalidPrompt):
        checked(show(j=node("Judge", x=["l", 0], y=1), l=node("Returns", what="latent")))


async def faults(kind: str, **inputs: Any) -> list[str]:
    prompt = {"n": node(kind, **inputs), "l": node("Returns", what="latent")}
    found = await bench().executor.faults(parse(prompt))
    return [fault.details for fault in found.get("n", [])]


async def test_checks_are_asked_with_constants_and_link_types() -> None:
    assert await faults("Waits", x=13) == ["x - 13 brings bad luck"]
    assert await faults("Waits", x=12) == []
    assert await faults("Waits", x=["l", 0]) == []
    assert await faults("Judge", x=100, y=1) == ["x", "y"]
    assert await faults("Judge", x=1, y=1) == []


def test_gradients_are_off_in_a_class() -> None:
    torch = pytest.importorskip("torch")
    seen: list[bool] = []

    class Looks:
        INPUT_TYPES = classmethod(lambda cls: {"required": {}})
        RETURN_TYPES = ()
        FUNCTION = "work"

        def work(self) -> None:
            seen.append(torch.is_grad_enabled())

    from engine.plugins.classes import adapt

    made: Node = adapt("Looks", Looks)
    made.call({}, context())
    assert (seen, made.spec.category) == ([False], "sd")
    assert torch.is_grad_enabled()


def test_asynchronous_functions_are_seen() -> None:
    assert NODES["Waits"].is_async
    output = asyncio.run(NODES["Waits"].call({"x": 1}, context()))  # type: ignore[arg-type]
    assert output == Output((2,))
