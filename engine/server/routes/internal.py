"""``/internal``: logs and folders, for the canvas of whoever runs the server."""

import asyncio
from pathlib import Path

from aiohttp import web

from ..people import person_of
from ..request import bad, json_object
from ..state import state_of

#: A terminal's size, which clients expect beside the lines.
_SIZE = {"cols": 100, "rows": 300}


async def text(request: web.Request) -> web.Response:
    """The last lines of the log as one text."""
    lines = state_of(request).logs.lines()
    return web.json_response("".join(f"{line['t']} - {line['m']}" for line in lines))


async def raw(request: web.Request) -> web.Response:
    """The last lines of the log, each with its time."""
    return web.json_response({"entries": state_of(request).logs.lines(), "size": _SIZE})


async def subscribe(request: web.Request) -> web.Response:
    """Send new lines to the websocket of ``clientId`` as ``logs``, or stop: ``enabled``."""
    state, body = state_of(request), await json_object(request)
    client = body.get("clientId")
    if not isinstance(client, str):
        raise bad("Give the websocket's id as 'clientId'.")
    session = person_of(request).session(client)
    if body.get("enabled"):
        state.listeners.add(session)
    else:
        state.listeners.discard(session)
    return web.Response()


async def folder_paths(request: web.Request) -> web.Response:
    """Where each kind of model file is looked for."""
    known = state_of(request).config.folders.models
    return web.json_response({kind: [str(root) for root in roots] for kind, roots in known.items()})


async def files(request: web.Request) -> web.Response:
    """Names of the files right in the input, output or temp folder, the newest first."""
    kind = request.match_info["kind"]
    if kind not in ("input", "output", "temp"):
        raise bad("Invalid directory type")
    root = state_of(request).config.folders.root(kind)
    loop = asyncio.get_running_loop()
    return web.json_response(await loop.run_in_executor(None, _newest_first, root))


def _newest_first(root: Path) -> list[str]:
    found = [path for path in root.iterdir() if path.is_file()]
    return [path.name for path in sorted(found, key=lambda p: -p.stat().st_mtime)]


ROUTES = [
    web.get("/internal/logs", text),
    web.get("/internal/logs/raw", raw),
    web.patch("/internal/logs/subscribe", subscribe),
    web.get("/internal/folder_paths", folder_paths),
    web.get("/internal/files/{kind}", files),
]
