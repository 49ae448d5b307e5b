"""What a loaded node is, and what it is given and gives back.

Invariant: a node's call sees plain values by input name and a ``Context``; it never sees the
executor, the cache or the server.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.folders import Folders
from engine.graph.spec import NodeSpec

#: Makes a small preview picture when asked: uint8 RGB, ``h w 3``.
MakePreview = Callable[[], Any]


@dataclass(frozen=True)
class Context:
    """What a node may know of the run it is part of.

    Attributes:
        node_id: id of the node in the prompt.
        folders: where models, inputs and outputs are.
        metadata: what output files carry with them (``prompt``, ``workflow``); empty if the
            user switched metadata off.
        report: receives progress; use :meth:`progress`.
        check: raises :class:`engine.errors.Interrupted` if the run was cancelled.
    """

    node_id: str
    folders: Folders
    metadata: Mapping[str, Any]
    report: Callable[[float, float, MakePreview | None], None]
    check: Callable[[], None]

    def progress(self, value: float, total: float, preview: MakePreview | None = None) -> None:
        """Tell how far the node is; raises ``Interrupted`` if the run was cancelled.

        Args:
            value: work done.
            total: work in all.
            preview: called only when a picture is due, so it may cost something.
        """
        self.check()
        self.report(value, total, preview)


@dataclass(frozen=True)
class Output:
    """What a node gives back when values alone are not enough.

    Attributes:
        values: one value per output socket.
        ui: lists for the canvas and history, such as ``{"images": [file reference, ...]}``.
    """

    values: tuple[Any, ...] = ()
    ui: Mapping[str, list[Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Node:
    """A spec with the callable that does the work."""

    spec: NodeSpec
    call: Callable[[Mapping[str, Any], Context], Output]


def saved_image(path: Path, root: Path, kind: str) -> dict[str, str]:
    """The file reference of a picture under the output or temp folder, for ``ui``."""
    folder = path.parent.relative_to(root).as_posix()
    return {"filename": path.name, "subfolder": "" if folder == "." else folder, "type": kind}
