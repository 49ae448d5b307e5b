"""What node packs bring besides nodes: scripts, texts, templates, subgraphs, help.

Invariant: nothing here runs code of a pack; files are read from its folder and never from
outside of it.
"""

import asyncio
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiohttp import web

from engine.errors import PathOutsideRoot
from engine.fast_json import loads_foreign
from engine.folders import IMAGE_SUFFIXES, Folders, inside
from engine.graph.help import help_page

from ..request import bad
from ..state import ServerState, state_of

#: Folders of a pack in which workflows are looked for.
TEMPLATE_FOLDERS = ("example_workflows", "example", "examples", "workflow", "workflows")
#: Files of a language, and where their texts go.
_TEXTS = {"nodeDefs": "nodeDefs.json", "commands": "commands.json", "settings": "settings.json"}


async def packs(request: web.Request) -> web.Response:
    """What became of each node pack: its nodes, its error, what it asks for, if it is isolated."""
    return web.json_response({"packs": [_report(p) for p in state_of(request).catalogue.packs]})


async def reload_pack(request: web.Request) -> web.Response:
    """Load a node pack anew; networks and results of other nodes stay."""
    name = request.match_info["pack"]
    answer = await state_of(request).dispatcher.questions.reload(name)
    if answer is None:
        raise web.HTTPServiceUnavailable(text="No worker is ready; try again in a moment.")
    if "refused" in answer:
        raise bad(answer["refused"], web.HTTPNotFound)
    return web.json_response(_report(answer))


def _report(pack: Mapping[str, Any]) -> dict[str, Any]:
    known = ("name", "nodes", "seconds", "error", "asks", "isolated", "held", "note")
    return {key: pack[key] for key in known}


async def extensions(request: web.Request) -> web.Response:
    """Addresses of the scripts that packs add to the canvas."""
    found = [
        f"/extensions/{quote(name)}/{quote(file.relative_to(root).as_posix())}"
        for name, root in _web_folders(state_of(request)).items()
        for file in sorted(root.rglob("*.js"))
    ]
    return web.json_response(found)


async def extension_file(request: web.Request) -> web.StreamResponse:
    """A file of a pack's scripts."""
    state, pack = state_of(request), request.match_info["pack"]
    # What scripts import from the page itself lies beside the packs' files.
    own = state.config.web_root / "extensions" / "core" if pack == "core" else None
    return _served(_web_folders(state).get(pack, own), request.match_info["file"])


def _web_folders(state: ServerState) -> Mapping[str, Path]:
    """Per pack that has scripts, the folder that they are in."""
    packs = state.catalogue.packs
    return {p["web_name"]: Path(p["web"]) for p in packs if p.get("web")}


async def translations(request: web.Request) -> web.Response:
    """Texts of packs in other languages: per language what its files in ``locales/`` hold."""
    loop = asyncio.get_running_loop()
    folders = state_of(request).config.folders
    return web.json_response(await loop.run_in_executor(None, _translations, folders))


def _translations(folders: Folders) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for pack in _pack_folders(folders):
        for language in sorted((pack / "locales").glob("*/")):
            texts = found.setdefault(language.name, {})
            _merge(texts, _json(language / "main.json"))
            for name, file in _TEXTS.items():
                _merge(texts.setdefault(name, {}), _json(language / file))
    return found


def _merge(into: dict[str, Any], more: Any) -> None:
    """Add texts, branch by branch."""
    for name, value in more.items() if isinstance(more, dict) else ():
        known = into.get(name)
        if isinstance(known, dict) and isinstance(value, dict):
            _merge(known, value)
        else:
            into[name] = value


def _json(file: Path) -> Any:
    try:
        return loads_foreign(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}


async def templates(request: web.Request) -> web.Response:
    """Example workflows of packs: names by pack."""
    found: dict[str, list[str]] = {}
    for pack, file in _template_files(state_of(request).config.folders):
        found.setdefault(pack.name, []).append(file.stem)
    return web.json_response(found)


async def template(request: web.Request) -> web.StreamResponse:
    """An example workflow of a pack, or the picture beside it."""
    pack, name = request.match_info["pack"], request.match_info["file"]
    for known, file in _template_files(state_of(request).config.folders):
        if known.name == pack and file.stem == Path(name).stem:
            return _served(file.parent, name)
    raise bad(f"There is no template '{name}' in '{pack}'.", web.HTTPNotFound)


async def templates_listed(request: web.Request) -> web.Response:
    """The same one by one: pack, name, and the name of the picture beside it, if there is one."""
    found = [
        {"pack": pack.name, "name": file.stem, "picture": _picture(file)}
        for pack, file in _template_files(state_of(request).config.folders)
    ]
    return web.json_response(found)


def _picture(file: Path) -> str | None:
    beside = (file.with_suffix(suffix) for suffix in IMAGE_SUFFIXES)
    return next((picture.name for picture in beside if picture.is_file()), None)


def _template_files(folders: Folders) -> Iterator[tuple[Path, Path]]:
    for pack in _pack_folders(folders):
        for name in TEMPLATE_FOLDERS:
            yield from ((pack, file) for file in sorted((pack / name).glob("*.json")))


async def subgraphs(request: web.Request) -> web.Response:
    """Subgraphs of packs that can be put into any workflow, by id."""
    found = _subgraphs(state_of(request).config.folders)
    return web.json_response({id: facts for id, (facts, _) in found.items()})


async def subgraph(request: web.Request) -> web.Response:
    """One of them, with its workflow as text in ``data``."""
    found = _subgraphs(state_of(request).config.folders).get(request.match_info["id"])
    if found is None:
        raise bad(f"There is no subgraph '{request.match_info['id']}'.", web.HTTPNotFound)
    return web.json_response({**found[0], "data": found[1].read_text("utf-8")})


def _subgraphs(folders: Folders) -> dict[str, tuple[dict[str, Any], Path]]:
    found = {}
    for pack in _pack_folders(folders):
        for file in sorted((pack / "subgraphs").glob("*.json")):
            id = hashlib.sha256(f"custom_node{file}".encode()).hexdigest()
            facts = {"source": "custom_node", "name": file.stem, "info": {"node_pack": pack.name}}
            found[id] = (facts, file)
    return found


async def help_text(request: web.Request) -> web.StreamResponse:
    """The help of a node as Markdown: the pack's own, else what its inputs say of themselves."""
    state, id = state_of(request), request.match_info["id"]
    for root in _web_folders(state).values():
        for name in (f"docs/{id}/{request.match_info['file']}", f"docs/{id}.md"):
            file = _below(root, name)
            if file is not None and file.suffix == ".md" and file.is_file():
                return web.Response(text=file.read_text("utf-8"), content_type="text/markdown")
    spec = state.catalogue.specs.get(id)
    if spec is None:
        raise bad(f"There is no node '{id}'.", web.HTTPNotFound)
    return web.Response(text=help_page(spec), content_type="text/markdown")


def _pack_folders(folders: Folders) -> Iterator[Path]:
    """Folders of packs that are switched on."""
    for root in folders.custom_nodes:
        for path in sorted(root.glob("*/")) if root.is_dir() else ():
            if path.name[0] not in "._" and path.suffix != ".disabled":
                yield path


def _served(root: Path | None, name: str) -> web.StreamResponse:
    file = None if root is None else _below(root, name)
    if file is None or not file.is_file():
        raise bad(f"There is no file '{name}'.", web.HTTPNotFound)
    return web.FileResponse(file, headers={"Cache-Control": "no-cache"})


def _below(root: Path, name: str) -> Path | None:
    try:
        return inside(root, name)
    except PathOutsideRoot:
        return None


ROUTES = [
    web.get("/x/packs", packs),
    web.post("/x/packs/{pack}/reload", reload_pack),
    web.get("/extensions", extensions),
    web.get("/extensions/{pack}/{file:.+}", extension_file),
    web.get("/i18n", translations),
    web.get("/workflow_templates", templates),
    web.get("/workflow_templates/{pack}/{file}", template),
    web.get("/x/templates", templates_listed),
    web.get("/global_subgraphs", subgraphs),
    web.get("/global_subgraphs/{id}", subgraph),
    web.get("/docs/{id}/{file}", help_text),
]
