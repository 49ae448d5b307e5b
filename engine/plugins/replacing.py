"""Replacements of kinds of nodes that packs have registered in this process.

Invariant: two registrations of the same pair of kinds are one, the later; so a pack that is
loaded anew leaves no old ones behind.
"""

from dataclasses import asdict
from typing import Any

from engine.graph.replacements import Replacement

_KNOWN: dict[tuple[str, str], Replacement] = {}


def register(replacement: Replacement) -> None:
    """Let prompts that name the old kind run with the new one, where the old one is missing."""
    _KNOWN[replacement.old_node_id, replacement.new_node_id] = replacement


def registered() -> list[dict[str, Any]]:
    """All of them as JSON, in the order in which they were registered."""
    return [asdict(replacement) for replacement in _KNOWN.values()]
