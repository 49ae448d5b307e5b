"""JSON that is read and written quickly says the same as Python's."""

import json
import math

import pytest

from engine.fast_json import dumps, loads

VALUE = {"a": [1, 1.0, 2**64 - 1, -1, True, None, "ü\n"], "b": {"c": ("d", 0.1)}}


def test_it_reads_and_writes_what_python_does() -> None:
    assert json.loads(dumps(VALUE)) == loads(json.dumps(VALUE)) == loads(dumps(VALUE))
    assert [type(x) for x in loads(dumps([1, 1.0, True]))] == [int, float, bool]


@pytest.mark.parametrize("value", [2**70, {1: "a"}, "half \ud800"])
def test_it_writes_what_the_parser_does_not_take(value: object) -> None:
    assert json.loads(dumps(value)) == json.loads(json.dumps(value))


def test_what_json_lacks_is_null() -> None:
    assert loads(dumps([math.nan, math.inf])) == [None, None]


@pytest.mark.parametrize("text", ["", "{", "NaN", "[" * 2000 + "]" * 2000, b"\xff"])
def test_what_is_no_json_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError):
        loads(text)


def test_anything_else_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        dumps({"a": {1, 2}})
