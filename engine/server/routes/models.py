"""``/models`` and ``/embeddings``: which model files there are."""

from pathlib import PurePosixPath

from aiohttp import web

from engine.folders import ALIASES

from ..request import bad
from ..state import state_of


async def kinds(request: web.Request) -> web.Response:
    """Names of the model folders."""
    return web.json_response(list(state_of(request).config.folders.models))


async def files(request: web.Request) -> web.Response:
    """Files of one model folder."""
    folders, kind = state_of(request).config.folders, request.match_info["kind"]
    if ALIASES.get(kind, kind) not in folders.models:
        text = f"There is no model folder '{kind}'; there are {', '.join(folders.models)}."
        raise bad(text, web.HTTPNotFound)
    return web.json_response(list(folders.list(kind)))


async def embeddings(request: web.Request) -> web.Response:
    """Names of textual inversions, without their suffix."""
    names = state_of(request).config.folders.list("embeddings")
    return web.json_response([str(PurePosixPath(name).with_suffix("")) for name in names])


ROUTES = [
    web.get("/models", kinds),
    web.get("/models/{kind}", files),
    web.get("/embeddings", embeddings),
]
