"""One run as clients see it: events of the worker folded into websocket messages.

Invariant: a fold. The same events in the same order give the same messages, whether they
come from the worker or from the log.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Outgoing:
    """A message for clients; ``key`` marks those that a newer one replaces."""

    type: str
    data: Mapping[str, Any]
    key: object = None


@dataclass
class RunView:
    """What is known of a run in progress.

    Attributes:
        job: its id.
        node: the node that started last and has not ended.
        nodes: progress per node that has started.
        drained: no work for the device is left.
    """

    job: str
    kinds: Mapping[str, str] = field(default_factory=dict)
    node: str | None = None
    nodes: dict[str, dict[str, Any]] = field(default_factory=dict)
    drained: bool = False

    def fold(self, type: str, data: Mapping[str, Any]) -> Iterator[Outgoing]:
        """Take one event in; the messages that it makes."""
        match type:
            case "started":
                yield self._message("execution_start", timestamp=_now())
            case "cached":
                yield self._message("execution_cached", nodes=data["nodes"], timestamp=_now())
            case "node_started":
                yield from self._started(data["node"])
            case "progress":
                yield from self._progress(data["node"], data["value"], data["total"])
            case "node_done":
                yield from self._done(data)
            case "node_failed":
                self._set(data["node"], state="error")
                yield self._progress_state()
            case "drained":
                self.drained = True

    def _started(self, node: str) -> Iterator[Outgoing]:
        self.node = node
        self._set(node, value=0, max=1, state="running")
        yield self._progress_state()
        yield self._message("executing", node=node, display_node=node)

    def _progress(self, node: str, value: float, total: float) -> Iterator[Outgoing]:
        self._set(node, value=value, max=total)
        yield self._progress_state()
        data = {"value": value, "max": total, "prompt_id": self.job, "node": node}
        yield Outgoing("progress", data, ("progress", self.job, node))

    def _done(self, data: Mapping[str, Any]) -> Iterator[Outgoing]:
        node = data["node"]
        if self.node == node:
            self.node = None
        if data["ui"] is not None or data["cached"]:
            yield self._message("executed", node=node, display_node=node, output=data["ui"])
        known = self.nodes.get(node, {"max": 1})
        self._set(node, value=known["max"], max=known["max"], state="finished")
        yield self._progress_state()
        stats = {"node": node, "ms": data["ms"], "cached": data["cached"]}
        yield self._message("x_node_stats", **stats)

    def _set(self, node: str, **changes: Any) -> None:
        fresh = {
            "value": 0,
            "max": 1,
            "state": "running",
            "node_id": node,
            "prompt_id": self.job,
            "display_node_id": node,
            "parent_node_id": None,
            "real_node_id": node,
        }
        self.nodes[node] = {**self.nodes.get(node, fresh), **changes}

    def _progress_state(self) -> Outgoing:
        data = {"prompt_id": self.job, "nodes": dict(self.nodes)}
        return Outgoing("progress_state", data, ("progress_state", self.job))

    def _message(self, type: str, **data: Any) -> Outgoing:
        return Outgoing(type, {**data, "prompt_id": self.job})

    def preview_meta(self, node: str, mime: str) -> dict[str, Any]:
        """What a preview says of itself."""
        return {
            "node_id": node,
            "prompt_id": self.job,
            "display_node_id": node,
            "parent_node_id": None,
            "real_node_id": node,
            "image_type": mime,
        }


def _now() -> int:
    return int(time.time() * 1000)
