"""``/view``: files of the input, output and temp folders, also as previews.

Invariant: what a user may have uploaded is never served as something that a browser runs.
"""

import asyncio
import io
import mimetypes
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from aiohttp import web

from engine.errors import PathOutsideRoot
from engine.folders import inside

from ..assets import PREFIX
from ..request import bad
from ..state import state_of

if TYPE_CHECKING:
    from PIL import Image

#: Types that could carry scripts; they are sent as plain bytes to be saved.
_ACTIVE = ("html", "xml", "svg", "javascript", "css", "ecmascript", "x-shockwave-flash")


async def view(request: web.Request) -> web.StreamResponse:
    """A file by ``filename``, ``type`` and ``subfolder``; ``preview`` and ``channel`` convert.

    ``blake3:...`` as ``filename`` is the file of that hash.
    """
    path = await _by_hash(request) or _path(request)
    if "preview" in request.query or request.query.get("channel") in ("rgb", "a"):
        query = request.query
        loop = asyncio.get_running_loop()
        convert = loop.run_in_executor(
            None, converted, path, query.get("preview"), query.get("channel", "rgba")
        )
        try:
            body, mime = await convert
        except OSError:
            raise bad(f"'{path.name}' is no picture, so it has no preview.") from None
        return web.Response(body=body, content_type=mime, headers=_headers(path, False))
    return sent(path)


def sent(path: Path, attachment: bool = False) -> web.FileResponse:
    """A file that anybody may have made; what a browser would run is only saved."""
    mime = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    active = any(word in mime for word in _ACTIVE)
    response = web.FileResponse(path, headers=_headers(path, active or attachment))
    response.content_type = "application/octet-stream" if active else mime
    return response


async def _by_hash(request: web.Request) -> Path | None:
    """The file whose content has the hash that is given in place of a name."""
    name = request.query.get("filename", "")
    if not name.startswith(PREFIX):
        return None
    path = await state_of(request).assets.content(name)
    if path is None:
        raise bad(f"No file with the hash '{name[:80]}' is known.", web.HTTPNotFound)
    return path


def _path(request: web.Request) -> Path:
    folders, name = state_of(request).config.folders, request.query.get("filename", "")
    if not name:
        raise bad("Give the name of a file as 'filename'.", web.HTTPNotFound)
    kind = request.query.get("type", "output")
    for suffix in ("input", "output", "temp"):
        if name.endswith(f" [{suffix}]"):
            name, kind = name[: -len(suffix) - 3], suffix
    if name.startswith("/") or ".." in name:
        raise bad(f"'{name}' is no file name.")
    try:
        folder = inside(folders.root(kind), request.query.get("subfolder", ""))
        path = inside(folder, Path(name).name)
    except PathOutsideRoot as error:
        status = web.HTTPForbidden if kind in ("input", "output", "temp") else web.HTTPBadRequest
        raise bad(str(error), status) from error
    if not path.is_file():
        raise bad(f"There is no file '{name}' in the {kind} folder.", web.HTTPNotFound)
    return path


def _headers(path: Path, attachment: bool) -> dict[str, str]:
    kind = "attachment; " if attachment else ""
    return {
        "Content-Disposition": f'{kind}filename="{quote(path.name)}"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }


def converted(path: Path | io.BytesIO, preview: str | None, channel: str) -> tuple[bytes, str]:
    """A picture as preview or as one of its channels: bytes and MIME type.

    Args:
        path: the picture, or its bytes.
        preview: ``webp`` or ``jpeg``, perhaps with ``;quality``; None for PNG.
        channel: ``rgba``, ``rgb``, or ``a`` for the alpha alone.
    """
    from PIL import Image

    from engine.pictures import opened

    with opened(path) as picture:
        if preview is not None:
            return _preview(picture, preview, channel)
        if channel == "rgb":
            return _save(picture.convert("RGB"), "PNG")
        alpha = picture.convert("RGBA").getchannel("A")
        out = Image.new("RGBA", picture.size)
        out.putalpha(alpha)
        return _save(out, "PNG")


def _preview(picture: "Image.Image", preview: str, channel: str) -> tuple[bytes, str]:
    name, _, quality = preview.partition(";")
    name = "jpeg" if name == "jpeg" and "a" not in channel else "webp"
    if name == "jpeg" or channel == "rgb":
        picture = picture.convert("RGB")
    number = int(quality) if quality.isdigit() else 90
    return _save(picture, name.upper(), quality=min(max(number, 1), 100))


def _save(picture: "Image.Image", format: str, **options: int) -> tuple[bytes, str]:
    out = io.BytesIO()
    picture.save(out, format, **options)
    return out.getvalue(), f"image/{format.lower()}"


ROUTES = [web.get("/view", view)]
