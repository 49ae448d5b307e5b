"""What a node produced, as the cache keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Entry:
    """What a node produced.

    Attributes:
        values: per output, its list of items.
        ui: what the node showed, if it showed something.
        seconds: how long the node itself took.
        kind: of the node.
    """

    values: tuple[list[Any], ...]
    ui: Mapping[str, list[Any]] = field(default_factory=dict)
    seconds: float = 0.0
    kind: str = ""
