"""Validation finds every fault in one pass and says what to do."""

import pytest

from engine.errors import InvalidPrompt
from engine.graph.prompt import parse
from engine.graph.validate import Validated, validate

from .kinds import SPECS, chain, list_files, node


def check(prompt: dict[str, object], targets: list[str] | None = None) -> Validated:
    return validate(parse(prompt), SPECS, list_files, targets)


def faults(prompt: dict[str, object]) -> dict[tuple[str, str], str]:
    """(node, fault type) -> details of a prompt that must be refused."""
    with pytest.raises(InvalidPrompt) as caught:
        check(prompt)
    errors = caught.value.node_errors
    return {
        (id, fault["type"]): fault["details"]
        for id, found in errors.items()
        for fault in found["errors"]
    }


def sampler(**changes: object) -> dict[str, object]:
    good = {"seed": 1, "steps": 20, "name": "euler", "file": "base.safetensors"}
    return {
        "e": node("Empty"),
        "s": node("Sampler", latent=["e", 0], **{**good, **changes}),
        "m": node("Mix", a=["s", 0], factor=0.5),
        "o": node("Save", images=["m", 0]),
    }


def test_a_good_prompt_keeps_order_and_gets_coerced() -> None:
    prompt = {"1": node("Source"), "2": node("Mix", a=["1", 0], factor="1", stray=3)}
    prompt["3"] = node("Save", images=["2", 0])
    result = check(prompt)
    assert list(result.prompt) == ["1", "2", "3"]
    assert result.prompt["2"].inputs["factor"] == 1.0
    assert "stray" not in result.prompt["2"].inputs
    assert (result.outputs, result.node_errors) == (("3",), {})


def test_all_faults_are_found_at_once() -> None:
    found = faults(sampler(seed=-1, steps="many", name="eulr", file="bse.safetensors"))
    assert ("s", "value_smaller_than_min") in found
    assert "found 'many'" in found["s", "invalid_input_type"]
    assert "Did you mean" in found["s", "value_not_in_list"]
    assert found["m", "return_type_mismatch"] == (
        "a, received_type(LATENT) mismatch input_type(IMAGE)"
    )


def test_values_at_fault_name_what_is_allowed() -> None:
    assert (
        "'eulr' not in ['euler', 'heun']. Did you mean 'euler'?"
        in (faults(sampler(name="eulr"))["s", "value_not_in_list"])
    )
    with pytest.raises(InvalidPrompt) as caught:
        check(sampler(steps=101))
    fault = caught.value.node_errors["s"]["errors"][0]
    assert fault["message"] == "Value 101 bigger than max of 100"
    assert fault["extra_info"]["received_value"] == 101


@pytest.mark.parametrize("value", [True, None, {}, "1.5", float("nan"), float("inf"), 1.5])
def test_a_whole_number_is_not_made_of_everything(value: object) -> None:
    assert ("s", "invalid_input_type") in faults(sampler(steps=value))


@pytest.mark.parametrize("value", ["e", 3, {"__value__": ["e", 0]}])
def test_a_constant_cannot_stand_for_a_wire(value: object) -> None:
    prompt = sampler()
    prompt["s"]["inputs"]["latent"] = value  # type: ignore[index]
    assert ("s", "bad_linked_input") in faults(prompt)


def test_a_constant_of_a_type_that_only_a_pack_knows_reaches_its_node() -> None:
    from engine.graph.types import WIDGET_TYPES, WIRE_TYPES
    from engine.plugins.discovery import builtin_nodes

    made = {output.type for _, node in builtin_nodes() for output in node.spec.outputs}
    assert made <= WIRE_TYPES | WIDGET_TYPES | {"*"}
    assert "CURVE" not in WIRE_TYPES


@pytest.mark.parametrize("link", [["e"], ["e", "0"], ["e", -1], [], ["e", 0, 1], [None, 0]])
def test_a_list_that_is_no_link(link: list[object]) -> None:
    prompt = sampler()
    prompt["s"]["inputs"]["latent"] = link  # type: ignore[index]
    assert "found [" in faults(prompt)["s", "bad_linked_input"]


def test_links_to_nothing_say_so() -> None:
    prompt = {"Source1": node("Source"), "o": node("Save", images=["Source", 0])}
    assert "Did you mean 'Source1'?" in faults(prompt)["o", "bad_linked_input"]
    prompt = {"s": node("Source"), "o": node("Save", images=["s", 3])}
    assert "slot 3 does not exist" in faults(prompt)["o", "bad_linked_input"]


def test_a_missing_input_is_named() -> None:
    assert faults({"o": node("Save")}) == {("o", "required_input_missing"): "images"}


def test_unknown_kinds_are_all_listed_with_the_nearest() -> None:
    prompt = {"1": node("Sorce"), "2": node("Nope"), "o": node("Save", images=["1", 0])}
    with pytest.raises(InvalidPrompt) as caught:
        check(prompt)
    assert caught.value.type == "missing_node_type"
    assert set(caught.value.node_errors) == {"1", "2"}
    assert "Did you mean 'Source'?" in caught.value.details


def test_a_cycle_is_named() -> None:
    prompt = {
        "a": node("Mix", a=["b", 0], factor=0.5),
        "b": node("Mix", a=["c", 0], factor=0.5),
        "c": node("Mix", a=["a", 0], factor=0.5),
        "o": node("Save", images=["a", 0]),
    }
    found = faults(prompt)
    assert {id for id, type in found if type == "dependency_cycle"} == {"a", "b", "c"}
    path = found["a", "dependency_cycle"].split(":")[0].split(" -> ")
    assert path[0] == path[-1] and set(path) == {"a", "b", "c"}


def test_one_good_output_is_enough() -> None:
    prompt = {"s": node("Source"), "good": node("Save", images=["s", 0]), "bad": node("Save")}
    result = check(prompt)
    assert result.outputs == ("good",)
    assert set(result.prompt) == {"s", "good"}
    assert result.node_errors["bad"]["dependent_outputs"] == ["bad"]


def test_targets_choose_the_outputs() -> None:
    prompt = {"s": node("Source"), "1": node("Save", images=["s", 0])}
    prompt["2"] = node("Save", images=["s", 0])
    assert check(prompt, ["2"]).outputs == ("2",)
    with pytest.raises(InvalidPrompt, match="no outputs"):
        check(prompt, ["s"])


def test_nodes_that_no_output_needs_are_not_judged() -> None:
    prompt = {"s": node("Source"), "o": node("Save", images=["s", 0]), "lost": node("Mix")}
    assert check(prompt).node_errors == {}


@pytest.mark.parametrize("data", [None, [], "x", {}, {"1": 3}, {"1": {}}, {"1": {"class_type": 1}}])
def test_what_is_no_prompt_is_refused(data: object) -> None:
    with pytest.raises(InvalidPrompt):
        check(data)  # type: ignore[arg-type]


def test_a_hundred_thousand_nodes_do_not_recurse() -> None:
    assert len(check(chain(100_000)).prompt) == 100_002
