"""The tier on disk: results that survive a restart, shared by all processes of a user folder.

Files are ``<first two letters>/<signature>-<milliseconds>.safetensors``: the name tells what
it is and what it would cost to compute again, so that looking reads no file. A folder whose
time of change is the same as before is not looked into again, so that learning what other
processes wrote takes a few hundred looks at most, however much there is.

Invariant: a file is complete or not there (written beside its place, synced, renamed); a
damaged or foreign file counts as not there, and so does one that another process deleted. All
files together stay within the budget, up to what other processes write at the same moment:
each looks before it writes, and makes room for all.
"""

import contextlib
import os
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from engine.graph.signature import Signature

from .codec import NotStorable, decode, encode
from .entry import Entry
from .greedydual import GreedyDual

SUFFIX = ".safetensors"
PART = ".part"
#: A half-written file that is older belongs to a process that died.
STALE_PART_SECONDS = 600.0
BLOCK_BYTES = 4096
#: File systems count time in steps: what changed so lately may change again unnoticed.
SETTLED_NS = 100_000_000


class DiskTier:
    """Results in files below one folder; safe to use from several threads and processes.

    Attributes:
        root: the folder.
        hits: results that were read.
    """

    def __init__(self, root: Path, budget: int) -> None:
        """Look at what is in ``root`` and keep it within ``budget`` bytes."""
        self.root = root
        self.hits = 0
        self._room: GreedyDual[Signature] = GreedyDual(budget)
        self._paths: dict[Signature, Path] = {}
        self._folders: dict[str, tuple[int, set[Signature]]] = {}  # time of change, what was there
        self._lock = threading.RLock()
        self.refresh()
        self._make_room()

    @property
    def used(self) -> int:
        """Bytes of all files that are known."""
        return self._room.used

    def __len__(self) -> int:
        return len(self._paths)

    def __contains__(self, signature: Signature) -> bool:
        return signature in self._paths

    def refresh(self) -> None:
        """Take in what other processes wrote and deleted."""
        with self._lock:
            found = [each for folder in self._changed() for each in self._look(folder)]
            for path, size, _ in sorted(found, key=lambda each: each[2]):
                self._admit(path, size)

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
        self.hits += 1
        return entry

    def put(self, signature: Signature, entry: Entry) -> bool:
        """Write a result; whether it has a file form and there was room."""
        if signature in self._paths:
            return True
        try:
            self._write(signature, entry)
            self.refresh()  # which finds this file too, and what others wrote meanwhile
        except (NotStorable, OSError):  # a full disk must not fail the run
            return False
        self._make_room()
        return signature in self._paths

    def discard(self, signature: Signature) -> None:
        """Delete one result."""
        path = self._forget(signature)
        if path is not None:
            with contextlib.suppress(OSError):
                path.unlink()

    def clear(self) -> None:
        """Delete everything, also what other processes wrote."""
        self.refresh()
        for signature in list(self._paths):
            self.discard(signature)

    def report(self) -> dict[str, int]:
        """How much is there."""
        budget = self._room.budget
        return {"entries": len(self), "bytes": self.used, "budget": budget, "hits": self.hits}

    def _write(self, signature: Signature, entry: Entry) -> None:
        """Write a file, unless it is larger than all there may be."""
        from safetensors.torch import save_file

        tensors, text = encode(entry)
        if sum(tensor.nbytes for tensor in tensors.values()) > self._room.budget:
            return
        folder = self.root / signature[:2]
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f"{uuid.uuid4().hex}{PART}"
        path = folder / f"{signature}-{int(entry.seconds * 1000)}{SUFFIX}"
        try:
            save_file(tensors, part, metadata={"entry": text})
            _sync(part)
            os.replace(part, path)
        except Exception as error:
            part.unlink(missing_ok=True)
            raise OSError(str(error)) from error

    def _changed(self) -> Iterator[Path]:
        """Folders whose content may be another than when they were last looked into."""
        if not self.root.is_dir():
            return
        with os.scandir(self.root) as folders:
            for folder in folders:
                if len(folder.name) == 2 and folder.is_dir():
                    changed = folder.stat().st_mtime_ns
                    before = self._folders.get(folder.name, (0, set()))
                    if changed != before[0]:
                        is_settled = time.time_ns() - changed > SETTLED_NS
                        self._folders[folder.name] = (changed if is_settled else 0, before[1])
                        yield Path(folder.path)

    def _look(self, folder: Path) -> list[tuple[Path, int, float]]:
        """New files of a folder with size and time of last use; forgets those that are gone."""
        changed, before = self._folders[folder.name]
        there = {_name(path): path for path in _scan(folder)}
        for gone in before - there.keys():
            self._forget(gone)
        self._folders[folder.name] = (changed, set(there))
        found = []
        for path in (path for name, path in there.items() if name not in self._paths):
            with contextlib.suppress(FileNotFoundError):
                status = path.stat()
                found.append((path, _in_blocks(status.st_size), status.st_mtime))
        return found

    def _admit(self, path: Path, size: int) -> None:
        signature = _name(path)
        with self._lock:
            self._paths[signature] = path
            self._room.put(signature, size, _cost(path))

    def _make_room(self) -> None:
        with self._lock:
            gone = [self._paths.pop(key) for key in self._room.evict()]
        for old in gone:
            with contextlib.suppress(OSError):
                old.unlink()

    def _forget(self, signature: Signature) -> Path | None:
        with self._lock:
            self._room.remove(signature)
            return self._paths.pop(signature, None)


def _scan(folder: Path) -> Iterator[Path]:
    """Files of results; leftovers of a crash and second copies are removed."""
    names = set()
    for path in sorted(folder.iterdir()):
        is_result = path.suffix == SUFFIX and path.stem.rpartition("-")[2].isdigit()
        with contextlib.suppress(OSError):
            stale = path.suffix == PART and time.time() - path.stat().st_mtime > STALE_PART_SECONDS
            if stale or (is_result and _name(path) in names):
                path.unlink()
            elif is_result:
                names.add(_name(path))
                yield path


def _in_blocks(size: int) -> int:
    """What a file takes on disk: whole blocks, so that many small ones count too."""
    return -(-size // BLOCK_BYTES) * BLOCK_BYTES


def _name(path: Path) -> Signature:
    return Signature(path.stem.rpartition("-")[0])


def _cost(path: Path) -> float:
    return int(path.stem.rpartition("-")[2]) / 1000


def _read(path: Path) -> Entry:
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        text = (file.metadata() or {})["entry"]
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    return decode(tensors, text)


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
