"""``/userdata``: the user's own files, such as saved workflows.

Invariant: every name is resolved inside the user's folder; files are replaced whole. Between
looking at a file's ETag and replacing it nothing else runs, so ``If-Match`` cannot be overtaken.
"""

import asyncio
import hashlib
import os
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from engine.errors import PathOutsideRoot
from engine.folders import inside

from ..people import person_of
from ..request import bad, query_flag
from ..state import state_of


def _root(request: web.Request) -> Path:
    return state_of(request).config.folders.user / person_of(request).id


def _resolve(request: web.Request, name: str) -> Path:
    try:
        return inside(_root(request), unquote(name))
    except PathOutsideRoot as error:
        raise bad(str(error), web.HTTPForbidden) from error


def _info(path: Path, root: Path) -> dict[str, Any]:
    status = path.stat()
    return {
        "path": path.relative_to(root).as_posix(),
        "size": status.st_size,
        "modified": status.st_mtime,
        "created": status.st_ctime,
    }


async def listing(request: web.Request) -> web.Response:
    """Files of the folder ``dir``; ``recurse``, ``full_info`` and ``split`` change the answer."""
    name = request.query.get("dir", "")
    if not name:
        raise bad("Give the folder to list as 'dir'.")
    folder = _resolve(request, name)
    if not folder.is_dir():
        raise bad(f"There is no folder '{name}'.", web.HTTPNotFound)
    pattern = "**/*" if query_flag(request, "recurse") else "*"
    files = sorted(path for path in folder.glob(pattern) if path.is_file())
    if query_flag(request, "full_info"):
        return web.json_response([_info(path, folder) for path in files])
    names = [path.relative_to(folder).as_posix() for path in files]
    if query_flag(request, "split"):
        return web.json_response([[name, *name.split("/")] for name in names])
    return web.json_response(names)


async def tree(request: web.Request) -> web.Response:
    """All files and folders below the folder ``path``, or of the user; folders first."""
    name = request.query.get("path", "")
    folder, root = _resolve(request, name), _root(request).resolve()
    if not folder.is_dir():
        if name:
            raise bad(f"There is no folder '{name}'.", web.HTTPNotFound)
        return web.json_response([])
    found = sorted(folder.rglob("*"), key=lambda path: (path.is_file(), path.as_posix()))
    return web.json_response([_entry(path, root) for path in found])


def _entry(path: Path, root: Path) -> dict[str, Any]:
    shown = {"name": path.name, "path": path.relative_to(root).as_posix()}
    if path.is_dir():
        return {**shown, "type": "directory"}
    status = path.stat()
    return {**shown, "type": "file", "size": status.st_size, "modified": status.st_mtime}


async def read(request: web.Request) -> web.StreamResponse:
    """The content of a file with its ETag, never as something that a browser runs."""
    path = _existing(request)
    content = await asyncio.get_running_loop().run_in_executor(None, path.read_bytes)
    etag = etag_of(content)
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache", "ETag": etag}
    if etag in _tags(request, "If-None-Match"):
        return web.Response(status=304, headers=headers)
    kind = "application/json" if path.suffix == ".json" else "application/octet-stream"
    return web.Response(body=content, content_type=kind, headers=headers)


async def write(request: web.Request) -> web.Response:
    """Replace a file by the body; ``overwrite=false`` keeps an existing one (409).

    With ``If-Match`` only the version of that ETag is replaced, any other is kept (412).
    """
    path = _file(request, request.match_info["file"])
    content = await request.read()
    if path.exists() and not query_flag(request, "overwrite", True):
        raise bad("File already exists", web.HTTPConflict)
    _check_match(request, path)
    _replace(path, content)
    answer = _answer(request, path)
    answer.headers["ETag"] = etag_of(content)
    return answer


def etag_of(content: bytes) -> str:
    """The name of a version: equal content is an equal version."""
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def _tags(request: web.Request, header: str) -> list[str]:
    return [tag.strip().removeprefix("W/") for tag in request.headers.get(header, "").split(",")]


def _check_match(request: web.Request, path: Path) -> None:
    if "If-Match" not in request.headers:
        return
    wanted, found = _tags(request, "If-Match"), ""
    if path.is_file():
        found = etag_of(path.read_bytes())
    if found and (found in wanted or wanted == ["*"]):
        return
    state = f"is now {found}" if found else "is gone"
    raise bad(
        f"'{path.name}' {state}: someone else changed it. Read it again before you replace it.",
        web.HTTPPreconditionFailed,
    )


async def delete(request: web.Request) -> web.Response:
    """Remove a file."""
    _existing(request).unlink()
    return web.Response(status=204)


async def move(request: web.Request) -> web.Response:
    """Rename a file; ``overwrite=false`` keeps an existing one (409)."""
    source, target = _existing(request), _file(request, request.match_info["dest"])
    if target.exists() and not query_flag(request, "overwrite", True):
        raise bad("File already exists", web.HTTPConflict)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(source, target)
    except OSError as error:
        raise bad(f"'{target.name}' cannot be written: {error.strerror}.") from error
    return _answer(request, target)


def _file(request: web.Request, name: str) -> Path:
    """Where a file of a name is or will be."""
    path = _resolve(request, name)
    if path == _root(request).resolve() or path.is_dir():
        raise bad("That is a folder; give the name of a file.")
    return path


def _existing(request: web.Request) -> Path:
    path = _resolve(request, request.match_info["file"])
    if not path.is_file():
        raise bad(f"There is no file '{unquote(request.match_info['file'])}'.", web.HTTPNotFound)
    return path


def _replace(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{uuid.uuid4().hex}.part")
        part.write_bytes(content)
        os.replace(part, path)
    except OSError as error:
        raise bad(f"'{path.name}' cannot be written: {error.strerror}.") from error


def _answer(request: web.Request, path: Path) -> web.Response:
    info = _info(path, _root(request).resolve())
    full = query_flag(request, "full_info")
    return web.json_response(info if full else info["path"])


ROUTES = [
    web.get("/userdata", listing),
    web.get("/v2/userdata", tree),
    web.get("/userdata/{file}", read),
    web.post("/userdata/{file}", write),
    web.delete("/userdata/{file}", delete),
    web.post("/userdata/{file}/move/{dest}", move),
]
