"""The nodes of loops on their own, lists and comparisons, and the loop that is shipped."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.api import Blocked, InvalidInput, NodeError
from engine.graph.loops import BODY
from engine.graph.prompt import parse
from engine.graph.validate import validate
from engine.graph.workflow import to_prompt
from engine.plugins.discovery import builtin_nodes
from nodes.loop_copies import content_name
from tests.nodes.conftest import CallNode

WORKFLOWS = Path(__file__).parents[2] / "workflows"
SIMPLE = {"mode": ["simple"], "count": [3], "start": [0], "end": [0], "step": [0]}


def test_a_start_on_its_own_blocks_the_body_silently(call: CallNode) -> None:
    plan, *others = call("ForEachStart", items=["a", "b"]).values
    assert plan == {"items": ["a", "b"], "index": [0, 1]}
    assert others == [Blocked()] * 3


@pytest.mark.parametrize(
    ("changes", "index"),
    [
        ({}, [0, 1, 2]),
        ({"mode": ["For"], "start": [5], "end": [0], "step": [-2]}, [5, 3, 1]),
        ({"mode": ["List"], "items": [7, 8]}, [0, 1]),
    ],
)
def test_start_loop_plans_its_iterations(
    call: CallNode, changes: dict[str, Any], index: list[int]
) -> None:
    plan = call("StartLoop", **{**SIMPLE, **changes}).values[0]
    assert plan["index"] == index
    assert plan["items"] == changes.get("items", index)


def test_start_loop_says_what_is_missing(call: CallNode) -> None:
    with pytest.raises(NodeError, match="wire one to 'items'"):
        call("StartLoop", **{**SIMPLE, "mode": ["List"]})
    with pytest.raises(NodeError, match="'step' other than 0"):
        call("StartLoop", **{**SIMPLE, "mode": ["For"]})


def test_lists(call: CallNode) -> None:
    assert call("NumberRange", start=1, end=8, step=3).values == ([1, 4, 7],)
    assert call("NumberList", numbers=" 1, 2.5;3".replace(";", " ")).values[0] == [1.0, 2.5, 3.0]
    assert call("NumberList", numbers="1,2.6").values[1] == [1, 3]
    assert call("TextList", lines="a cat\n\n a dog ").values == (["a cat", "a dog"],)


def test_bad_lists_say_what_to_write(call: CallNode) -> None:
    with pytest.raises(InvalidInput, match="write them like"):
        call("NumberList", numbers="one")
    with pytest.raises(InvalidInput, match="'step' other than 0"):
        call("NumberRange", start=0, end=1, step=0)


@pytest.mark.parametrize(("comparison", "answer"), [("<", True), (">=", False), ("!=", True)])
def test_comparisons(call: CallNode, comparison: str, answer: bool) -> None:
    assert call("CompareNumbers", a=1, comparison=comparison, b=2.0).values == (answer,)


@pytest.mark.parametrize(
    ("operation", "result"),
    [("+", 7.5), ("-", -2.5), ("*", 12.5), ("/", 0.5), ("smaller", 2.5), ("larger", 5.0)],
)
def test_calculations(call: CallNode, operation: str, result: float) -> None:
    assert call("CalculateNumber", a=2.5, operation=operation, b=5.0).values[0] == result
    assert call("CalculateNumber", a=7, operation="/", b=2.0).values == (3.5, 4)
    with pytest.raises(InvalidInput, match="divided by 0"):
        call("CalculateNumber", a=7, operation="/", b=0.0)


def test_equal_contents_have_equal_names() -> None:
    latent = {"samples": torch.arange(4.0), "batch_index": [1, 2]}
    same = {"samples": torch.arange(4.0), "batch_index": [1, 2]}
    assert content_name(latent) == content_name(same)
    others = [1, 1.0, True, "1", None, [1], (1,), torch.ones(1), torch.ones(1, 1), torch.zeros(1)]
    assert len({content_name(value) for value in [latent, *others]}) == 11
    assert content_name([object()]) is None


def test_the_shipped_loop_is_the_same_in_both_formats() -> None:
    specs = {id: node.spec for id, node in builtin_nodes()}
    canvas = json.loads((WORKFLOWS / "loop.json").read_text())
    api = json.loads((WORKFLOWS / "loop_api.json").read_text())
    converted = to_prompt(canvas, specs)
    assert converted.keys() == api.keys()
    for id, node in api.items():
        assert converted[id]["inputs"] == node["inputs"], id
    checked = validate(parse(api), specs, lambda folder: [api[id]["inputs"][n] for id, n in FILES])
    assert checked.prompt["9"].inputs[BODY] == ["7", "8"]


FILES = [("1", "ckpt_name")]
