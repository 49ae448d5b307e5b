"""What a client sends and gets, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class ClientError(Exception):
    """The server refused, or a job failed.

    Attributes:
        status: of the HTTP answer; 0 for a job that failed.
        node_errors: per node id what is wrong with it.
    """

    def __init__(
        self, text: str, status: int = 0, node_errors: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(text)
        self.status, self.node_errors = status, dict(node_errors or {})


@dataclass(frozen=True)
class Job:
    """A queued prompt.

    Attributes:
        id: of the prompt.
        number: its place in the queue; smaller ones run first.
        node_errors: nodes that the run goes without, and why.
    """

    id: str
    number: float
    node_errors: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Event:
    """Something that the server tells of a run: ``executing``, ``progress``, ``executed`` ...

    Attributes:
        type: of the event.
        data: as docs/api.md and the peer's protocol have it.
    """

    type: str
    data: Mapping[str, Any]


@dataclass(frozen=True)
class Preview:
    """A picture of the work in progress, or a result of SaveImageWebsocket.

    Attributes:
        node: that made it; None on servers that do not say.
        mime: ``image/jpeg`` or ``image/png``.
        data: the encoded picture.
    """

    node: str | None
    mime: str
    data: bytes


@dataclass(frozen=True)
class ServerFile:
    """A file that a run left on the server.

    Attributes:
        node: the node that made it.
        kind: ``images``, ``audio``, ``video`` and the like.
        filename, subfolder, type: where it lies, as ``/view`` wants it.
    """

    node: str
    kind: str
    filename: str
    subfolder: str
    type: str


@dataclass(frozen=True)
class Result:
    """What became of a job that ended well.

    Attributes:
        id: of the job.
        outputs: what each output node shows, as the history has it.
        files: all files among them.
    """

    id: str
    outputs: Mapping[str, Mapping[str, Any]]
    files: tuple[ServerFile, ...]

    def texts(self) -> list[str]:
        """All words that nodes showed."""
        found = (shown.get("text") for shown in self.outputs.values())
        return [str(line) for lines in found if isinstance(lines, list) for line in lines]


def files_of(outputs: Mapping[str, Mapping[str, Any]]) -> tuple[ServerFile, ...]:
    """The files of a history entry's outputs, in their order."""
    return tuple(
        ServerFile(
            node,
            kind,
            str(entry["filename"]),
            str(entry.get("subfolder", "")),
            str(entry.get("type", "output")),
        )
        for node, shown in outputs.items()
        for kind, entries in shown.items()
        if isinstance(entries, list)
        for entry in entries
        if isinstance(entry, Mapping) and "filename" in entry
    )
