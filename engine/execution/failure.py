"""Failures: what a user is told when a node fails.

Invariant: a failure names the node and sums its inputs up by shape and type, never by their
contents; it is plain JSON.
"""

import traceback
from collections.abc import Mapping, Sequence
from typing import Any

from engine.graph.prompt import PromptNode

from .relief import is_out_of_memory

#: Longest text of an input that is shown in full.
SHOWN_TEXT = 200

_OUT_OF_MEMORY = (
    "There was not enough memory, also after unused weights and results were given up. Use a "
    "smaller size or batch, or close other programs that use the device."
)


def describe(
    node: PromptNode, error: BaseException, inputs: Mapping[str, Sequence[Any]] | None = None
) -> dict[str, Any]:
    """The failure of a node as JSON data.

    Args:
        node: where it happened.
        error: what was raised.
        inputs: the lists of items that the node was given.
    """
    name = type(error).__name__
    module = type(error).__module__
    return {
        "node_id": node.id,
        "node_type": node.kind,
        "node_title": node.title or node.kind,
        "exception_type": name if module == "builtins" else f"{module}.{name}",
        "exception_message": str(error) or name,
        "hint": hint(error),
        "traceback": traceback.format_exception(error),
        "current_inputs": {
            input: [summary(item) for item in items] for input, items in (inputs or {}).items()
        },
    }


def blocked(node: PromptNode, message: str) -> dict[str, Any]:
    """What a user is told of a node that was skipped because an input is blocked."""
    return {
        "node_id": node.id,
        "node_type": node.kind,
        "node_title": node.title or node.kind,
        "exception_type": "ExecutionBlocked",
        "exception_message": message,
        "hint": "",
        "traceback": [],
        "current_inputs": {},
    }


def broken(error: BaseException) -> dict[str, Any]:
    """What a user is told when the run itself broke, at no node in particular."""
    return {
        "node_id": None,
        "node_type": None,
        "exception_type": type(error).__name__,
        "exception_message": str(error) or type(error).__name__,
        "hint": "This is a fault of the engine or of what a node showed; please report it.",
        "traceback": traceback.format_exception(error),
        "current_inputs": {},
    }


def hint(error: BaseException) -> str:
    """Advice for a known kind of error, or nothing."""
    text = str(error)
    if "mat1 and mat2" in text or "must match the size of tensor" in text:
        return (
            "Two parts have different sizes. Check that model, text encoder, VAE and latent "
            "belong to the same model family."
        )
    return _OUT_OF_MEMORY if is_out_of_memory(error) else ""


def summary(value: Any) -> Any:
    """A value in one line: tensors by shape, type and device; long texts cut."""
    shape = getattr(value, "shape", None)
    if shape is not None:
        dtype, device = getattr(value, "dtype", "?"), getattr(value, "device", "host")
        return f"{type(value).__name__} {tuple(shape)} {dtype} on {device}"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {summary(item)}" for key, item in value.items()) + "}"
    if value is None or isinstance(value, bool | int | float):
        return value
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= SHOWN_TEXT else f"{text[:SHOWN_TEXT]}... ({len(text)} characters)"
