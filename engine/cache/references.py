"""File forms of things that only refer to data: handles on weights, and what they are made of.

Invariant: the cache knows no kind of handle; who does registers it here. What is stored are
names and numbers; loading gives an equal thing or raises, and never reads weights.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Form:
    """How things of one type are stored.

    Attributes:
        name: in files; must stay the same.
        store: gives named values that have file forms themselves.
        load: the inverse; raises if what is referred to is gone or has changed.
    """

    name: str
    store: Callable[[Any], Mapping[str, Any]]
    load: Callable[[Mapping[str, Any]], Any]


_by_type: dict[type, Form] = {}
_by_name: dict[str, Form] = {}


def register(
    name: str,
    cls: type,
    store: Callable[[Any], Mapping[str, Any]] | None = None,
    load: Callable[[Mapping[str, Any]], Any] | None = None,
) -> None:
    """Give a type a file form; by default that of a dataclass, field by field."""
    form = Form(name, store or fields_of, load or (lambda values: cls(**values)))
    _by_type[cls] = form
    _by_name[name] = form


def fields_of(thing: Any) -> dict[str, Any]:
    """The fields of a dataclass."""
    return {field.name: getattr(thing, field.name) for field in fields(thing)}


def form_of(thing: Any) -> Form | None:
    """The file form of a thing, if its type has one."""
    return _by_type.get(type(thing))


def form_named(name: str) -> Form:
    """The file form of that name; raises KeyError if this process knows none."""
    return _by_name[name]
