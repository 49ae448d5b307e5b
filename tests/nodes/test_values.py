"""Nodes for texts and single values."""

from pathlib import Path
from typing import Any

import pytest
import torch

from engine.api import Context, InvalidInput
from engine.folders import standard

from .test_custom_sampling import NODES, call

TEXT = "The Cat sat.\nthe dog ran."


@pytest.mark.parametrize(
    ("id", "inputs", "expected"),
    [
        ("StringConcatenate", {"string_a": "a", "string_b": "b", "delimiter": ", "}, "a, b"),
        ("StringSubstring", {"string": "latent", "start": 1, "end": -2}, "ate"),
        ("StringLength", {"string": "größe"}, 5),
        ("CaseConverter", {"string": "a Cat", "mode": "UPPERCASE"}, "A CAT"),
        ("CaseConverter", {"string": "a Cat", "mode": "Capitalize"}, "A cat"),
        ("CaseConverter", {"string": "a cat", "mode": "Title Case"}, "A Cat"),
        ("StringTrim", {"string": " a \n", "mode": "Both"}, "a"),
        ("StringTrim", {"string": " a ", "mode": "Left"}, "a "),
        ("StringTrim", {"string": " a ", "mode": "Right"}, " a"),
        ("StringReplace", {"string": "aXbX", "find": "X", "replace": "-"}, "a-b-"),
        ("StringContains", {"string": TEXT, "substring": "cat"}, False),
        ("StringContains", {"string": TEXT, "substring": "cat", "case_sensitive": False}, True),
        ("StringCompare", {"string_a": "abc", "string_b": "ab", "mode": "Starts With"}, True),
        ("StringCompare", {"string_a": "abc", "string_b": "ab", "mode": "Ends With"}, False),
        ("StringCompare", {"string_a": "abc", "string_b": "abc", "mode": "Equal"}, True),
        (
            "StringCompare",
            {"string_a": "ABC", "string_b": "bc", "mode": "Ends With", "case_sensitive": False},
            True,
        ),
        ("RegexMatch", {"string": TEXT, "regex_pattern": r"^the dog"}, False),
        ("RegexMatch", {"string": TEXT, "regex_pattern": r"^the dog", "multiline": True}, True),
        ("RegexMatch", {"string": TEXT, "regex_pattern": "sat.*ran", "dotall": True}, True),
        ("RegexMatch", {"string": TEXT, "regex_pattern": "DOG", "case_insensitive": False}, False),
    ],
)
def test_texts(id: str, inputs: dict[str, Any], expected: Any) -> None:
    assert call(id, **inputs) == expected


@pytest.mark.parametrize(
    ("mode", "group", "expected"),
    [
        ("First Match", 1, "The Cat"),
        ("All Matches", 1, "The Cat\nthe dog"),
        ("First Group", 1, "Cat"),
        ("First Group", 0, "The Cat"),
        ("First Group", 7, ""),
        ("All Groups", 1, "Cat\ndog"),
    ],
)
def test_extracting(mode: str, group: int, expected: str) -> None:
    inputs = {"string": TEXT, "regex_pattern": r"the (\w+)", "mode": mode, "group_index": group}
    assert call("RegexExtract", **inputs) == expected


def test_finding_nothing_gives_nothing() -> None:
    inputs = {"string": TEXT, "regex_pattern": "bird", "mode": "All Matches"}
    assert call("RegexExtract", **inputs) == ""


def test_replacing_by_groups() -> None:
    inputs = {"string": TEXT, "regex_pattern": r"the (\w+)", "replace": r"a \1"}
    assert call("RegexReplace", **inputs) == "a Cat sat.\na dog ran."
    assert call("RegexReplace", **inputs, count=1) == "a Cat sat.\nthe dog ran."


def test_wrong_expressions_are_explained() -> None:
    with pytest.raises(InvalidInput, match=r"'\(' is no regular expression: missing \)"):
        call("RegexMatch", string="", regex_pattern="(")
    with pytest.raises(InvalidInput, match="does not fit the expression 'a': invalid group"):
        call("RegexReplace", string="a", regex_pattern="a", replace=r"\1")


@pytest.mark.parametrize(
    ("id", "value"),
    [
        ("PrimitiveString", "a"),
        ("PrimitiveStringMultiline", "a\nb"),
        ("PrimitiveInt", -7),
        ("PrimitiveFloat", 0.25),
        ("PrimitiveBoolean", False),
    ],
)
def test_values_pass_through(id: str, value: Any) -> None:
    assert call(id, value=value) == value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("as it is", "as it is"),
        (3, "3"),
        (True, "true"),
        (None, "null"),
        ([1, (2.5, "ä")], '[\n  1,\n  [\n    2.5,\n    "ä"\n  ]\n]'),
        (torch.arange(6.0).reshape(2, 3), "tensor 2 x 3, float32, from 0 to 5, mean 2.5"),
        ({"samples": torch.zeros(0)}, '{\n  "samples": "tensor 0, float32"\n}'),
        (Path("a/b"), "a/b"),
    ],
)
def test_any_value_is_shown(value: Any, expected: str) -> None:
    folders = standard(Path("nowhere"))
    context = Context("1", folders, {}, lambda *report: None, lambda: None)
    assert NODES["PreviewAny"].call({"source": value}, context).ui == {"text": [expected]}
