"""What happens during a run, as plain data: the entries of the run log.

Invariant: every event names the node it is about by its id in the prompt; ``data`` is JSON,
``blob`` holds the bytes of a preview and is empty otherwise. Events of inner nodes also carry
``display_node``, the node of the canvas that stands for it, and ``parent_node``, the node that
expanded into it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

EventType = Literal[
    "started",  # {}
    "cached",  # {nodes: ids whose results are known already}
    "node_started",  # {node}
    "progress",  # {node, value, total}
    "preview",  # {node, mime} and the picture
    "node_retried",  # {node, reason}: memory ran out and was freed, and the node runs again
    "node_done",  # {node, ui, cached, ms, bytes and peak if it ran and they are known}
    "node_failed",  # {node, ...failure}; of type ExecutionBlocked it does not fail the run
    "drained",  # {}: no work for the device is left in this run
]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened."""

    type: EventType
    data: Mapping[str, Any] = field(default_factory=dict)
    blob: bytes = b""


#: Receives events in order, on the event loop's thread.
Emit = Callable[[Event], None]


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        status: ``done``, ``failed`` or ``cancelled``.
        outputs: per node id, what it showed (also from the cache).
        failure: of the first node that failed, or of the node that was interrupted.
        executed: ids of the nodes that ran or were served, in order.
    """

    status: Literal["done", "failed", "cancelled"]
    outputs: Mapping[str, Mapping[str, Any]]
    failure: Mapping[str, Any] | None = None
    executed: tuple[str, ...] = ()
