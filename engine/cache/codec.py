"""Results as files: tensors in safetensors, everything around them as JSON; never a pickle.

Invariant: what was read equals what was written. A value that is no tensor, number, text,
None, registered reference or a container of those is not storable; its entry then lives in
memory alone.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .entry import Entry
from .references import form_named, form_of

if TYPE_CHECKING:
    from torch import Tensor

VERSION = 1


class NotStorable(Exception):
    """The value holds something that has no file form, such as an open file."""


def encode(entry: Entry) -> tuple[dict[str, "Tensor"], str]:
    """Tensors by name, and the JSON text that puts them together again.

    Raises:
        NotStorable: some value has no file form.
    """
    tensors: dict[str, Tensor] = {}
    values = [[_pack(item, tensors) for item in items] for items in entry.values]
    try:
        ui = json.loads(json.dumps(entry.ui))
    except TypeError as error:
        raise NotStorable(str(error)) from error
    about = {"ui": ui, "seconds": entry.seconds, "kind": entry.kind}
    form = {"version": VERSION, "values": values, **about}
    return tensors, json.dumps(form)


def decode(tensors: Mapping[str, "Tensor"], text: str) -> Entry:
    """The inverse of :func:`encode`; tensors come back on the CPU.

    Raises:
        ValueError: the text is of another version.
        Exception: something that it refers to is not there any more.
    """
    form = json.loads(text)
    if form["version"] != VERSION:
        raise ValueError("written by another version")
    values = tuple([_unpack(item, tensors) for item in items] for items in form["values"])
    return Entry(values, form["ui"], form["seconds"], form.get("kind", ""))


def _pack(value: Any, tensors: dict[str, "Tensor"]) -> Any:
    import torch

    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, torch.Tensor):
        name = str(len(tensors))
        tensors[name] = value.detach().to("cpu").contiguous().clone()
        return {"tensor": name}
    if isinstance(value, list | tuple):
        kind = "list" if isinstance(value, list) else "tuple"
        return {kind: [_pack(item, tensors) for item in value]}
    if type(value) is dict and all(isinstance(key, str) for key in value):
        return {"dict": {key: _pack(item, tensors) for key, item in value.items()}}
    if (form := form_of(value)) is not None:
        try:
            stored = dict(form.store(value))
        except Exception as error:  # what it refers to is gone, say
            raise NotStorable(f"{form.name}: {error}") from error
        return {"reference": [form.name, _pack(stored, tensors)]}
    raise NotStorable(f"{type(value).__name__} has no file form")


def _unpack(form: Any, tensors: Mapping[str, "Tensor"]) -> Any:
    if not isinstance(form, dict):
        return form
    ((kind, inner),) = form.items()
    match kind:
        case "tensor":
            return tensors[inner]
        case "dict":
            return {key: _unpack(item, tensors) for key, item in inner.items()}
        case "reference":
            return form_named(inner[0]).load(_unpack(inner[1], tensors))
        case _:
            items = [_unpack(item, tensors) for item in inner]
            return items if kind == "list" else tuple(items)
