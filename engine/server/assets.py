"""Keeps the assets true to the folders, and hashes them when somebody wants that.

Invariant: whoever asks sees the folders as they were at most :data:`FRESH_SECONDS` ago; files are
looked at and hashed on threads, so nobody waits for a disk who did not ask.
"""

import asyncio
import mimetypes
import os
import time
from collections.abc import Iterator
from pathlib import Path

from engine.folders import Folders
from engine.store import assets
from engine.store.assets import Asset, Found
from engine.store.database import Database

FRESH_SECONDS = 2.0
#: Model folders that hold no weights.
_NO_MODELS = ("configs", "custom_nodes")
PREFIX = "blake3:"


class Assets:
    """The assets of an installation.

    Attributes:
        seeding: hashes what is not hashed; None if nobody asked for it yet.
        progress: of that: how many are done, of how many, and what was wrong.
    """

    def __init__(self, database: Database, folders: Folders) -> None:
        self.database, self.folders = database, folders
        self.seeding: asyncio.Task[None] | None = None
        self.progress: dict[str, object] = {"done": 0, "total": 0, "errors": []}
        self._seen: list[Found] | None = None
        self._looked = float("-inf")
        self._looking = asyncio.Lock()

    async def refresh(self, always: bool = False) -> None:
        """Look at the folders, unless that was done a moment ago."""
        async with self._looking:
            if not always and time.monotonic() - self._looked < FRESH_SECONDS:
                return
            found = await asyncio.to_thread(lambda: list(look(self.folders)))
            if always or found != self._seen:  # mostly nothing has changed
                await self.database.run(assets.sync, found)
            self._seen, self._looked = found, time.monotonic()

    async def hashed(self, asset: Asset) -> Asset:
        """The asset with its hash, which is computed if it is not known.

        Raises:
            OSError: the file cannot be read.
        """
        if asset.hash is not None:
            return asset
        found = await asyncio.to_thread(hash_of, Path(asset.path))
        await self.database.run(assets.set_hash, asset, found)
        return await self.database.run(assets.get, asset.id) or asset

    async def content(self, hash: str) -> Path | None:
        """A file with this content, if one is known."""
        known = await self.database.run(assets.with_hash, hash)
        return next((path for a in known if (path := Path(a.path)).is_file()), None)

    def seed(self) -> bool:
        """Begin to look at all files and hash them; False if that goes on already."""
        if self.seeding is not None and not self.seeding.done():
            return False
        self.progress = {"done": 0, "total": 0, "errors": []}
        self.seeding = asyncio.create_task(self._seed())
        return True

    async def _seed(self) -> None:
        await self.refresh(always=True)
        waiting = await self.database.run(assets.unhashed)
        errors: list[str] = []
        for number, asset in enumerate(waiting):
            self.progress = {"done": number, "total": len(waiting), "errors": errors}
            try:
                await self.hashed(asset)
            except OSError as error:
                errors.append(f"{asset.name}: {error.strerror or error}")
        self.progress = {"done": len(waiting), "total": len(waiting), "errors": errors}

    def state(self) -> str:
        """What became of the seeding: ``idle``, ``running``, ``cancelled`` or ``completed``."""
        if self.seeding is None:
            return "idle"
        if not self.seeding.done():
            return "running"
        return "cancelled" if self.seeding.cancelled() else "completed"


def look(folders: Folders) -> Iterator[Found]:
    """All files that are assets, each once."""
    seen: set[str] = set()
    for root, kind, given in _bases(folders):
        base = Path(os.path.realpath(given))
        for path in _files(base, folders, kind):
            text = str(path)
            if text not in seen and (found := found_at(path, root, kind, base)) is not None:
                seen.add(text)
                yield found


def found_at(path: Path, root: str, kind: str, base: Path) -> Found | None:
    """What there is to know of a file; None if it is gone."""
    try:
        status = path.stat()
    except OSError:
        return None
    mime = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    name = path.relative_to(base).as_posix()
    return Found(str(path), root, kind, name, status.st_size, status.st_mtime_ns, mime)


def _bases(folders: Folders) -> Iterator[tuple[str, str, Path]]:
    yield "input", "", folders.input
    yield "output", "", folders.output
    for kind, roots in folders.models.items():
        if kind not in _NO_MODELS:
            yield from (("models", kind, root) for root in roots)


def _files(base: Path, folders: Folders, kind: str) -> Iterator[Path]:
    if kind:
        yield from (path for name in folders.list(kind) if (path := base / name).is_file())
        return
    for folder, inner, names in os.walk(base):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        yield from (Path(folder, name) for name in sorted(names) if not name.startswith("."))


def hash_of(path: Path) -> str:
    """BLAKE3 of a file's content, as ``blake3:`` and 64 hexadecimal digits."""
    from blake3 import blake3  # imported late: few ask for it

    return PREFIX + str(blake3(max_threads=blake3.AUTO).update_mmap(path).hexdigest())
