"""One run as clients see it: events of the worker folded into websocket messages.

Invariant: a fold. The same events in the same order give the same messages, whether they
come from the worker or from the log. The state of all nodes is no such message, for it grows
with the run: who folds tells it now and then.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.store.jobs import State


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
        changed: ``nodes`` is not what :meth:`progress_state` told last.
    """

    job: str
    node: str | None = None
    nodes: dict[str, dict[str, Any]] = field(default_factory=dict)
    drained: bool = False
    changed: bool = False

    def fold(self, type: str, data: Mapping[str, Any], at: float) -> Iterator[Outgoing]:
        """Take one event in, that happened ``at`` so many seconds since the epoch.

        Gives the messages that it makes.
        """
        stamp = int(at * 1000)
        match type:
            case "started":
                self.node, self.nodes, self.drained = None, {}, False
                yield self._message("execution_start", timestamp=stamp)
            case "cached":
                yield self._message("execution_cached", nodes=data["nodes"], timestamp=stamp)
            case "node_started":
                yield from self._started(data)
            case "progress":
                yield from self._progress(data)
            case "node_done":
                yield from self._done(data)
            case "node_failed":
                self._set(data, state="error")
                yield from self._blocked(data, stamp)
            case "node_retried":
                told = {"node": data["node"], "display_node": _display(data)}
                yield self._message("x_notice", **told, text=data["reason"])
            case "drained":
                self.drained = True
            case "ended":
                state = State(data["state"])
                yield Outgoing(*ending_message(self.job, state, data["failure"], at))
                yield self._message("executing", node=None)

    def now(self) -> Iterator[Outgoing]:
        """Where the run is, for somebody who was not there."""
        if self.nodes:
            yield self.progress_state()
        if self.node is not None:
            place = self.nodes[self.node]
            yield self._message("executing", node=self.node, display_node=place["display_node_id"])

    def _started(self, data: Mapping[str, Any]) -> Iterator[Outgoing]:
        self.node = data["node"]
        self._set(data, value=0, max=1, state="running")
        yield self._message("executing", node=data["node"], display_node=_display(data))

    def _progress(self, data: Mapping[str, Any]) -> Iterator[Outgoing]:
        node, value, total = data["node"], data["value"], data["total"]
        self._set(data, value=value, max=total)
        told = {"value": value, "max": total, "prompt_id": self.job, "node": node}
        yield Outgoing("progress", told, ("progress", self.job, node))

    def _done(self, data: Mapping[str, Any]) -> Iterator[Outgoing]:
        node = data["node"]
        if self.node == node:
            self.node = None
        if data["ui"] is not None or data["cached"]:
            shown = {"node": node, "display_node": _display(data), "output": data["ui"]}
            yield self._message("executed", **shown)
        known = self.nodes.get(node, {"max": 1})
        if known.get("state") != "error":  # a node that was blocked has ended, but not well
            self._set(data, value=known["max"], max=known["max"], state="finished")
        stats = {"node": node, "ms": data["ms"], "cached": data["cached"]}
        yield self._message("x_node_stats", **stats)

    def _blocked(self, data: Mapping[str, Any], stamp: int) -> Iterator[Outgoing]:
        """A block's message is told like a failure, though the run goes on."""
        if data.get("exception_type") == "ExecutionBlocked":
            kept = {key: value for key, value in data.items() if key != "node"}
            yield self._message("execution_error", **kept, executed=[], timestamp=stamp)

    def _set(self, data: Mapping[str, Any], **changes: Any) -> None:
        self.changed = True
        node = data["node"]
        fresh = {"value": 0, "max": 1, "state": "running", **self._place(data)}
        self.nodes[node] = {**self.nodes.get(node, fresh), **changes}

    def _place(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Which node an event is about; inner nodes name the one that the canvas shows."""
        return {
            "node_id": data["node"],
            "prompt_id": self.job,
            "display_node_id": _display(data),
            "parent_node_id": data.get("parent_node"),
            "real_node_id": _display(data),
        }

    def progress_state(self) -> Outgoing:
        """The progress of all nodes that have started."""
        self.changed = False
        data = {"prompt_id": self.job, "nodes": dict(self.nodes)}
        return Outgoing("progress_state", data, ("progress_state", self.job))

    def _message(self, type: str, **data: Any) -> Outgoing:
        return Outgoing(type, {**data, "prompt_id": self.job})

    def preview_meta(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """What a preview says of itself."""
        return {**self._place(data), "image_type": data["mime"]}


def ending_message(
    job: str, state: State, failure: Mapping[str, Any] | None, at: float
) -> tuple[str, dict[str, Any]]:
    """The event that tells clients how a job ended: its type and its data."""
    base: dict[str, Any] = {"prompt_id": job, "timestamp": int(at * 1000)}
    if state is State.DONE:
        return "execution_success", base
    facts = dict(failure or {})
    if state is State.CANCELLED:
        kept = {key: facts.get(key) for key in ("node_id", "node_type", "executed")}
        return "execution_interrupted", {**base, **kept}
    message = f"{facts.get('exception_message', '')}\n{facts.get('hint', '')}"
    facts["exception_message"] = message.rstrip() + "\n"
    return "execution_error", {**base, **facts, "current_outputs": facts.get("executed", [])}


def _display(data: Mapping[str, Any]) -> Any:
    return data.get("display_node", data["node"])
