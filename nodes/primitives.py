"""Single values, and a look at any value."""

import json
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any

import torch

from engine.api import Bool, Int, Output, Socket, Text, node

STRING = Annotated[Any, Socket("STRING")]
BOOLEAN = Annotated[Any, Socket("BOOLEAN")]
INT = Annotated[Any, Socket("INT")]
FLOAT = Annotated[Any, Socket("FLOAT")]
Anything = Annotated[Any, Socket("*")]
#: Longest text that is shown, in characters.
LONGEST = 100_000
_primitive = partial(node, category="utils/primitive", lane="host")


@_primitive("PrimitiveString", title="String")
def primitive_string(*, value: Text(multiline=False)) -> STRING:
    """A text of one line.

    Args:
        value: the text.
    """
    return value


@_primitive("PrimitiveStringMultiline", title="String (Multiline)")
def primitive_string_multiline(*, value: Text(multiline=True)) -> STRING:
    """A text.

    Args:
        value: the text.
    """
    return value


@_primitive("PrimitiveInt", title="Int")
def primitive_int(*, value: Int(-sys.maxsize, sys.maxsize, control_after_generate=True)) -> INT:
    """A whole number.

    Args:
        value: the number.
    """
    return value


@_primitive("PrimitiveFloat", title="Float")
def primitive_float(*, value: Socket("FLOAT", {"min": -sys.maxsize, "max": sys.maxsize})) -> FLOAT:
    """A number.

    Args:
        value: the number.
    """
    return value


@_primitive("PrimitiveBoolean", title="Boolean")
def primitive_boolean(*, value: Bool()) -> BOOLEAN:
    """A switch.

    Args:
        value: on or off.
    """
    return value


@node("PreviewAny", category="utils", title="Preview Any", lane="host", is_output=True)
def preview_any(*, source: Anything) -> Output:
    """Show any value as text.

    Args:
        source: the value.
    """
    return Output(ui={"text": [as_text(source)[:LONGEST]]})


def as_text(value: Any) -> str:
    """A value for people: texts as they are, tensors by shape and range, data as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, torch.Tensor):
        return _of_tensor(value)
    plain = _plain(value)
    return plain if isinstance(plain, str) else json.dumps(plain, indent=2, ensure_ascii=False)


def _plain(value: Any) -> Any:
    """What JSON can hold; everything else as text."""
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [_plain(item) for item in value]
    return _of_tensor(value) if isinstance(value, torch.Tensor) else str(value)


def _of_tensor(value: torch.Tensor) -> str:
    kind = str(value.dtype).removeprefix("torch.")
    text = f"tensor {' x '.join(map(str, value.shape)) or 'of one number'}, {kind}"
    if not value.numel():
        return text
    numbers = value.detach().float()
    least, most, mean = (f(numbers).item() for f in (torch.amin, torch.amax, torch.mean))
    return f"{text}, from {least:.6g} to {most:.6g}, mean {mean:.6g}"
