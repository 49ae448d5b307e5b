"""The node packs of a running worker, loaded anew one at a time.

Invariant: networks and results stay where they are; a node whose code changed has another
signature, so only its results and what depends on them go stale. A pack that fails to load leaves
what it was in place, and a node that is gone stays callable for the jobs that have begun.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from engine.errors import InvalidInput
from engine.folders import Folders
from engine.plugins.discovery import Catalogue, Open, Pack, pack_paths, reload_pack, sources_of
from engine.plugins.lists import grown
from engine.plugins.node import Node

#: Changes when a file does: path, size and time of change of each.
Stamp = frozenset[tuple[str, int, int]]


@dataclass
class LivePacks:
    """What is loaded, and what of it has changed.

    Attributes:
        folders: where packs are.
        catalogue: what is loaded.
        use: told all callable nodes whenever they change.
        names: of the packs that may be loaded; None is all of them.
        after: called when a pack has been loaded.
        stamps: by pack, its files when it was looked at last.
        reopen: loads a pack anew.
    """

    folders: Folders
    catalogue: Catalogue
    use: Callable[[Mapping[str, Node]], None]
    names: tuple[str, ...] | None = None
    after: Callable[[], None] = lambda: None
    stamps: dict[str, Stamp] = field(default_factory=dict)
    reopen: Open = reload_pack

    def __post_init__(self) -> None:
        self.stamps = {path.stem: _stamp(path) for path in self._paths()}
        self._callable = dict(self.catalogue.nodes)
        self.use(self._callable)

    def _paths(self) -> Iterable[Path]:
        found = (p for folder in self.folders.custom_nodes for p in pack_paths(folder))
        return [p for p in found if self.names is None or {p.name, p.stem} & set(self.names)]

    def changed(self) -> list[str]:
        """The packs whose files have changed since they were looked at, and new ones."""
        now = {path.stem: _stamp(path) for path in self._paths()}
        found = [name for name, stamp in now.items() if self.stamps.get(name) != stamp]
        self.stamps = now
        return found

    def reload(self, name: str) -> Pack:
        """Load a pack anew, or for the first time.

        Raises:
            InvalidInput: there is no such pack.
        """
        path = next((p for p in self._paths() if name in (p.stem, p.name)), None)
        if path is None:
            known = ", ".join(sorted(p.stem for p in self._paths())) or "none"
            raise InvalidInput(f"There is no node pack '{name}'. Packs that are there: {known}.")
        found, pack = self.reopen(path)
        if pack.error and not found:
            old = next((p for p in self.catalogue.packs if p.name == pack.name), None)
            self._report(replace(pack, nodes=old.nodes if old else ()))
            return pack
        self._take(found, pack)
        return pack

    def _take(self, found: Mapping[str, Node], pack: Pack) -> None:
        before = {p.name: p.nodes for p in self.catalogue.packs}.get(pack.name, ())
        nodes = self.catalogue.nodes  # changed in place: others hold it
        for id in before:
            nodes.pop(id, None)
        for id, node in found.items():
            nodes.setdefault(id, node)
        self.after()
        nodes.update(grown(nodes))
        self._callable |= nodes
        self._report(pack)
        self.use(self._callable)

    def _report(self, pack: Pack) -> None:
        others = tuple(p for p in self.catalogue.packs if p.name != pack.name)
        self.catalogue = Catalogue(self.catalogue.nodes, (*others, pack))


def _stamp(path: Path) -> Stamp:
    found = set()
    manifest = [file for file in [path / "pyproject.toml"] if file.is_file()]
    for file in [*sources_of(path), *manifest]:
        status = file.stat()
        found.add((str(file), status.st_size, status.st_mtime_ns))
    return frozenset(found)
