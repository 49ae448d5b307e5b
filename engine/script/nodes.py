"""Every built-in node as a function: ``from engine.script.nodes import KSampler``.

Inputs are keywords; those with a default may be left out. ``_id`` and ``_title`` name the node.
What type checkers and editors know of them stands in ``nodes.pyi``, which tools/write_docs.py
writes.
"""

from collections.abc import Callable
from difflib import get_close_matches
from functools import partial
from typing import Any

from .workflow import node, specs


def __getattr__(name: str) -> Callable[..., Any]:
    spec = specs().get(name) if not name.startswith("_") else None
    if spec is None:
        near = ", ".join(get_close_matches(name, specs(), 3)) if not name.startswith("_") else ""
        hint = f" Did you mean {near}?" if near else " Nodes of packs: node('NAME', ...)."
        raise AttributeError(f"There is no built-in node '{name}'.{hint}")
    made = partial(node, name)
    made.__doc__ = spec.description  # type: ignore[misc]
    return made


def __dir__() -> list[str]:
    return sorted(name for name in specs() if name.isidentifier())
