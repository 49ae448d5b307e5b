"""The files that a node showed.

Invariant: only references into the input, output and temp folders count; whatever else a node
shows is passed over.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from engine.errors import PathOutsideRoot
from engine.folders import Folders, inside


def shown_files(ui: Mapping[str, list[Any]], folders: Folders) -> Iterator[Path]:
    """Paths of the file references in what a node showed."""
    for item in (item for items in ui.values() for item in items):
        if isinstance(item, Mapping) and {"filename", "type"} <= item.keys():
            try:
                folder = inside(folders.root(item["type"]), item.get("subfolder", ""))
                yield inside(folder, item["filename"])
            except PathOutsideRoot:
                continue
