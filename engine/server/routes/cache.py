"""``/x/cache``: results that need not be computed again, on the device, in memory and on disk."""

from aiohttp import web

from ..request import bad
from ..state import state_of


async def show(request: web.Request) -> web.Response:
    """Per tier entries, bytes, budget and pinned bytes; hits, misses, and the largest results.

    ``demotions`` counts results that left the device for memory, ``promotions`` those that came
    back, ``largest`` names the kinds of nodes that made them. As the worker last reported.
    """
    return web.json_response(state_of(request).dispatcher.system.get("cache", {}))


async def empty(request: web.Request) -> web.Response:
    """Forget all results, or with ``?tier=disk`` those on disk, as soon as the device is idle."""
    tier = request.query.get("tier")
    if tier not in (None, "disk"):
        raise bad(f"'tier' is '{tier}'; give 'disk', or leave it out to empty all tiers.")
    state_of(request).dispatcher.free(free_memory=tier is None, empty_disk=True)
    return web.Response()


ROUTES = [web.get("/x/cache", show), web.delete("/x/cache", empty)]
