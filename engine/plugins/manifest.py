"""What a node pack says of itself in ``[tool.latentloom]`` of its ``pyproject.toml``.

That file and no other: packs have it already, for their registry and their requirements.

Invariant: reading runs nothing of the pack; what is not understood is an error that names the key,
never a wider permission.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.errors import InvalidManifest

#: What a pack can ask for besides folders to write to, and what the user reads.
CAPABILITIES: Mapping[str, str] = {
    "network": "reach the network",
    "subprocess": "start other programs",
    "exec": "load code that is not Python's, through ctypes",
}
#: Folders of the installation that a pack can ask to write to.
WRITABLE = ("output", "input", "temp", "models")
_KEYS = {"isolate", "requirements", "memory", "capabilities"}
_UNITS = {"MB": 1 << 20, "GB": 1 << 30}


@dataclass(frozen=True)
class Manifest:
    """What a pack asks for.

    Attributes:
        isolate: to run in a process of its own.
        requirements: packages that it needs there, as pip takes them.
        memory: bytes that its process may take; None leaves it to the user.
        capabilities: per name, why; empty if it does not say.
        writes: folders that it writes to: names of :data:`WRITABLE`, or absolute paths.
        declared: whether it says anything of capabilities at all.
    """

    isolate: bool = False
    requirements: tuple[str, ...] = ()
    memory: int | None = None
    capabilities: Mapping[str, str] = field(default_factory=dict)
    writes: tuple[str, ...] = ()
    declared: bool = False


def read_manifest(pack: Path) -> Manifest:
    """The manifest of a pack; an empty one if there is none.

    Raises:
        InvalidManifest: it cannot be understood; the text names the key.
    """
    file = pack / "pyproject.toml"
    if not file.is_file():
        return Manifest()
    try:
        data = tomllib.loads(file.read_text("utf-8")).get("tool", {}).get("latentloom", {})
    except (OSError, ValueError, AttributeError) as problem:
        raise InvalidManifest(f"{file} cannot be read: {problem}.") from problem
    return _manifest(data, f"[tool.latentloom] of {file}")


def _manifest(data: Any, where: str) -> Manifest:
    given = _table(data, where, _KEYS)
    asked = given.get("capabilities")
    table = _table(asked or {}, f"capabilities in {where}", {*CAPABILITIES, "file-write"})
    return Manifest(
        isolate=_flag(given.get("isolate", False), f"isolate in {where}"),
        requirements=_texts(given.get("requirements", []), f"requirements in {where}"),
        memory=_bytes(given.get("memory"), f"memory in {where}"),
        capabilities=_capabilities(table, where),
        writes=_folders(table.get("file-write", []), f"file-write in {where}"),
        declared=asked is not None,
    )


def _table(value: Any, where: str, keys: set[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InvalidManifest(f"{where} must be a table.")
    if unknown := sorted(value.keys() - keys):
        known = ", ".join(sorted(keys))
        raise InvalidManifest(
            f"{where} has '{unknown[0]}', which means nothing; it may have: {known}."
        )
    return value


def _flag(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise InvalidManifest(f"{where} is {value!r}; write true or false.")
    return value


def _texts(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InvalidManifest(f"{where} must be a list of texts.")
    return tuple(value)


def _bytes(value: Any, where: str) -> int | None:
    if value is None:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?(MB|GB)", value) if isinstance(value, str) else None
    if found is None:
        raise InvalidManifest(f"{where} is {value!r}; write a size such as '500 MB' or '8 GB'.")
    return int(float(found[1]) * _UNITS[found[2]])


def _capabilities(table: Mapping[str, Any], where: str) -> dict[str, str]:
    found = {}
    for name in CAPABILITIES.keys() & table.keys():
        why = table[name]
        if not isinstance(why, bool | str):
            raise InvalidManifest(f"{name} in {where} is {why!r}; write true, false, or why.")
        if why:
            found[name] = "" if why is True else why
    return dict(sorted(found.items()))


def _folders(value: Any, where: str) -> tuple[str, ...]:
    for name in (texts := _texts(value, where)):
        if name not in WRITABLE and not Path(name).expanduser().is_absolute():
            known = ", ".join(WRITABLE)
            raise InvalidManifest(f"{where} names '{name}'; use {known}, or an absolute path.")
    return texts
