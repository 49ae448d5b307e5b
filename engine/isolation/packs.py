"""Which packs are isolated, and their nodes as the worker calls them.

Invariant: nothing of an isolated pack is imported here; its specs are plain data that was checked.
"""

import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from engine.errors import InvalidManifest, PackLost, PathOutsideRoot
from engine.folders import Folders, inside
from engine.graph.spec import NodeSpec, from_json
from engine.plugins.discovery import Pack, asks_of, load_pack, reload_pack
from engine.plugins.manifest import WRITABLE, Manifest, read_manifest
from engine.plugins.node import Context, Inputs, Node, Output, Verdict
from engine.plugins.serving import SERVING

from .cell import Cell
from .environment import place_of, python_of
from .life import ROOT, Order
from .limits import usual_limit

#: Types of inputs whose values cannot cross.
STAYING = frozenset(
    {
        *("MODEL", "CLIP", "VAE", "CONTROL_NET", "CLIP_VISION", "STYLE_MODEL", "GLIGEN"),
        *("UPSCALE_MODEL", "HOOKS", "GUIDER", "SAMPLER", "NOISE"),
    }
)
#: For hooks that know no run; the process has folders of its own.
_NOWHERE = Folders(Path(), Path(), Path(), Path())
#: What a pack without a manifest may write to when the user isolates it.
USUAL_WRITES = ("output", "temp")


def _told(event: str, data: Mapping[str, Any], client: str | None) -> None:
    SERVING.send(event, data, client)


@dataclass
class Isolation:
    """Loads packs, some of them in processes of their own.

    Attributes:
        folders: for their nodes.
        forced: names of packs that are isolated even if they do not ask for it.
        memory: bytes that a process may take if the pack does not say; None: half of all there is.
        device: where they compute.
        cells: by name of the pack.
    """

    folders: Folders
    forced: frozenset[str] = frozenset()
    memory: int | None = None
    device: str = "auto"
    cells: dict[str, Cell] = field(default_factory=dict)

    def takes(self, path: Path) -> bool:
        """Whether a pack is isolated, as also one is whose manifest cannot be read."""
        if self.forced & {path.name, path.stem}:
            return True
        try:
            return read_manifest(path).isolate
        except InvalidManifest:
            return True

    def others(self, paths: Iterable[Path]) -> list[Path]:
        """The packs that are not."""
        return [path for path in paths if not self.takes(path)]

    def open(self, path: Path) -> tuple[dict[str, Node], Pack]:
        """Load a pack, as :func:`engine.plugins.discovery.load_pack` does."""
        return self._open(path) if self.takes(path) else load_pack(path)

    def reopen(self, path: Path) -> tuple[dict[str, Node], Pack]:
        """Load a pack anew; one that fails leaves the old one in place."""
        old = self.cells.get(path.stem)
        if not self.takes(path):
            self.cells.pop(path.stem, None)
            found, pack = reload_pack(path)
        else:
            found, pack = self._open(path)
        if old is not None and (found or not pack.error):
            old.retire()
        return found, pack

    def _open(self, path: Path) -> tuple[dict[str, Node], Pack]:
        began = time.perf_counter()
        asks = None
        try:
            manifest = read_manifest(path)
            asks = asks_of(manifest)
            cell = Cell(self._order(path, manifest), _told)
            nodes, pack = _read(path, cell, cell.start())
        except (InvalidManifest, PackLost) as error:
            seconds = time.perf_counter() - began
            return {}, Pack(path.stem, (), seconds, str(error), asks=asks, isolated=True)
        if nodes or not pack.error:
            self.cells[path.stem] = cell
        else:
            cell.retire()
        return nodes, replace(pack, seconds=time.perf_counter() - began, asks=asks)

    def _order(self, path: Path, manifest: Manifest) -> Order:
        memory = manifest.memory or (usual_limit() if self.memory is None else self.memory)
        scratch = self.folders.temp.absolute() / "packs" / path.stem
        settings = {
            "pack": str(path),
            "folders": self.folders.json(),
            "device": self.device,
            "memory": memory,
            "allowed": list(manifest.capabilities),
            "writable": [str(scratch), *map(str, self._writable(manifest))],
        }
        python = python_of(self.folders, path.stem, manifest.requirements) or sys.executable
        return Order(path, settings, python, memory, scratch)

    def _writable(self, manifest: Manifest) -> Iterable[Path]:
        """The folders that a pack may write to.

        Raises:
            InvalidManifest: it asks for one that nobody but the user may change.
        """
        for name in manifest.writes if manifest.declared else USUAL_WRITES:
            if name == "models":
                yield from (path for paths in self.folders.models.values() for path in paths)
            elif name in WRITABLE:
                yield self.folders.root(name)
            else:
                yield self._elsewhere(Path(name).expanduser().resolve())

    def _elsewhere(self, path: Path) -> Path:
        packs = [folder.resolve() for folder in self.folders.custom_nodes]
        for kept in (
            self.folders.user.resolve(),
            place_of(self.folders, "").resolve(),
            ROOT,
            *packs,
        ):
            if path == kept or path in kept.parents or kept in path.parents:
                raise InvalidManifest(
                    f"file-write asks for {path}, but nobody but you may change {kept}."
                )
        return path

    def close(self) -> None:
        """End all processes."""
        for cell in self.cells.values():
            cell.retire()


def _read(path: Path, cell: Cell, loaded: Mapping[str, Any]) -> tuple[dict[str, Node], Pack]:
    """What a process says of its pack, checked.

    Raises:
        PackLost: it cannot be understood.
    """
    try:
        nodes = [_node(cell, data) for data in loaded["nodes"]]
        pack = _pack(path, loaded["pack"], nodes)
    except (KeyError, TypeError, ValueError, AttributeError, PathOutsideRoot) as problem:
        cell.retire()
        raise PackLost(f"The process of the node pack describes it wrongly: {problem!r}.") from None
    return {node.spec.id: node for node in nodes}, pack


def _pack(path: Path, told: Mapping[str, Any], nodes: list[Node]) -> Pack:
    web = str(told["web"])
    if web:
        web = str(inside(path, str(Path(web).relative_to(path))))
    return Pack(
        path.stem,
        tuple(node.spec.id for node in nodes),
        0.0,
        str(told["error"]),
        web,
        str(told["web_name"]),
        isolated=True,
        held=_held(told["held"]),
        note=" ".join(_notes(nodes, bool(told["routes"]))),
    )


def _held(kernel: Any) -> str:
    """What keeps a pack to what it asked for."""
    known = [name for name in ("landlock", "seccomp") if name in kernel]
    return ", ".join(["Python's audit hooks", *known])


def _notes(nodes: list[Node], has_routes: bool) -> Iterable[str]:
    if has_routes:
        yield "Its HTTP routes are not served while it is isolated."
    for spec in (node.spec for node in nodes):
        inputs = [("input", i.name, i.type) for i in spec.inputs if i.section != "hidden"]
        ends = [*inputs, *(("output", o.name, o.type) for o in spec.outputs)]
        for way, name, type in [end for end in ends if end[2] in STAYING][:1]:
            yield f"{spec.display_name} cannot be isolated: its {way} {name} is a {type}."


def _node(cell: Cell, data: Mapping[str, Any]) -> Node:
    spec = from_json(data["spec"])
    if data["is_async"]:  # it waits for something; here a thread waits for it
        spec = replace(spec, lane="host")

    def call(inputs: Inputs, ctx: Context) -> Output:
        made = cell.call("call", spec, inputs, ctx)
        match made:
            case [dict(ui), None | dict() as expand, *values] if all(map(_is_list, ui.values())):
                return Output(tuple(values), ui, expand)
        raise PackLost(f"{spec.display_name} of '{cell.order.name}' gave what cannot be read.")

    return Node(
        spec,
        call,
        needs=partial(cell.call, "needs", spec) if data["needs"] else None,
        fingerprint=partial(cell.call, "fingerprint", spec) if data["fingerprint"] else None,
        check=partial(_check, cell, spec) if data["check"] else None,
    )


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _check(cell: Cell, spec: NodeSpec, inputs: Inputs, types: Mapping[str, str]) -> Verdict:
    alone = Context("", _NOWHERE, {}, lambda *report: None, lambda: None)
    verdict = cell.call("check", spec, inputs, alone, types=dict(types))
    return verdict if isinstance(verdict, bool | str) else str(verdict)
