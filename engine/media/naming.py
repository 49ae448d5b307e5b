"""Names of saved files: ``<prefix>_00001_.png``, numbered on.

Invariant: a file appears under its final name complete or not at all, never replaces another
file, and never lies outside of its root.
"""

import contextlib
import filecmp
import glob
import os
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from engine.folders import inside

#: An unfinished file that is so old belongs to nobody any more.
ABANDONED_SECONDS = 60.0
_UNFINISHED = re.compile(r"\.[0-9a-f]{32}\.\w+")


@dataclass(frozen=True)
class SaveName:
    """Where files of a prefix go.

    Attributes:
        folder: absolute, below the root.
        stem: of the file names, with ``%batch_num%`` still to be filled in.
    """

    folder: Path
    stem: str

    def path(self, number: int, batch_num: int = 0, suffix: str = ".png") -> Path:
        """The path of file ``number``."""
        stem = self.stem.replace("%batch_num%", str(batch_num))
        return self.folder / f"{stem}_{number:05}_{suffix}"

    def next_number(self) -> int:
        """One more than the largest number that files of this stem have."""
        start = os.path.normcase(self.stem) + "_"
        entries = list(os.scandir(self.folder))
        _sweep(entries)
        names = (os.path.normcase(entry.name) for entry in entries)
        digits = (n[len(start) :].partition("_")[0] for n in names if n.startswith(start))
        return 1 + max((int(d) for d in digits if d.isdecimal()), default=0)


def save_name(root: Path, prefix: str, width: int, height: int, now: datetime) -> SaveName:
    """Resolve a prefix such as ``cats/%year%-%month%/tabby`` and make its folder.

    Args:
        root: folder that nothing may leave.
        prefix: sub-folders and stem, with ``%width%``, ``%height%``, ``%year%``, ``%month%``,
            ``%day%``, ``%hour%``, ``%minute%`` and ``%second%``.
        width: of the picture, in pixels.
        height: of the picture, in pixels.
        now: for the variables of time.

    Raises:
        PathOutsideRoot: the prefix leads out of the root.
    """
    values = {"width": str(width), "height": str(height), "year": str(now.year)}
    units = ("month", "day", "hour", "minute", "second")
    values |= {unit: f"{getattr(now, unit):02}" for unit in units}
    for name, value in values.items():
        prefix = prefix.replace(f"%{name}%", value)
    subfolder, _, stem = prefix.replace("\\", "/").rpartition("/")
    inside(root, f"{subfolder}/{stem}" if subfolder else stem)
    folder = root / os.path.normpath(subfolder)
    folder.mkdir(parents=True, exist_ok=True)
    return SaveName(folder, stem)


def save_numbered(
    name: SaveName,
    write: Callable[[Path], None],
    batch_num: int = 0,
    suffix: str = ".png",
    used: set[Path] | None = None,
) -> Path:
    """Write a file under the next free number; returns its path.

    Args:
        name: where to.
        write: writes the whole file to the path it is given.
        batch_num: fills in ``%batch_num%``.
        suffix: of the file.
        used: for a run that is being made up for: a file of the same content that an earlier
            attempt saved is taken instead, unless it is in this set; the result is added.
    """
    unfinished = name.folder / f".{uuid.uuid4().hex}{suffix}"
    try:
        write(unfinished)
        if used is not None and (earlier := _equal(unfinished, name, suffix, used)) is not None:
            used.add(earlier)
            return earlier
        number = name.next_number()
        while not _claim(unfinished, path := name.path(number, batch_num, suffix)):
            number += 1
        return path
    finally:
        unfinished.unlink(missing_ok=True)


def _sweep(entries: list["os.DirEntry[str]"]) -> None:
    """Remove unfinished files of processes that were killed."""
    for entry in entries:
        if _UNFINISHED.fullmatch(entry.name):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - entry.stat().st_mtime > ABANDONED_SECONDS:
                    os.unlink(entry.path)


def _equal(unfinished: Path, name: SaveName, suffix: str, used: set[Path]) -> Path | None:
    """A file of this stem and content that is not used yet."""
    size, start = unfinished.stat().st_size, name.stem.partition("%batch_num%")[0]
    for path in sorted(name.folder.glob(f"{glob.escape(start)}*{suffix}")):
        same_size = path not in used and path.stat().st_size == size
        if same_size and filecmp.cmp(path, unfinished, shallow=False):
            return path
    return None


def _claim(unfinished: Path, path: Path) -> bool:
    """Give a finished file its name, unless somebody else has taken it meanwhile."""
    try:
        os.link(unfinished, path)
    except FileExistsError:
        return False
    except OSError:  # a file system without links: reserve the name, then replace it
        if not _reserve(path):
            return False
        os.replace(unfinished, path)
    return True


def _reserve(path: Path) -> bool:
    try:
        path.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
