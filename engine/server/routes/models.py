"""``/models`` and what lies beside them: files, previews, and what is written in them."""

import asyncio
import base64
import binascii
from pathlib import Path, PurePosixPath
from typing import Any

from aiohttp import web

from engine.errors import PathOutsideRoot
from engine.fast_json import loads_foreign
from engine.folders import ALIASES, Folders, inside

from ..request import bad
from ..state import state_of
from .files import converted

#: Kinds that hold no weights.
_NO_MODELS = ("configs", "custom_nodes")
#: Pictures that stand for a model, in the order in which they are looked for.
_PICTURES = tuple(
    f"{mark}.{suffix}" for mark in ("", ".preview") for suffix in ("png", "jpg", "jpeg", "webp")
)
#: Longest header of a safetensors file whose metadata is shown.
_HEADER_BYTES = 16 << 20


async def kinds(request: web.Request) -> web.Response:
    """Names of the model folders."""
    return web.json_response(list(state_of(request).config.folders.models))


async def files(request: web.Request) -> web.Response:
    """Files of one model folder."""
    return web.json_response(list(state_of(request).config.folders.list(_kind(request))))


async def folders(request: web.Request) -> web.Response:
    """Model folders with where they lie, as ``[{name, folders}]``."""
    known = state_of(request).config.folders.models
    shown = {kind: roots for kind, roots in known.items() if kind not in _NO_MODELS}
    found = [{"name": k, "folders": [str(root) for root in roots]} for k, roots in shown.items()]
    return web.json_response(found)


async def details(request: web.Request) -> web.Response:
    """Files of one model folder with size in bytes and times in seconds."""
    known, kind = state_of(request).config.folders, _kind(request)
    loop = asyncio.get_running_loop()
    return web.json_response(await loop.run_in_executor(None, _details, known, kind))


def _details(known: Folders, kind: str) -> list[dict[str, Any]]:
    found = []
    for name in known.list(kind):
        for index, root in enumerate(known.models[kind]):
            path = root / name
            if path.is_file():
                status = path.stat()
                facts = {"name": name, "pathIndex": index, "size": status.st_size}
                found.append({**facts, "modified": status.st_mtime, "created": status.st_ctime})
                break
    return found


async def preview(request: web.Request) -> web.Response:
    """A picture of a model as WebP: one beside it, or the one inside a safetensors file."""
    path = _file(request)
    loop = asyncio.get_running_loop()
    body = await loop.run_in_executor(None, _picture, path)
    if body is None:
        raise bad(f"'{path.name}' has no picture beside it.", web.HTTPNotFound)
    return web.Response(body=body, content_type="image/webp")


def _picture(path: Path) -> bytes | None:
    for ending in _PICTURES:
        beside = path.with_suffix(ending)
        if beside != path and beside.is_file():
            try:
                return converted(beside, "webp", "rgba")[0]
            except OSError:
                continue
    return _cover(path)


def _cover(path: Path) -> bytes | None:
    """The first picture that trainers put into the metadata."""
    import io

    try:
        covers = loads_foreign(_metadata(path).get("ssmd_cover_images", "[]"))
        picture = io.BytesIO(base64.b64decode(covers[0]))
        return converted(picture, "webp", "rgba")[0]
    except (OSError, ValueError, LookupError, TypeError, binascii.Error):
        return None


async def metadata(request: web.Request) -> web.Response:
    """What a trainer wrote into a safetensors file: ``?filename=``."""
    known, name = state_of(request).config.folders, request.query.get("filename", "")
    kind = _kind(request)
    if not name.endswith((".safetensors", ".sft")):
        raise bad("Give a .safetensors file as 'filename'.", web.HTTPNotFound)
    for root in known.models[kind]:
        path = _below(root, name)
        if path.is_file():
            loop = asyncio.get_running_loop()
            return web.json_response(await loop.run_in_executor(None, _metadata, path))
    raise bad(f"There is no file '{name}' among the {kind}.", web.HTTPNotFound)


def _metadata(path: Path) -> dict[str, Any]:
    """The ``__metadata__`` of a safetensors file; nothing for any other file."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > _HEADER_BYTES:
            return {}
        try:
            found = loads_foreign(file.read(length)).get("__metadata__", {})
        except (ValueError, AttributeError):
            return {}
    return found if isinstance(found, dict) else {}


async def embeddings(request: web.Request) -> web.Response:
    """Names of textual inversions, without their suffix."""
    names = state_of(request).config.folders.list("embeddings")
    return web.json_response([str(PurePosixPath(name).with_suffix("")) for name in names])


def _kind(request: web.Request) -> str:
    known, kind = state_of(request).config.folders, request.match_info["kind"]
    kind = ALIASES.get(kind, kind)
    if kind not in known.models:
        text = f"There is no model folder '{kind}'; there are {', '.join(known.models)}."
        raise bad(text, web.HTTPNotFound)
    return kind


def _file(request: web.Request) -> Path:
    roots = state_of(request).config.folders.models[_kind(request)]
    index = request.match_info["index"]
    if not index.isdecimal() or int(index) >= len(roots):
        raise bad(f"'{index}' is no number of a folder; there are {len(roots)}.", web.HTTPNotFound)
    path = _below(roots[int(index)], request.match_info["file"])
    if not path.is_file():
        raise bad(f"There is no file '{request.match_info['file']}'.", web.HTTPNotFound)
    return path


def _below(root: Path, name: str) -> Path:
    try:
        return inside(root, name)
    except PathOutsideRoot as error:
        raise bad(str(error), web.HTTPForbidden) from error


ROUTES = [
    web.get("/models", kinds),
    web.get("/models/{kind}", files),
    web.get("/experiment/models", folders),
    web.get("/experiment/models/{kind}", details),
    web.get("/experiment/models/preview/{kind}/{index}/{file:.+}", preview),
    web.get("/view_metadata/{kind}", metadata),
    web.get("/embeddings", embeddings),
]
