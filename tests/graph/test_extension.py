"""Own checks of nodes and the extension of a running prompt: what validation does for them."""

from dataclasses import replace

import pytest

from engine.errors import InvalidPrompt
from engine.graph.faults import Fault
from engine.graph.prompt import parse
from engine.graph.signature import signatures
from engine.graph.spec import from_json, to_json
from engine.graph.validate import Validated, check_part, refuse, validate

from .kinds import SPECS, list_files, node

OWN = replace(SPECS["Sampler"], own_checks=("steps", "name"), own_link_checks=True)


def test_what_a_node_checks_itself_is_left_to_it() -> None:
    inputs = {"seed": 1, "steps": 1000, "name": "strange", "file": "base.safetensors"}
    prompt = parse(
        {
            "s": node("Source"),
            "k": node("Own", latent=["s", 0], **inputs),
            "o": node("Save", images=["k", 0]),
        }
    )
    save = replace(SPECS["Save"], own_link_checks=True, own_checks=())
    specs = {**SPECS, "Own": OWN, "Save": save}
    assert validate(prompt, specs, list_files).outputs == ("o",)
    with pytest.raises(InvalidPrompt) as refused:
        validate(prompt, {**specs, "Own": SPECS["Sampler"]}, list_files)
    types = [fault["type"] for fault in refused.value.node_errors["k"]["errors"]]
    assert types == ["return_type_mismatch", "value_bigger_than_max", "value_not_in_list"]


def test_own_checks_survive_json() -> None:
    assert from_json(to_json(OWN)) == OWN


def test_faults_of_own_checks_take_out_what_depends_on_them() -> None:
    prompt = parse(
        {
            "a": node("Source"),
            "b": node("Source"),
            "x": node("Save", images=["a", 0]),
            "y": node("Save", images=["b", 0]),
        }
    )
    checked = Validated(prompt, ("x", "y"), {})
    fault = Fault("custom_validation_failed", "Custom validation failed for node", "no")
    left = refuse(checked, {"a": [fault]})
    assert (left.outputs, list(left.prompt)) == (("y",), ["b", "y"])
    assert left.node_errors["a"]["dependent_outputs"] == ["x"]
    assert refuse(checked, {}) is checked
    with pytest.raises(InvalidPrompt, match="failed validation"):
        refuse(left, {"b": [fault]})


def test_a_part_may_link_to_what_is_there() -> None:
    known = parse({"s": node("Source")})
    part = parse({"p.m": node("Mix", a=["s", 0], b=["s", 0], factor="0.5")})
    checked = check_part(part, known, SPECS, list_files)
    assert checked["p.m"].inputs["factor"] == 0.5
    whole = signatures({**known, **checked}, SPECS, lambda *_: "")
    outer = signatures(known, SPECS, lambda *_: "")
    assert signatures(checked, SPECS, lambda *_: "", known=outer)["p.m"] == whole["p.m"]
    with pytest.raises(InvalidPrompt, match="failed validation"):
        check_part(parse({"p.m": node("Mix", a=["gone", 0], factor=0.5)}), known, SPECS, list_files)
