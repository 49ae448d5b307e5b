"""The tier on disk: results that survive a restart.

Files are ``<first two letters>/<signature>-<milliseconds>.safetensors``: the name tells what
it is and what it would cost to compute again, so that starting reads no file.

Invariant: a file is complete or not there (written beside its place, synced, renamed); the
files together stay within the budget; a damaged or foreign file counts as not there.
"""

import contextlib
import os
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

from engine.graph.signature import Signature

from .codec import NotStorable, decode, encode
from .greedydual import GreedyDual
from .memory import Entry

SUFFIX = ".safetensors"


class DiskTier:
    """Results in files below one folder; safe to use from several threads."""

    def __init__(self, root: Path, budget: int) -> None:
        """Look at what earlier runs left in ``root`` and keep it within ``budget`` bytes."""
        self.root = root
        self._room: GreedyDual[Signature] = GreedyDual(budget)
        self._paths: dict[Signature, Path] = {}
        self._lock = threading.RLock()
        for path, size, _ in sorted(_scan(root), key=lambda found: found[2]):
            self._admit(path, size)

    @property
    def used(self) -> int:
        """Bytes of all files."""
        return self._room.used

    def __len__(self) -> int:
        return len(self._paths)

    def __contains__(self, signature: Signature) -> bool:
        return signature in self._paths

    def get(self, signature: Signature) -> Entry | None:
        """Read a result; None if it is not there or damaged."""
        with self._lock:
            path = self._paths.get(signature)
            if path is None:
                return None
            self._room.use(signature)
        try:
            entry = _read(path)
            os.utime(path)
        except Exception:  # whatever is wrong with the file, computing again mends it
            self.discard(signature)
            return None
        return entry

    def put(self, signature: Signature, entry: Entry) -> bool:
        """Write a result; whether it has a file form and there was room."""
        from safetensors.torch import save_file

        if signature in self._paths:
            return True
        try:
            tensors, text = encode(entry)
        except NotStorable:
            return False
        if sum(tensor.nbytes for tensor in tensors.values()) > self._room.budget:
            return False
        folder = self.root / signature[:2]
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f"{uuid.uuid4().hex}.part"
        path = folder / f"{signature}-{int(entry.seconds * 1000)}{SUFFIX}"
        try:
            save_file(tensors, part, metadata={"entry": text})
            _sync(part)
            os.replace(part, path)
        except OSError:  # a full disk must not fail the run
            part.unlink(missing_ok=True)
            return False
        return self._admit(path, path.stat().st_size)

    def discard(self, signature: Signature) -> None:
        """Delete one result."""
        with self._lock:
            self._room.remove(signature)
            path = self._paths.pop(signature, None)
        if path is not None:
            path.unlink(missing_ok=True)

    def clear(self) -> None:
        """Delete everything."""
        for signature in list(self._paths):
            self.discard(signature)

    def report(self) -> dict[str, int]:
        """How much is there."""
        return {"entries": len(self), "bytes": self.used, "budget": self._room.budget}

    def _admit(self, path: Path, size: int) -> bool:
        name, _, cost = path.stem.rpartition("-")
        signature = Signature(name)
        with self._lock:
            self._paths[signature] = path
            evicted = self._room.add(signature, size, int(cost) / 1000)
            gone = [self._paths.pop(key) for key in evicted]
        for old in gone:
            old.unlink(missing_ok=True)
        return signature in self._paths


def _scan(root: Path) -> Iterator[tuple[Path, int, float]]:
    """Files of results with size and time of last use; leftovers of a crash are removed."""
    for path in root.glob("*/*"):
        if path.suffix == ".part":
            path.unlink(missing_ok=True)
        elif path.suffix == SUFFIX and path.stem.rpartition("-")[2].isdigit():
            with contextlib.suppress(FileNotFoundError):
                status = path.stat()
                yield path, status.st_size, status.st_mtime


def _read(path: Path) -> Entry:
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        text = (file.metadata() or {})["entry"]
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    return decode(tensors, text)


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
