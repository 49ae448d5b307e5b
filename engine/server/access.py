"""What each person may do: the door that every request passes.

Invariant: a route that this module does not name needs the role ``user`` to change anything and
``viewer`` to read; what concerns everybody on the server needs ``admin``.
"""

from urllib.parse import quote

from aiohttp import web
from aiohttp.typedefs import Middleware

from . import second_door
from .people import COOKIE, PERSON, People, Person, token_of
from .security import Handler

#: Open to everybody: the way in.
DOOR = "/login"
#: Beginnings of paths, with the methods, that only administrators may use.
ADMIN_ONLY: tuple[tuple[str, frozenset[str]], ...] = (
    ("/assets/seed", frozenset({"POST"})),
    ("/assets/prune", frozenset({"POST"})),
    ("/free", frozenset({"POST"})),
    ("/x/cache", frozenset({"DELETE"})),
    ("/x/packs/", frozenset({"POST"})),
    ("/x/queue/", frozenset({"POST"})),
    ("/users", frozenset({"POST"})),
    ("/x/users", frozenset({"GET", "POST", "DELETE"})),
    ("/internal/", frozenset({"GET", "PATCH"})),
)
#: What those who may only look may send, for it changes nothing but their own things.
HARMLESS = ("/x/plan", "/settings", "/logout", "/x/tokens")
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


def admit(people: People) -> Middleware:
    """The middleware."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        person = await people.who(token_of(request))
        if person is None and plain_path(request) != DOOR:
            return turned_away(request)
        request[PERSON] = person or Person("nobody", "nobody", "viewer", True)
        if person is not None and (why := refusal(person, request.method, plain_path(request))):
            raise web.HTTPForbidden(text=why)
        response = await handler(request)
        if (token := _to_keep(request)) and not response.prepared:
            keep(request, response, token)
        return response

    return check


def plain_path(request: web.Request) -> str:
    """The path without the prefixes under which routes stand once more."""
    path = request.path
    for prefix in (second_door.PREFIX, "/api"):
        path = path.removeprefix(prefix) if path.startswith(f"{prefix}/") else path
    return path


def refusal(person: Person, method: str, path: str) -> str:
    """Why a person may not do this; empty if they may."""
    if person.role == "admin":
        return ""
    if any(path.startswith(start) and method in methods for start, methods in ADMIN_ONLY):
        return f"{method} {path} is for administrators; '{person.name}' is a {person.role}."
    if person.role == "viewer" and method not in _READING and not path.startswith(HARMLESS):
        return f"'{person.name}' may only look; ask an administrator for the role 'user'."
    return ""


def turned_away(request: web.Request) -> web.StreamResponse:
    """Ask for a token: with a page if a browser opens one, else with 401."""
    if request.headers.get("Sec-Fetch-Mode") == "navigate" and request.method == "GET":
        raise web.HTTPSeeOther(f"login?next={quote(request.path_qs.lstrip('/'))}")
    text = "Sign in first: POST name and password to /login, or send 'Authorization: Bearer TOKEN'."
    return web.json_response({"error": text}, status=401, headers={"WWW-Authenticate": "Bearer"})


def _to_keep(request: web.Request) -> str | None:
    """The token in the address of the page; kept, so that the next request brings it too."""
    return request.query.get("token") if request.path == "/" else None


def keep(
    request: web.Request, response: web.StreamResponse, token: str, seconds: int | None = None
) -> None:
    """Let the browser bring a token from now on; scripts cannot read it, other sites not use it."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=seconds,
        httponly=True,
        secure=request.secure,
        samesite="Lax",
    )
