"""What a node of an isolated pack may know of its run: a context whose other end is the worker.

Invariant: as :class:`engine.plugins.node.Context` promises, but that nothing of a long call can be
kept for a later one.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from queue import SimpleQueue
from typing import Any

from engine.errors import Interrupted
from engine.folders import Folders
from engine.plugins.node import Context, MakePreview

from .channel import Channel, parcel

#: What may be asked of the graph of the run.
GRAPH_QUESTIONS = (
    "get_original_prompt",
    "get_node",
    "has_node",
    "all_node_ids",
    "get_parent_node_id",
    "get_display_node_id",
    "get_real_node_id",
)
STEP_SECONDS, PREVIEW_SECONDS = 1 / 30, 1 / 8


@dataclass
class Reporter:
    """The other end of one call.

    Attributes:
        channel: leads to the worker.
        call: number of the call.
        cancelled: set when the run was cancelled.
        answers: what the worker said to the questions of this call.
        step_due: when progress may be told next.
        preview_due: when a picture may be shown next.
    """

    channel: Channel
    call: int
    cancelled: threading.Event = field(default_factory=threading.Event)
    answers: "SimpleQueue[Mapping[str, Any]]" = field(default_factory=SimpleQueue)
    step_due: float = 0.0
    preview_due: float = 0.0

    def context(self, data: Mapping[str, Any], folders: Folders) -> Context:
        """The context that the worker described."""
        return Context(
            data["node_id"],
            folders,
            data["metadata"],
            self.report,
            self.check,
            Graph(self._ask) if data["graph"] else None,
            again=data["again"],
            tight=data["tight"],
            send=self.show,
        )

    def check(self) -> None:
        """Stop here if the run was cancelled."""
        if self.cancelled.is_set():
            raise Interrupted

    def report(self, value: float, total: float, preview: MakePreview | None) -> None:
        """Tell progress, and now and then show a picture."""
        now = time.monotonic()
        picture = None
        if preview is not None and now >= self.preview_due:
            self.preview_due = now + PREVIEW_SECONDS
            picture = _tensor(preview())
        elif now < self.step_due and value < total:
            return
        self.step_due = now + STEP_SECONDS
        said = {"call": self.call, "value": float(value), "total": float(total)}
        self.channel.send("progress", said, parcel(picture, "the preview"))

    def show(self, picture: bytes, mime: str) -> None:
        """Send a picture that is a result."""
        import torch

        whole = torch.frombuffer(bytearray(picture), dtype=torch.uint8)
        self.channel.send(
            "picture", {"call": self.call, "mime": mime}, parcel(whole, "the picture")
        )

    def _ask(self, name: str, *args: str) -> Any:
        self.channel.send("ask", {"call": self.call, "name": name, "args": args})
        answer = self.answers.get()
        if "missing" in answer:
            raise KeyError(answer["missing"])
        return answer["value"]


def _tensor(picture: Any) -> Any:
    import torch

    return torch.as_tensor(picture)


class Graph:
    """The graph of the run, asked of the worker."""

    def __init__(self, ask: Callable[..., Any]) -> None:
        self._ask = ask

    def get_original_prompt(self) -> dict[str, Any]:
        """The prompt as it was sent."""
        return dict(self._ask("get_original_prompt"))

    def get_node(self, node_id: str) -> dict[str, Any]:
        """A node; raises KeyError."""
        return dict(self._ask("get_node", node_id))

    def has_node(self, node_id: str) -> bool:
        """Whether there is such a node."""
        return bool(self._ask("has_node", node_id))

    def all_node_ids(self) -> set[str]:
        """Ids of all nodes."""
        return set(self._ask("all_node_ids"))

    def get_parent_node_id(self, node_id: str) -> str | None:
        """The node that expanded into this one."""
        found: str | None = self._ask("get_parent_node_id", node_id)
        return found

    def get_display_node_id(self, node_id: str) -> str:
        """The node of the canvas that stands for this one."""
        return str(self._ask("get_display_node_id", node_id))

    def get_real_node_id(self, node_id: str) -> str:
        """The node of the prompt that this one came from."""
        return str(self._ask("get_real_node_id", node_id))


def numbers() -> Callable[[], int]:
    """Gives a new number each time; from any thread."""
    found = count(1)
    return lambda: next(found)
