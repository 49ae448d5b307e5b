"""What crosses to an isolated pack arrives as it was, and nothing else arrives."""

import os
from typing import Any

import pytest
import torch

from engine.isolation.channel import Parcel, parcel
from engine.isolation.crossing import DTYPES, NotCrossing, laid_out, mapped
from engine.plugins.node import Blocked


def there(value: Any) -> Any:
    return parcel(value, "it").open()


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        -1,
        1 << 80,
        0.5,
        float("inf"),
        "text \ud800 é",
        [],
        (),
        {},
        [("a", 1), {"k": [None]}, {1: "x", None: 2.0}],
        Blocked("why"),
        Blocked(),
    ],
)
def test_plain_values_arrive_as_they_were(value: Any) -> None:
    found = there(value)
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize("name", DTYPES)
def test_tensors_of_every_type_arrive(name: str) -> None:
    dtype = getattr(torch, name)
    for shape in ((), (0, 3), (3, 5)):
        value = torch.randint(0, 2, shape).to(dtype)
        found = there({"samples": [value, value.T if value.dim() == 2 else value]})["samples"]
        assert found[0].dtype == dtype and found[0].shape == value.shape
        assert torch.equal(found[0].to(torch.complex64), value.to(torch.complex64))
        assert found[1].shape == value.shape[::-1]


def test_who_reads_may_write_and_nobody_sees_it() -> None:
    kinds, file = laid_out([torch.zeros(4)])
    assert file is not None
    (first,), (second,) = mapped(kinds, os.dup(file)), mapped(kinds, file)
    first.add_(1)
    assert first.sum() == 4 and second.sum() == 0


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (object(), r"it is of the type object"),
        ([{"a": {1, 2}}], r"it\[0\]\['a'\] is of the type set"),
        ({(1, 2): 3}, r"it has a key of the type tuple"),
        (b"bytes", r"it is of the type bytes"),
        (torch.zeros(2, 2).to_sparse(), r"it is a tensor of the kind"),
    ],
)
def test_what_cannot_cross_is_named(value: Any, words: str) -> None:
    with pytest.raises(NotCrossing, match=words):
        parcel(value, "it")


def test_what_is_nested_too_deep_is_refused() -> None:
    value: Any = []
    for _ in range(200):
        value = [value]
    with pytest.raises(NotCrossing, match="nested more than"):
        parcel(value, "it")


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        {"tree": ["x", 0], "tensors": []},
        {"tree": ["x", -1], "tensors": []},
        {"tree": ["q"], "tensors": []},
        {"tree": ["d", [["l"], 1]], "tensors": []},
        {"tree": {"a": 1}, "tensors": []},
        {"tree": ["x", 0], "tensors": [["float32", [2]]]},
    ],
)
def test_nonsense_is_refused(data: Any) -> None:
    with pytest.raises(ValueError):
        Parcel(data).open()


@pytest.mark.parametrize("kind", [["float32", [99]], ["float32", [-1]], ["load", [1]], ["x", 3], 7])
def test_tensors_that_are_not_there_are_refused(kind: Any) -> None:
    _, file = laid_out([torch.zeros(4)])
    with pytest.raises(ValueError):
        mapped([kind], file)


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="files in memory cannot be sealed here")
def test_memory_that_may_still_change_is_refused() -> None:
    file = os.memfd_create("open", os.MFD_ALLOW_SEALING)
    os.ftruncate(file, 64)
    with pytest.raises(ValueError, match="can still change"):
        mapped([["float32", [4]]], file)
