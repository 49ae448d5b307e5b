"""``/x/cache``: results that need not be computed again, in memory and on disk."""

from aiohttp import web

from ..state import state_of


async def show(request: web.Request) -> web.Response:
    """Entries and bytes of each tier, with its budget, as the worker last reported them."""
    return web.json_response(state_of(request).dispatcher.system.get("cache", {}))


async def empty(request: web.Request) -> web.Response:
    """Forget all results in memory and on disk, as soon as the device is idle."""
    state_of(request).dispatcher.free(free_memory=True, empty_disk=True)
    return web.Response()


ROUTES = [web.get("/x/cache", show), web.delete("/x/cache", empty)]
