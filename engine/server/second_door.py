"""``/comfy/``: the canvas of another program, for those who have installed it.

The Python package ``comfyui-frontend-package`` is a program of its own, under its own licence. If
the user has installed it, its files are served below ``/comfy/`` against this server.

Invariant: the package is found by its metadata, never imported; everything that its page asks for
stays below ``/comfy/`` and passes the same door as any other request; its page may load nothing
from other computers. Its gallery of templates, another package, is empty; those of node packs and
of this project open in our own canvas.
"""

from importlib import metadata
from pathlib import Path

from aiohttp import web

from engine.errors import PathOutsideRoot
from engine.folders import inside

from .request import bad

PACKAGE = "comfyui-frontend-package"
PREFIX = "/comfy"
#: Beginnings of the routes that its page asks for without ``/api``.
BARE = ("/ws", "/extensions", "/internal", "/view")
#: Its page has scripts in its HTML and compiles templates while it runs; nothing comes from, and
#: nothing goes to, other computers.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:; media-src 'self' blob: data:; "
    "font-src 'self' data:; connect-src 'self' ws: wss: blob: data:; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'self'; frame-ancestors 'self'"
)


def installed() -> Path | None:
    """The folder of the package's page; None if it is not installed."""
    try:
        folder = metadata.distribution(PACKAGE).locate_file("comfyui_frontend_package/static")
    except metadata.PackageNotFoundError:
        return None
    found = Path(str(folder))
    return found if (found / "index.html").is_file() else None


def paths_of(path: str) -> list[str]:
    """Where a route of the server stands below ``/comfy/``."""
    path = path.removeprefix("/api")
    bare = any(path == start or path.startswith(f"{start}/") for start in BARE)
    return [f"{PREFIX}/api{path}", *([f"{PREFIX}{path}"] if bare else [])]


def open_at(app: web.Application, folder: Path) -> None:
    """Serve the page; after the routes of the server have been added.

    Args:
        app: the server.
        folder: what :func:`installed` has found.
    """

    async def page(request: web.Request) -> web.StreamResponse:
        headers = {"Cache-Control": "no-store, must-revalidate", "Content-Security-Policy": POLICY}
        return web.FileResponse(folder / "index.html", headers=headers)

    async def file(request: web.Request) -> web.StreamResponse:
        name = request.match_info["file"]
        try:
            path = inside(folder, name)
        except PathOutsideRoot:
            path = folder
        if not path.is_file():
            raise bad(f"There is no file '{name}'.", web.HTTPNotFound)
        return web.FileResponse(path, headers={"Cache-Control": "no-cache"})

    async def templates(request: web.Request) -> web.StreamResponse:
        return web.json_response([])

    async def to_page(request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound(f"{PREFIX}/")

    app.router.add_get(PREFIX, to_page)
    app.router.add_get(f"{PREFIX}/", page)
    app.router.add_get(f"{PREFIX}/templates/{{name:index[^/]*}}", templates)
    app.router.add_get(f"{PREFIX}/{{file:.+}}", file)
