"""JSON as prompts, messages and events are read and written: by a parser that is not Python's.

Invariant: what is written here is JSON that every browser reads: compact UTF-8, in which numbers
that JSON lacks (NaN, Infinity) are null.
"""

import json
from typing import Any

import orjson


def loads(text: bytes | str) -> Any:
    """Read a JSON value.

    Raises:
        ValueError: it is none, or nested more than a thousand deep.
    """
    return orjson.loads(text)


def loads_foreign(text: bytes | str) -> Any:
    """Read what Python programs write into files, in which NaN and Infinity are numbers.

    Raises:
        ValueError: it is no JSON, or nested too deep.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error


def dumps(value: Any) -> bytes:
    """Write plain data: dicts, lists, tuples, texts, numbers, None.

    Raises:
        TypeError: there is something else in it.
    """
    try:
        return orjson.dumps(value)
    except TypeError:  # numbers of more than 64 bits, keys that are numbers, halves of characters
        return json.dumps(value, separators=(",", ":")).encode()


def ascii_text(value: Any) -> str:
    """Write plain data in ASCII alone, as texts inside of pictures have to be."""
    text = dumps(value).decode()
    return text if text.isascii() else json.dumps(value, separators=(",", ":"))
