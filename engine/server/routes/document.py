"""``/openapi.json`` and ``/docs/api``: what the server offers, for programs and for people."""

from aiohttp import web

from .. import openapi


async def document(request: web.Request) -> web.Response:
    """All routes as an OpenAPI 3.1 document."""
    from . import ROUTES

    return web.json_response(openapi.document(ROUTES))


async def explorer(request: web.Request) -> web.Response:
    """All routes as a page, each with a command that asks for it."""
    from . import ROUTES

    text = openapi.page(ROUTES, f"{request.scheme}://{request.host}")
    return web.Response(text=text, content_type="text/html", headers=_SAFE)


#: The page runs no script and loads nothing.
_SAFE = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}

ROUTES = [web.get("/openapi.json", document), web.get("/docs/api", explorer)]
