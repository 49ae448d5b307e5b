"""What is remembered of the prompt before changes no answer."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InvalidPrompt
from engine.graph.prompt import Reader, parse
from engine.graph.signature import Signed, signatures
from engine.graph.spec import InputSpec, NodeSpec, index
from engine.graph.validate import Checks, validate

from .kinds import SPECS, chain, list_files, node

CONSTANTS = [0, 1, 0.0, 1.0, True, False, None, "1", 0.5, 7, [1], ["0", 0], ["0", 0.0], ["9", 0]]
CONSTANTS += [
    ["0", False],
    {"__value__": [1]},
    {"__value__": [True]},
    [["0", 0]],
    "base.safetensors",
]


@st.composite
def edits(draw: Any) -> list[dict[str, Any]]:
    """Prompts, each made from the one before by a few changes."""
    prompt: dict[str, Any] = chain(3)
    prompts = [prompt]
    for _ in range(draw(st.integers(1, 6))):
        prompt = {id: {**n, "inputs": dict(n["inputs"])} for id, n in prompt.items()}
        id = draw(st.sampled_from([*prompt, "new"]))
        match draw(st.integers(0, 3)):
            case 0:
                prompt[id] = node(draw(st.sampled_from(list(SPECS))))
            case 1:
                prompt.pop(id, None)
            case _:
                name = draw(st.sampled_from(["a", "factor", "latent", "seed", "file", "steps"]))
                made = prompt.setdefault(id, node("Mix"))
                made["inputs"][name] = draw(st.sampled_from(CONSTANTS))
        prompts.append(prompt)
    return prompts


def answer(prompt: Any, checks: Checks | None, signed: Signed | None) -> Any:
    """Everything that validation and signing say of a read prompt."""
    try:
        found = validate(prompt, SPECS, list_files, None, checks)
    except InvalidPrompt as error:
        return error.body()
    names = signatures(found.prompt, SPECS, lambda folder, name: name, before=signed)
    inputs = {id: [repr(v) for v in n.inputs.values()] for id, n in found.prompt.items()}
    return names, found.outputs, found.node_errors, inputs


@settings(max_examples=400, deadline=None)
@given(edits())
def test_one_prompt_after_another_is_judged_as_if_it_were_the_first(
    prompts: list[dict[str, Any]],
) -> None:
    reader, checks, signed = Reader(), Checks(), Signed()
    for prompt in [*prompts, *prompts]:
        if prompt:
            expected = answer(parse(prompt), None, None)
            assert answer(reader.read(prompt), checks, signed) == expected


def test_what_did_not_change_is_the_same_object() -> None:
    reader, first = Reader(), chain(4)
    before = reader.read(first)
    changed = {**first, "4": node("Mix", a=["3", 0], b=["2", 0], factor=0.25)}
    after = reader.read(changed)
    assert {id for id in after if after[id] is not before[id]} == {"4"}
    assert reader.read(changed)["0"] is before["0"]


def test_a_changed_file_or_spec_is_seen() -> None:
    """Nodes that name files are asked again, and new specs forget everything."""
    prompt = {"e": node("Empty"), "o": node("Save", images=["m", 0]), "m": node("Mix")}
    prompt["s"] = node("Sampler", latent=["e", 0], seed=1, steps=2, name="euler", file="x")
    prompt["m"] = node("Mix", a=["p", 0], factor=0.5)
    prompt["p"] = node("Source")
    reader, checks, signed = Reader(), Checks(), Signed()
    stamps = {"x": "1"}
    stamp = lambda folder, name: stamps[name]  # noqa: E731
    read = reader.read(prompt)
    first = signatures(read, SPECS, stamp, before=signed)
    stamps["x"] = "2"
    second = signatures(reader.read(prompt), SPECS, stamp, before=signed)
    assert {id for id in first if first[id] != second[id]} == {"s"}
    validate(read, SPECS, list_files, None, checks)
    fewer = {id: spec for id, spec in SPECS.items() if id != "Source"}
    try:
        validate(reader.read(prompt), fewer, list_files, None, checks)
    except InvalidPrompt as error:
        assert error.type == "missing_node_type"
    else:
        raise AssertionError("a kind that is gone was accepted")


def test_a_file_that_is_gone_is_seen_in_the_same_prompt() -> None:
    choice = InputSpec("file", "COMBO", folder="checkpoints")
    specs = index([NodeSpec("Show", "Show", "test", inputs=(choice,), is_output=True)])
    reader, checks = Reader(), Checks()
    prompt = {"a": node("Show", file="x"), "b": node("Show", file="y")}
    both = validate(reader.read(prompt), specs, lambda folder: ["x", "y"], None, checks)
    again = validate(reader.read(prompt), specs, lambda folder: ["x", "y"], None, checks)
    assert again is both and both.outputs == ("a", "b")
    less = validate(reader.read(prompt), specs, lambda folder: ["x"], None, checks)
    assert less.outputs == ("a",) and set(less.node_errors) == {"b"}
    back = validate(reader.read(prompt), specs, lambda folder: ["x", "y"], None, checks)
    assert back == both
