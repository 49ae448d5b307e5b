"""``/settings`` and ``/users``: what a user has set, and who the users are."""

from aiohttp import web

from engine.store import settings

from ..request import json_body, json_object
from ..state import state_of

#: The one user of an installation without accounts.
USER = "default"


async def show_all(request: web.Request) -> web.Response:
    """Every setting."""
    values = await state_of(request).database.run(settings.all_settings, USER)
    return web.json_response(values)


async def change_all(request: web.Request) -> web.Response:
    """Set those that the object names; the others stay."""
    body = await json_object(request)
    await state_of(request).database.run(settings.update, USER, body)
    return web.Response()


async def show(request: web.Request) -> web.Response:
    """One setting, or null."""
    values = await state_of(request).database.run(settings.all_settings, USER)
    return web.json_response(values.get(request.match_info["id"]))


async def change(request: web.Request) -> web.Response:
    """Set one setting to the JSON value of the body."""
    value = await json_body(request)
    await state_of(request).database.run(settings.update, USER, {request.match_info["id"]: value})
    return web.Response()


async def users(request: web.Request) -> web.Response:
    """That there is one user, whose data the server keeps."""
    return web.json_response({"storage": "server", "migrated": True})


ROUTES = [
    web.get("/settings", show_all),
    web.post("/settings", change_all),
    web.get("/settings/{id}", show),
    web.post("/settings/{id}", change),
    web.get("/users", users),
]
