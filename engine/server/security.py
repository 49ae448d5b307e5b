"""Who may talk to the server: checks of Host, Origin and Sec-Fetch on every request.

A browser lets any web page send requests to a server on this computer. So a request must be
addressed to a name that is ours (against DNS rebinding), and if a page sent it, that page
must be our own (against cross-site requests), for websockets as for HTTP.

Invariant: runs before every handler, the websocket's too.
"""

import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Middleware

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

#: Sent with every answer.
HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}
#: What the canvas itself may load.
PAGE_POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; style-src 'self' 'unsafe-inline'; "
    "connect-src 'self' ws: wss:; object-src 'none'; base-uri 'self'; frame-ancestors 'self'"
)


def guard(cors_origin: str | None, names: Sequence[str] = ()) -> Middleware:
    """The middleware.

    Args:
        cors_origin: may use the API from elsewhere.
        names: that this server is reached by, besides this computer's own.
    """
    given = (name.lower() for name in names)
    own_names = frozenset({"localhost", socket.gethostname().lower(), *given})

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        host = request.headers.get("Host", "")
        if not is_own_host(host, own_names):
            text = (
                f"This server does not answer to the name '{host[:100]}'; use its address, or "
                "start it with --allow-host NAME."
            )
            raise web.HTTPForbidden(text=text)
        origin = request.headers.get("Origin")
        allowed = cors_origin is not None and origin is not None and cors_origin in ("*", origin)
        if not allowed and not is_own_page(request, host, origin):
            raise web.HTTPForbidden(text="Another web site may not use this server.")
        if request.method == "OPTIONS":
            response: web.StreamResponse = web.Response()
        else:
            response = await handler(request)
        if not response.prepared:
            response.headers.update({k: v for k, v in HEADERS.items() if k not in response.headers})
            if allowed:
                response.headers.update(_cors(origin or "*"))
        return response

    return check


def is_own_host(host: str, own_names: frozenset[str]) -> bool:
    """Whether a Host header names this server: an address, or a name of this computer.

    An address cannot be rebound by a stranger's DNS; any other name could be.
    """
    name = (urlsplit(f"//{host}").hostname or "").lower()
    if name in own_names:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_own_page(request: web.Request, host: str, origin: str | None) -> bool:
    """Whether a request comes from our own page or from no page at all."""
    if origin is not None:
        return urlsplit(origin).netloc.lower() == host.lower()
    site = request.headers.get("Sec-Fetch-Site", "none")
    if site in ("none", "same-origin"):
        return True
    navigates = request.headers.get("Sec-Fetch-Mode") == "navigate"
    return navigates and request.method == "GET" and "Upgrade" not in request.headers


def _cors(origin: str) -> dict[str, str]:
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": "POST, GET, DELETE, PUT, PATCH, OPTIONS",
        "Access-Control-Allow-Headers": "Content-Type, Authorization",
        "Access-Control-Allow-Credentials": "true",
    }
