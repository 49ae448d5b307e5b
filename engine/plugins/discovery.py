"""Finding and loading nodes: the built-in ones and the packs in ``custom_nodes``.

Invariant: a pack that fails to load is reported and left out; it never stops the others, and
it never replaces a built-in node.
"""

import hashlib
import importlib
import importlib.util
import pkgutil
import runpy
import sys
import time
import tomllib
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from engine.errors import InvalidManifest, PathOutsideRoot
from engine.folders import inside

from .classes import Adapted, classes_of
from .lists import grown
from .manifest import Manifest, read_manifest
from .node import Node
from .typed import REGISTRY_ATTRIBUTE


@dataclass(frozen=True)
class Pack:
    """What became of one node pack.

    Attributes:
        name: of its file or folder.
        nodes: ids of the nodes it added.
        seconds: how long its import took.
        error: traceback if it failed, or if some of its nodes did.
        web: folder of the scripts that it adds to the canvas; empty if it has none.
        web_name: name under which they are served.
        asks: what its manifest asks for: why, by name of a capability, and the folders that it
            writes to; None if it says nothing of that.
        isolated: it runs in a process of its own, where what it does not ask for is refused.
        held: what holds it to that; empty for a pack in the shared worker, where nothing does.
        note: what the user should know although nothing failed.
    """

    name: str
    nodes: tuple[str, ...]
    seconds: float
    error: str = ""
    web: str = ""
    web_name: str = ""
    asks: Mapping[str, Any] | None = None
    isolated: bool = False
    held: str = ""
    note: str = ""


#: Loads a pack: its nodes, and the report on it.
Open = Callable[[Path], tuple[dict[str, Node], Pack]]


@dataclass(frozen=True)
class Catalogue:
    """All loaded nodes by id, and a report on every pack."""

    nodes: dict[str, Node]
    packs: tuple[Pack, ...]


def load(
    paths: Iterable[Path],
    before: Callable[[Mapping[str, Node]], None] | None = None,
    early: Mapping[Path, str] | None = None,
    after: Callable[[], None] = lambda: None,
    open: Open | None = None,
) -> Catalogue:
    """Load the built-in nodes, then packs.

    Args:
        paths: of packs, as :func:`packs_in` finds them.
        before: told the built-in nodes before any pack is imported.
        early: errors of what :func:`prestart` ran before.
        after: called when all packs are there.
        open: loads each pack; :func:`load_pack` if none is given.
    """
    open = open or load_pack
    nodes = dict(builtin_nodes())
    if before is not None:
        before(nodes)
    packs = []
    for path in paths:
        found, pack = open(path)
        errors = ((early or {}).get(path, ""), pack.error)
        packs.append(replace(pack, error="\n".join(error for error in errors if error)))
        for id, node in found.items():
            nodes.setdefault(id, node)  # whoever was told the nodes sees those of packs, too
    after()
    nodes.update(grown(nodes))
    return Catalogue(nodes, tuple(packs))


def prestart(paths: Iterable[Path]) -> dict[Path, str]:
    """Run the ``prestartup_script.py`` of packs, before torch is imported; errors by pack."""
    errors = {}
    for path in paths:
        script = path / "prestartup_script.py"
        if not script.is_file():
            continue
        try:
            runpy.run_path(str(script), run_name=f"custom_nodes.{path.stem}.prestartup_script")
        except Exception:
            errors[path] = f"Its prestartup_script.py failed:\n{traceback.format_exc()}"
    return errors


def packs_in(folders: Iterable[Path], only: Collection[str] | None = None) -> list[Path]:
    """The packs of some folders, of all names or some; a single file also without its ending."""
    found = [path for folder in folders for path in pack_paths(folder)]
    return [path for path in found if only is None or {path.name, path.stem} & set(only)]


def builtin_nodes() -> Iterator[tuple[str, Node]]:
    """The nodes of the package ``nodes``."""
    import nodes

    for info in pkgutil.iter_modules(nodes.__path__, "nodes."):
        yield from nodes_of(importlib.import_module(info.name)).items()


def nodes_of(module: ModuleType) -> dict[str, Node]:
    """The nodes that a module defines, by id."""
    return dict(getattr(module, REGISTRY_ATTRIBUTE, {}))


def pack_paths(folder: Path) -> list[Path]:
    """Single files and folders that are packs, sorted; ``*.disabled`` and hidden ones not."""
    if not folder.is_dir():
        return []
    entries = (p for p in sorted(folder.iterdir()) if not p.name.startswith((".", "_")))
    return [p for p in entries if p.suffix == ".py" or (p / "__init__.py").is_file()]


def load_pack(path: Path) -> tuple[dict[str, Node], Pack]:
    """Import one pack; its nodes, and the report on it."""
    began = time.perf_counter()
    try:
        found = _import(path)
    except Exception:
        seconds = time.perf_counter() - began
        return {}, Pack(path.stem, (), seconds, traceback.format_exc())
    seconds = time.perf_counter() - began
    nodes = _versioned(found.nodes, path)
    errors = [f"Node {id}:\n{text}" for id, text in found.errors.items()]
    web = name = ""
    try:
        web, name = _web_folder(path)
    except (OSError, ValueError, PathOutsideRoot) as problem:
        errors.append(f"Its scripts for the canvas are left out: {problem}")
    try:
        asks = asks_of(read_manifest(path))
    except InvalidManifest as problem:
        asks = None
        errors.append(str(problem))
    error = "\n".join(errors)
    return nodes, Pack(path.stem, tuple(nodes), seconds, error, web, name, asks)


def asks_of(manifest: Manifest) -> dict[str, Any] | None:
    """What a pack asks for, as plain data."""
    if not manifest.declared:
        return None
    return {**manifest.capabilities, "file-write": list(manifest.writes)}


def sources_of(path: Path) -> list[Path]:
    """The Python files of a pack."""
    if not path.is_dir():
        return [path]
    return sorted(f for f in path.rglob("*.py") if "__pycache__" not in f.parts)


def _versioned(nodes: Mapping[str, Node], path: Path) -> dict[str, Node]:
    """Nodes whose version tells all of their pack's code: any file of it may change a result."""
    code = hashlib.blake2b(digest_size=8)
    for file in sources_of(path):
        code.update(file.read_bytes())
    version = code.hexdigest()
    return {
        id: replace(node, spec=replace(node.spec, version=f"{node.spec.version}{version}"))
        for id, node in nodes.items()
    }


def reload_pack(path: Path) -> tuple[dict[str, Node], Pack]:
    """Import a pack anew, all of its modules; one that fails leaves the old ones in place."""
    name = f"custom_nodes.{path.stem}"
    old = {n: m for n, m in sys.modules.items() if n == name or n.startswith(f"{name}.")}
    for module in old:
        del sys.modules[module]
    importlib.invalidate_caches()
    found, pack = load_pack(path)
    if not found and pack.error:
        sys.modules.update(old)
    return found, pack


def _web_folder(path: Path) -> tuple[str, str]:
    """A pack's folder of scripts, and the name that its addresses have for it."""
    named = getattr(sys.modules[f"custom_nodes.{path.stem}"], "WEB_DIRECTORY", None)
    name = path.name
    if named is None and (path / "pyproject.toml").is_file():
        project = tomllib.loads((path / "pyproject.toml").read_text("utf-8"))
        named = project.get("tool", {}).get("comfy", {}).get("web")
        name = project.get("project", {}).get("name", name)
    if not isinstance(named, str) or not path.is_dir():
        return "", ""
    folder = inside(path, named)
    return (str(folder), name) if folder.is_dir() else ("", "")


def _import(path: Path) -> Adapted:
    """The nodes of a pack: typed functions of all its modules, classes that its first names."""
    name = f"custom_nodes.{path.stem}"
    file = path / "__init__.py" if path.is_dir() else path
    places = [str(path)] if path.is_dir() else None
    spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=places)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is no Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    inner = [m for n, m in list(sys.modules.items()) if n.startswith(f"{name}.")]
    typed = {id: node for m in (module, *inner) for id, node in nodes_of(m).items()}
    classes = classes_of(module)
    return Adapted({**classes.nodes, **typed}, classes.errors)
