"""The door through which the server reaches what packs serve.

Invariant: listens on this computer only, on a port of its own, and answers nobody but the
server, which alone knows the secret.
"""

import hmac
import secrets
import sys
from dataclasses import asdict, dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from engine.plugins.serving import SERVING

#: Header that carries the secret.
SECRET = "X-Loom-Secret"


@dataclass(frozen=True)
class Door:
    """Where packs' routes are served.

    Attributes:
        port: on 127.0.0.1; 0 if there are none.
        secret: to be sent along.
        routes: pairs of method and path pattern.
        asks_prompts: packs want to see each prompt.
    """

    port: int = 0
    secret: str = ""
    routes: list[tuple[str, str]] = field(default_factory=list)
    asks_prompts: bool = False


async def open_door() -> dict[str, Any]:
    """Serve what packs registered; how to reach it, as JSON data."""
    if "server" not in sys.modules and not SERVING.is_asked:
        return asdict(Door())
    from engine.compat import server

    asks = bool(server.PromptServer.instance.on_prompt_handlers)
    app = server.application()
    if app is None:
        return asdict(Door(asks_prompts=asks))
    secret = secrets.token_urlsafe(32)
    app.middlewares.append(_only_the_server(secret))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    routes = [(route.method, _pattern(route)) for route in app.router.routes() if route.resource]
    return asdict(Door(runner.addresses[0][1], secret, routes, asks))


def _pattern(route: web.AbstractRoute) -> str:
    resource = route.resource
    assert resource is not None
    is_folder = isinstance(resource, web.StaticResource)
    return f"{resource.canonical}/{{path:.*}}" if is_folder else resource.canonical


def _only_the_server(secret: str) -> Any:
    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not hmac.compare_digest(request.headers.get(SECRET, ""), secret):
            raise web.HTTPForbidden
        return await handler(request)

    return check
