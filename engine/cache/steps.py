"""Where long calls of nodes leave their state, so that a crash or an interrupt costs seconds.

A state is ``<signature>/<number of the call>.safetensors``: named tensors, with JSON around
them in the header. It is there only while its node runs, and after a run that did not end well.

Invariant: a file is complete or not there (written beside its place, synced, renamed); saving
never waits for the disk; a damaged file counts as not there; what is left behind stays
within a budget of bytes and a limit of age.
"""

import contextlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.graph.signature import Signature

if TYPE_CHECKING:
    from torch import Tensor

SUFFIX = ".safetensors"
PART = ".part"
#: Between two saves of one call.
INTERVAL_SECONDS = 3.0
BUDGET_BYTES = 1 << 30
KEPT_SECONDS = 7 * 24 * 3600.0
#: A half-written file that is older belongs to a process that died.
STALE_PART_SECONDS = 600.0

#: Tensors by name, and JSON-like data.
Saved = tuple[Mapping[str, "Tensor"], Mapping[str, Any]]


class StepStore:
    """Saved states below one folder, which several processes may share.

    Attributes:
        root: the folder.
        interval: seconds between two saves of one call.
        budget: bytes of all states; the oldest go first.
        kept: seconds after which a state goes.
        clock: for ``interval``.
        now: for ``kept``; the time that files are stamped with.
    """

    def __init__(
        self,
        root: Path,
        interval: float = INTERVAL_SECONDS,
        budget: int = BUDGET_BYTES,
        kept: float = KEPT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.root, self.interval, self.budget, self.kept = root, interval, budget, kept
        self.clock, self.now = clock, now
        #: Nodes of this process that have left states.
        self._left: set[Signature] = set()
        self._writer = ThreadPoolExecutor(1, "step-writer")
        self._writer.submit(self._tidy)

    def of(self, signature: Signature, number: int = 0) -> "Steps":
        """The state of one call of a node, counted from 0."""
        return Steps(self, signature, number)

    def end(self, signature: Signature) -> None:
        """A node ended well: the states of its calls are not needed any more."""
        if signature in self._left:
            self._left.discard(signature)
            self._writer.submit(shutil.rmtree, self.root / signature, ignore_errors=True)

    def flush(self) -> None:
        """Wait until everything is written and removed."""
        self._writer.submit(lambda: None).result()

    def clear(self) -> None:
        """Delete all states, also those of other processes."""
        self._writer.submit(shutil.rmtree, self.root, ignore_errors=True).result()

    def read(self, signature: Signature, number: int) -> Saved | None:
        """A state; None if it is not there or damaged."""
        path = self._path(signature, number)
        if not path.exists():
            return None
        self._left.add(signature)
        try:
            return _read(path)
        except Exception:  # whatever is wrong with the file, starting anew mends it
            with contextlib.suppress(OSError):
                path.unlink()
            return None

    def write(
        self, signature: Signature, number: int, tensors: Mapping[str, "Tensor"], text: str
    ) -> "Future[None]":
        """Write a state on the writer's thread."""
        self._left.add(signature)
        return self._writer.submit(self._write, self._path(signature, number), tensors, text)

    def _path(self, signature: Signature, number: int) -> Path:
        return self.root / signature / f"{number}{SUFFIX}"

    def _write(self, path: Path, tensors: Mapping[str, "Tensor"], text: str) -> None:
        from safetensors.torch import save_file

        part = path.with_name(uuid.uuid4().hex + PART)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            save_file(dict(tensors), part, metadata={"data": text})
            with part.open("rb+") as file:
                os.fsync(file.fileno())
            os.replace(part, path)
        except Exception:  # a full disk must not fail the run, only make it less safe
            with contextlib.suppress(OSError):
                part.unlink()
        self._tidy()

    def _tidy(self) -> None:
        """Remove what is too old, or too much."""
        room, now = self.budget, self.now()
        for written, size, path in sorted(self._scan(), reverse=True):
            room -= size
            limit = STALE_PART_SECONDS if path.suffix == PART else self.kept
            if room < 0 or now - written > limit:
                with contextlib.suppress(OSError):
                    path.unlink()
                    path.parent.rmdir()  # refused unless it is empty now

    def _scan(self) -> Iterator[tuple[float, int, Path]]:
        for path in self.root.glob("*/*"):
            with contextlib.suppress(OSError):  # another process may have removed it
                status = path.stat()
                yield status.st_mtime, status.st_size, path


class Steps:
    """The state of one call: what :class:`engine.plugins.node.Resumable` asks for."""

    __slots__ = ("_due", "_number", "_signature", "_store", "_writing")

    def __init__(self, store: StepStore, signature: Signature, number: int) -> None:
        self._store, self._signature, self._number = store, signature, number
        self._due: float | None = None
        self._writing: Future[None] | None = None

    def load(self) -> Saved | None:
        """The state that was saved last; its tensors are on the CPU."""
        return self._store.read(self._signature, self._number)

    def due(self) -> bool:
        """Whether to save now; the time starts when this is asked first."""
        now = self._store.clock()
        if self._due is None:
            self._due = now + self._store.interval
        return now >= self._due and (self._writing is None or self._writing.done())

    def save(self, tensors: Mapping[str, "Tensor"], data: Mapping[str, Any]) -> None:
        """Copy a state and have it written; left out while the one before is being written."""
        if self._writing is not None and not self._writing.done():
            return
        text = json.dumps(data)
        copies = {name: _copy(tensor) for name, tensor in tensors.items()}
        if sum(tensor.nbytes for tensor in copies.values()) <= self._store.budget:
            write = self._store.write
            self._writing = write(self._signature, self._number, copies, text)
        self._due = self._store.clock() + self._store.interval


def _read(path: Path) -> Saved:
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        data = json.loads((file.metadata() or {})["data"])
        # Clones, because what is read may be a view of the file.
        return {name: file.get_tensor(name).clone() for name in file.keys()}, data  # noqa: SIM118


def _copy(tensor: "Tensor") -> "Tensor":
    import torch

    return tensor.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
