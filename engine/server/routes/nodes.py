"""``/object_info``: what every node looks like, for the canvas and for clients."""

import hashlib
import json
from dataclasses import asdict

from aiohttp import web

from engine.graph.spec import object_info

from ..state import state_of
from .prompt import FIRST_START_SECONDS


async def show_all(request: web.Request) -> web.Response:
    """All nodes by id; answers 304 if the client's ETag still holds."""
    state = state_of(request)
    await state.catalogue.wait(FIRST_START_SECONDS)
    list_files = state.config.folders.list
    info = {id: object_info(spec, list_files) for id, spec in state.catalogue.specs.items()}
    body = json.dumps(info).encode()
    tag = hashlib.blake2b(body, digest_size=12).hexdigest()
    headers = {"ETag": f'"{tag}"', "Cache-Control": "no-cache"}
    if any(tag == known.value for known in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, content_type="application/json", headers=headers)


async def show(request: web.Request) -> web.Response:
    """One node, or an empty object if there is none of that id."""
    state = state_of(request)
    await state.catalogue.wait(FIRST_START_SECONDS)
    spec = state.catalogue.specs.get(request.match_info["id"])
    info = {spec.id: object_info(spec, state.config.folders.list)} if spec else {}
    return web.json_response(info)


async def replacements(request: web.Request) -> web.Response:
    """What took the place of kinds of nodes that are no more: ``{old: [...]}``.

    Prompts that name such a kind are rewritten when they are queued, by the first of the list.
    """
    known = state_of(request).catalogue.replacements
    return web.json_response({old: [asdict(r) for r in found] for old, found in known.items()})


ROUTES = [
    web.get("/object_info", show_all),
    web.get("/object_info/{id}", show),
    web.get("/node_replacements", replacements),
]
