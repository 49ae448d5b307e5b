"""More model folders from ``extra_model_paths.yaml`` files.

Invariant: files only add folders; nothing outside the named paths becomes reachable.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.errors import InvalidFolderConfig
from engine.folders import ALIASES, Folders


def with_extra_paths(folders: Folders, files: Iterable[Path]) -> Folders:
    """The folders, with those that the YAML files name.

    Raises:
        InvalidFolderConfig: a file is missing or is no mapping of sections.
    """
    for file in files:
        for section in _sections(file):
            folders = _add(folders, section, file.parent)
    return folders


def _sections(file: Path) -> list[Mapping[str, Any]]:
    import yaml

    try:
        data = yaml.safe_load(file.read_text("utf-8")) or {}
    except (OSError, yaml.YAMLError) as error:
        raise InvalidFolderConfig(f"{file} cannot be read: {error}") from error
    if not isinstance(data, Mapping):
        raise InvalidFolderConfig(f"{file} must hold sections, each a mapping of folder names.")
    return [section for section in data.values() if isinstance(section, Mapping)]


def _add(folders: Folders, section: Mapping[str, Any], here: Path) -> Folders:
    base = _expand(section.get("base_path", ""), here)
    first = bool(section.get("is_default", False))
    models, packs = dict(folders.models), folders.custom_nodes
    for name, text in section.items():
        if name in ("base_path", "is_default") or not isinstance(text, str):
            continue
        paths = tuple(_expand(line, base) for line in text.splitlines() if line.strip())
        if name == "custom_nodes":
            packs = (*packs, *paths)
            continue
        kind = ALIASES.get(name, name)
        known = models.get(kind, ())
        models[kind] = (*paths, *known) if first else (*known, *paths)
    return replace(folders, models=models, custom_nodes=packs)


def _expand(text: str, base: Path) -> Path:
    path = Path(os.path.expandvars(os.path.expanduser(text.strip())))
    return path if path.is_absolute() else (base / path).resolve()
