"""``/metrics``: numbers for Prometheus."""

from aiohttp import web

from engine.store import jobs

from ..metrics import page
from ..state import state_of


async def show(request: web.Request) -> web.Response:
    """Jobs, nodes, requests, workers, weights and caches as Prometheus reads them."""
    state = state_of(request)
    body = page(state, await state.database.run(jobs.remaining))
    return web.Response(body=body, headers={"Content-Type": "text/plain; version=0.0.4"})


ROUTES = [web.get("/metrics", show)]
