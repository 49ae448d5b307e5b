"""Errors of isolated packs, raised again in the worker.

Invariant: an error keeps its name, its text and its traceback, and nothing else of it crosses.
"""

from collections.abc import Mapping
from typing import Any

from engine.errors import NodeError


class Elsewhere(Exception):
    """The traceback of an error in another process, as the cause of ours."""

    def __init__(self, who: str, text: str) -> None:
        super().__init__(f"in {who}\n\n{text}")


def again_here(data: Mapping[str, Any], who: str) -> NodeError:
    """An error of the same name and text.

    Args:
        data: what the process said of it.
        who: the node and its pack.
    """
    name, module = _word(data.get("type")), _word(data.get("module"))
    kind = type(name, (NodeError,), {"__module__": module})
    error: NodeError = kind(str(data.get("message", "")))
    error.__cause__ = Elsewhere(who, str(data.get("traceback", "")))
    return error


def _word(text: Any) -> str:
    """A dotted name, or what stands for one that is none."""
    is_name = isinstance(text, str) and all(part.isidentifier() for part in text.split("."))
    return text if is_name else "Exception"
