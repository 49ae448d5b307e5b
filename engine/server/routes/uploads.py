"""``/upload/image`` and ``/upload/mask``: pictures from the browser into a folder.

Invariant: a file is written beside its place and then renamed, so no half a file is ever
seen; the name stays inside the folder.
"""

import asyncio
import hashlib
import io
import os
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from engine.errors import PathOutsideRoot
from engine.fast_json import loads_foreign
from engine.folders import Folders, inside

from ..request import bad
from ..state import state_of


@dataclass
class Form:
    """The parts of an upload."""

    name: str = ""
    content: bytes = b""
    fields: dict[str, str] = field(default_factory=dict)


async def upload_image(request: web.Request) -> web.Response:
    """Store a picture: form fields ``image``, ``type``, ``subfolder``, ``overwrite``."""
    folders, form = state_of(request).config.folders, await _read(request)
    path, kind = _place(folders, form)
    overwrite = form.fields.get("overwrite") in ("true", "1")
    return await _store(folders, path, kind, form.content, overwrite)


async def upload_mask(request: web.Request) -> web.Response:
    """Store a picture whose alpha becomes that of the picture ``original_ref`` names."""
    folders, form = state_of(request).config.folders, await _read(request)
    path, kind = _place(folders, form)
    original = _original(folders, form.fields.get("original_ref"))
    loop = asyncio.get_running_loop()
    try:
        merged = await loop.run_in_executor(None, with_alpha, original, form.content)
    except (OSError, ValueError) as error:
        raise bad(f"The mask cannot be put on the picture: {error}.") from error
    return await _store(folders, path, kind, merged, True)


async def _read(request: web.Request) -> Form:
    if not request.content_type.startswith("multipart/"):
        raise bad("Send a multipart form with the file in the field 'image'.")
    form = Form()
    try:
        async for part in await request.multipart():
            if isinstance(part, BodyPartReader):
                await _take(form, part, request.client_max_size)
    except (ValueError, HttpProcessingError) as error:
        raise bad(f"The form cannot be read: {error}.") from error
    if not form.name:
        raise bad("There is no file in the field 'image'.")
    return form


async def _take(form: Form, part: BodyPartReader, limit: int) -> None:
    content = bytearray()
    while chunk := await part.read_chunk(1 << 16):
        content += chunk
        if len(content) > limit:
            raise web.HTTPRequestEntityTooLarge(max_size=limit, actual_size=len(content))
    if part.name == "image":
        form.name, form.content = part.filename or "", bytes(content)
    elif part.name:
        form.fields[part.name] = content.decode("utf-8", "replace")


def _place(folders: Folders, form: Form) -> tuple[Path, str]:
    kind = form.fields.get("type", "input")
    try:
        folder = inside(folders.root(kind), form.fields.get("subfolder", ""))
        path = inside(folder, form.name)
    except PathOutsideRoot as error:
        raise bad(str(error)) from error
    if path.parent != folder or len(path.name.encode()) > 200:
        raise bad(f"'{form.name[:80]}' is no file name; give one of at most 200 bytes.")
    return path, kind


async def _store(
    folders: Folders, path: Path, kind: str, content: bytes, overwrite: bool
) -> web.Response:
    loop = asyncio.get_running_loop()
    stored = await loop.run_in_executor(None, store, path, content, overwrite)
    subfolder = stored.parent.relative_to(folders.root(kind).resolve()).as_posix()
    answer = {
        "name": stored.name,
        "subfolder": "" if subfolder == "." else subfolder,
        "type": kind,
    }
    return web.json_response(answer)


def store(path: Path, content: bytes, overwrite: bool) -> Path:
    """Write a file; a different one of that name stays, and the new one gets a number.

    Returns:
        Where it is now; an existing file of the same content if there is one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    chosen, number = path, 1
    while not overwrite and chosen.exists():
        if _digest(chosen.read_bytes()) == _digest(content):
            return chosen
        chosen = path.with_name(f"{path.stem} ({number}){path.suffix}")
        number += 1
    part = chosen.with_name(f".{uuid.uuid4().hex}.part")
    part.write_bytes(content)
    os.replace(part, chosen)
    return chosen


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def _original(folders: Folders, text: str | None) -> Path:
    try:
        reference: Any = loads_foreign(text or "null")
        folder = inside(
            folders.root(reference.get("type", "output")), reference.get("subfolder", "")
        )
        path = inside(folder, reference["filename"])
    except (ValueError, KeyError, AttributeError, TypeError, PathOutsideRoot) as error:
        raise bad("'original_ref' must name a picture: {filename, subfolder, type}.") from error
    if not path.is_file():
        raise bad(f"There is no picture '{path.name}' to put the mask on.", web.HTTPNotFound)
    return path


def with_alpha(original: Path, mask: bytes) -> bytes:
    """The original picture as PNG, with the alpha of the mask picture."""
    from engine.pictures import opened

    with opened(original) as picture, opened(io.BytesIO(mask)) as masked:
        alpha = masked.convert("RGBA").getchannel("A").resize(picture.size)
        out = picture.convert("RGBA")
        out.putalpha(alpha)
    buffer = io.BytesIO()
    out.save(buffer, "PNG", compress_level=4)
    return buffer.getvalue()


ROUTES = [web.post("/upload/image", upload_image), web.post("/upload/mask", upload_mask)]
