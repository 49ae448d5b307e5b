"""What packs need of other programs, read from their source without running it.

Invariant: static; a name that is made up while running is not seen.
"""

import ast
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .finder import OFFERED, ROOTS
from .missing import Missing

#: The level of compatibility that each module belongs to; others are of the third.
LEVELS = {
    1: (
        "comfy_api.latest",
        "comfy_api.v0_0_1",
        "comfy_api.v0_0_2",
        "folder_paths",
        "comfy.utils",
        "comfy.model_management",
        "comfy.cli_args",
        "comfy.comfy_types",
        "comfy_execution",
        "execution",
        "node_helpers",
    ),
    2: ("nodes", "server", "comfy.samplers", "comfy.sample", "comfy.sd", "latent_preview"),
}


@dataclass(frozen=True)
class Need:
    """One name that a pack uses.

    Attributes:
        name: with its module.
        level: 1 to 3.
        is_there: whether we have it.
    """

    name: str
    level: int
    is_there: bool


def needs_of(pack: Path) -> list[Need]:
    """The names that a pack (a file or folder) uses, sorted."""
    files = [pack] if pack.is_file() else sorted(pack.rglob("*.py"))
    names = {name for file in files for name in _names(file)}
    return [Need(name, level_of(name), is_there(name)) for name in sorted(names)]


def level_of(name: str) -> int:
    """The level of compatibility that a name belongs to."""
    for level, modules in LEVELS.items():
        if any(name == m or name.startswith(f"{m}.") for m in modules):
            return level
    return 3


def is_there(name: str) -> bool:
    """Whether a name leads to something."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        module = ".".join(parts[:cut])
        if module in OFFERED or (cut == 1 and module == "nodes"):
            found: Any = importlib.import_module(module)
            for part in parts[cut:]:
                found = getattr(found, part, None)
            return found is not None and not isinstance(found, Missing)
    return False


def _names(file: Path) -> Iterator[str]:
    try:
        tree = ast.parse(file.read_text("utf-8", "replace"))
    except (SyntaxError, ValueError):
        return
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            known |= {a.asname or a.name.partition(".")[0]: _bound(a) for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                known[alias.asname or alias.name] = full
                if _is_theirs(full) and full not in OFFERED:
                    yield full
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and (dotted := _dotted(node, known)):
            yield dotted


def _bound(alias: ast.alias) -> str:
    """What an import binds: the whole module under a name of its own, else its first part."""
    return alias.name if alias.asname else alias.name.partition(".")[0]


def _dotted(node: ast.Attribute, known: dict[str, str]) -> str | None:
    """``module.symbol`` of an attribute of theirs, without what follows the symbol."""
    parts: list[str] = []
    inner: ast.expr = node
    while isinstance(inner, ast.Attribute):
        parts.append(inner.attr)
        inner = inner.value
    if not isinstance(inner, ast.Name) or inner.id not in known:
        return None
    full = ".".join([known[inner.id], *reversed(parts)])
    if not _is_theirs(full) or any(m.startswith(f"{full}.") for m in OFFERED):
        return None  # the second: the way to a module, no name in it
    modules = [m for m in (*OFFERED, "nodes") if full.startswith(f"{m}.")]
    if modules:
        module = max(modules, key=len)
        symbol = full[len(module) + 1 :].partition(".")[0]
        return f"{module}.{symbol}"
    return full if known[inner.id] != full and "." in full else None


def _is_theirs(name: str) -> bool:
    return name.partition(".")[0] in ROOTS | {"nodes"}
