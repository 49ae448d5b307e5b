"""``/x/workers``: who does the work."""

from aiohttp import web

from ..state import state_of


async def show(request: web.Request) -> web.Response:
    """Each worker's name, device, state, jobs, weights in memory and age of its last heartbeat."""
    members = state_of(request).dispatcher.pool.members
    return web.json_response({"workers": [member.report() for member in members]})


ROUTES = [web.get("/x/workers", show)]
