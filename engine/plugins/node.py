"""What a loaded node is, and what it is given and gives back.

Invariant: a node's call sees plain values by input name and a ``Context``; it never sees the
executor, the cache or the server.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from engine.folders import Folders
from engine.graph.spec import NodeSpec

#: Makes a small preview picture when asked: uint8 RGB, ``h w 3``.
MakePreview = Callable[[], Any]


class GraphView(Protocol):
    """The graph of a run while it grows, for nodes that build expansions from it.

    Method names are those that this field shares.
    """

    def get_original_prompt(self) -> dict[str, Any]:
        """The prompt as it was sent, in API format."""

    def get_node(self, node_id: str) -> dict[str, Any]:
        """A node, original or expanded, in API format; raises KeyError."""

    def has_node(self, node_id: str) -> bool:
        """Whether there is such a node now."""

    def all_node_ids(self) -> set[str]:
        """Ids of all nodes that there are now."""

    def get_parent_node_id(self, node_id: str) -> str | None:
        """The node that expanded into this one; None for a node of the prompt."""

    def get_display_node_id(self, node_id: str) -> str:
        """The node of the canvas that stands for this one."""

    def get_real_node_id(self, node_id: str) -> str:
        """The node of the prompt that this one came from in the end."""


@dataclass(frozen=True)
class Blocked:
    """A value that is not there on purpose: what would use it is skipped.

    Attributes:
        message: told to the user by the node that is skipped, whose outputs are blocked
            silently; None is silent from the start.
    """

    message: str | None = None


class Resumable(Protocol):
    """Where a long call leaves its state, so that an equal call after a crash goes on there.

    States are named by the signature of the node: what comes back was saved by a call with
    the same inputs. They are gone once the node has ended well.
    """

    def load(self) -> tuple[Mapping[str, Any], Mapping[str, Any]] | None:
        """Tensors by name (on the CPU) and data of the last state, if an earlier call left one."""

    def due(self) -> bool:
        """Whether it is time to save, which is every few seconds; costs next to nothing."""

    def save(self, tensors: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        """Copy the state; the call goes on while it is written.

        Args:
            tensors: by name, on any device.
            data: what JSON can hold.
        """


class NotResumable:
    """Where there is no place to save: nothing is found, and it is never time."""

    def load(self) -> None:
        """Nothing."""

    def due(self) -> bool:
        """Never."""
        return False

    def save(self, tensors: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        """Forget it."""


NOT_RESUMABLE = NotResumable()


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
        graph: the graph of the run; None outside of one.
        resumable: where a long call may leave its state now and then, and go on from.
        again: an earlier attempt at this run was cut off, and may have saved files already.
        send: sends an encoded picture and its MIME type to the client, as a result.
        tight: memory ran out when this was called first; work in smaller pieces if possible.
    """

    node_id: str
    folders: Folders
    metadata: Mapping[str, Any]
    report: Callable[[float, float, MakePreview | None], None]
    check: Callable[[], None]
    graph: GraphView | None = None
    resumable: Resumable = NOT_RESUMABLE
    again: bool = False
    tight: bool = False
    send: Callable[[bytes, str], None] = lambda picture, mime: None

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
        expand: nodes in API format that do the work instead of this node; ``values`` may then
            hold links ``[node id, slot]`` to them. Their inputs may hold any Python value.
    """

    values: tuple[Any, ...] = ()
    ui: Mapping[str, list[Any]] = field(default_factory=dict)
    expand: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Gathered:
    """In the result of an expansion: the items of several inner outputs, without the blocked.

    Attributes:
        links: ``[node id, slot]`` of each, in order.
        packed: give one ``Collected`` value instead of a list.
    """

    links: Sequence[Sequence[Any]]
    packed: bool = False


@dataclass(frozen=True)
class Collected:
    """Items as one value, which is passed on without looking at them again.

    Attributes:
        items: in order.
        nbytes: of all of them.
    """

    items: Sequence[Any]
    nbytes: int


#: What a node's check may say: True, or a text (or False) that says why not.
Verdict = bool | str
Inputs = Mapping[str, Any]


@dataclass(frozen=True)
class Node:
    """A spec with the callables that do the work.

    Attributes:
        spec: what the node is.
        call: does the work; its inputs by name.
        is_async: ``call`` gives an awaitable and runs on the event loop, outside the lanes.
        needs: names of the lazy inputs without which it cannot go on; inputs that have not
            been evaluated are None.
        fingerprint: from the constants, a JSON-like value that changes when the result may;
            NaN or an exception runs the node always.
        check: judges the constants (wired inputs are left out) and the types of the links.
    """

    spec: NodeSpec
    call: Callable[[Inputs, Context], Output | Awaitable[Output]]
    is_async: bool = False
    needs: Callable[[Inputs, Context], Iterable[str] | Awaitable[Iterable[str]]] | None = None
    fingerprint: Callable[[Inputs, Context], Any] | None = None
    check: Callable[[Inputs, Mapping[str, str]], Verdict | Awaitable[Verdict]] | None = None


def saved_image(path: Path, root: Path, kind: str) -> dict[str, str]:
    """The file reference of a picture under the output or temp folder, for ``ui``."""
    folder = path.parent.relative_to(root).as_posix()
    return {"filename": path.name, "subfolder": "" if folder == "." else folder, "type": kind}
