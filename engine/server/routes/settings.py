"""``/settings``: what a user has set."""

from aiohttp import web

from engine.store import settings

from ..people import person_of
from ..request import json_body, json_object
from ..state import state_of


async def show_all(request: web.Request) -> web.Response:
    """Every setting."""
    values = await state_of(request).database.run(settings.all_settings, person_of(request).id)
    return web.json_response(values)


async def change_all(request: web.Request) -> web.Response:
    """Set those that the object names; the others stay."""
    body = await json_object(request)
    await state_of(request).database.run(settings.update, person_of(request).id, body)
    return web.Response()


async def show(request: web.Request) -> web.Response:
    """One setting, or null."""
    values = await state_of(request).database.run(settings.all_settings, person_of(request).id)
    return web.json_response(values.get(request.match_info["id"]))


async def change(request: web.Request) -> web.Response:
    """Set one setting to the JSON value of the body."""
    value = await json_body(request)
    named = {request.match_info["id"]: value}
    await state_of(request).database.run(settings.update, person_of(request).id, named)
    return web.Response()


ROUTES = [
    web.get("/settings", show_all),
    web.post("/settings", change_all),
    web.get("/settings/{id}", show),
    web.post("/settings/{id}", change),
]
