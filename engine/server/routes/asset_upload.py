"""An upload that becomes an asset: read piece by piece, hashed on the way, put in its folder.

Invariant: a file appears in its folder whole or not at all, and nothing that is there is
overwritten.
"""

import json
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from engine.errors import PathOutsideRoot
from engine.fast_json import loads
from engine.folders import MODEL_SUFFIXES, inside
from engine.store import assets as store
from engine.store.assets import Asset, is_system

from ..assets import PREFIX, found_at
from ..state import ServerState

_ROOTS = ("input", "output", "models")
_TYPE = "model_type:"
_LONGEST_FIELD = 1 << 20


def refused(
    code: str,
    text: str,
    status: type[web.HTTPException] = web.HTTPBadRequest,
    details: dict[str, Any] | None = None,
) -> web.HTTPException:
    """An error answer of the assets' kind."""
    error = {"code": code, "message": text, "details": details or {}}
    return status(text=json.dumps({"error": error}), content_type="application/json")


@dataclass
class Sent:
    """What a form held: its fields, and the file where it was put for now."""

    fields: dict[str, str] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    filename: str = ""
    hash: str = ""


async def store_upload(
    request: web.Request, state: ServerState, models_too: bool
) -> tuple[Asset, bool]:
    """The asset of an upload, and whether it is new.

    Args:
        request: a form.
        state: of the server.
        models_too: whether this person may add models.
    """
    state.config.folders.temp.mkdir(parents=True, exist_ok=True)
    part = state.config.folders.temp / f".{uuid.uuid4().hex}.part"
    try:
        sent = await _receive(request, part)
        return await _keep(state, sent, part, models_too)
    finally:
        part.unlink(missing_ok=True)


async def _receive(request: web.Request, part: Path) -> Sent:
    if not request.content_type.startswith("multipart/"):
        raise refused("INVALID_BODY", "Send a multipart form with 'tags' and 'file'.")
    sent = Sent()
    try:
        async for item in await request.multipart():
            if isinstance(item, BodyPartReader):
                await _take(sent, item, part, request.client_max_size)
    except (ValueError, HttpProcessingError) as error:
        raise refused("INVALID_BODY", f"The form cannot be read: {error}.") from error
    if not sent.filename:
        raise refused("MISSING_INPUT", "There is no file in the field 'file'.")
    return sent


async def _take(sent: Sent, item: BodyPartReader, part: Path, limit: int) -> None:
    if item.name == "file":
        sent.filename = item.filename or ""
        sent.hash = await _write(item, part, limit)
        return
    text = (await _short(item)).decode("utf-8", "replace")
    if item.name == "tags":
        sent.tags += _listed(text)
    elif item.name:
        sent.fields[item.name] = text


async def _write(item: BodyPartReader, part: Path, limit: int) -> str:
    from blake3 import blake3  # imported late: few upload

    digest, size = blake3(), 0
    with part.open("wb") as file:
        while chunk := await item.read_chunk(1 << 18):
            size += len(chunk)
            if size > limit:
                raise web.HTTPRequestEntityTooLarge(max_size=limit, actual_size=size)
            digest.update(chunk)
            file.write(chunk)
    return PREFIX + str(digest.hexdigest())


async def _short(item: BodyPartReader) -> bytes:
    content = bytearray()
    while chunk := await item.read_chunk(1 << 16):
        content += chunk
        if len(content) > _LONGEST_FIELD:
            raise refused("INVALID_BODY", f"The field '{item.name}' is longer than 1 MB.")
    return bytes(content)


def _listed(text: str) -> list[str]:
    """Tags as a JSON list, or with commas."""
    try:
        found = loads(text) if text.lstrip().startswith("[") else text.split(",")
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(tag, str) for tag in found):
        raise refused("INVALID_BODY", "'tags' is a JSON list of texts, or texts with commas.")
    return [tag.strip() for tag in found if tag.strip()]


async def _keep(state: ServerState, sent: Sent, part: Path, models_too: bool) -> tuple[Asset, bool]:
    root, kind = _place(sent.tags)
    if root == "models" and not models_too:
        raise refused("FORBIDDEN", "Administrators may add models.", web.HTTPForbidden)
    if sent.fields.get("hash", sent.hash) != sent.hash:
        text = f"The file's hash is {sent.hash}, not {sent.fields['hash']}: it was damaged."
        raise refused("HASH_MISMATCH", text)
    metadata = _metadata(sent.fields.get("user_metadata", "{}"))
    same = [a for a in await state.database.run(store.with_hash, sent.hash) if a.root == root]
    if same and (not kind or same[0].kind == kind):
        return same[0], False
    base = _base(state, root, kind)
    path = _free(_inside(base, sent.filename, root))
    path.parent.mkdir(parents=True, exist_ok=True)
    _move(part, path)
    file = found_at(path, root, kind, base.resolve())
    assert file is not None
    own = [tag for tag in sent.tags if not is_system(tag)]
    name = sent.fields.get("name", "")[:512] or path.name
    known = await state.database.run(store.at, str(path))
    if known is not None:  # a look at the folders was quicker
        await state.database.run(store.delete, known.id)
    made = await state.database.run(store.insert, file, name, own, sent.hash, True, metadata)
    return made, True


def _place(tags: list[str]) -> tuple[str, str]:
    roots = [tag for tag in tags if tag in _ROOTS]
    kinds = [tag.removeprefix(_TYPE) for tag in tags if tag.startswith(_TYPE)]
    if len(roots) != 1:
        raise refused("MISSING_INPUT", f"One of the tags must be one of {', '.join(_ROOTS)}.")
    if len(kinds) != (roots[0] == "models"):
        text = "The tags of a model, and of nothing else, hold one 'model_type:FOLDER'."
        raise refused("MISSING_INPUT", text)
    return roots[0], "".join(kinds)


def _base(state: ServerState, root: str, kind: str) -> Path:
    folders = state.config.folders
    if root != "models":
        return folders.root(root)
    if kind not in folders.models or kind in ("configs", "custom_nodes", "diffusers"):
        text = f"There is no model folder '{kind}'; GET /models lists them."
        raise refused("INVALID_BODY", text)
    return folders.models[kind][0]


def _inside(base: Path, name: str, root: str) -> Path:
    try:
        path = inside(base, name)
    except PathOutsideRoot as error:
        raise refused("INVALID_BODY", str(error)) from error
    if path.name.startswith(".") or path.is_dir():
        raise refused("INVALID_BODY", f"'{name[:80]}' is no file name.")
    if root == "models" and path.suffix.lower() not in MODEL_SUFFIXES:
        text = f"'{path.name}' is no model file; its name ends in {', '.join(MODEL_SUFFIXES)}."
        raise refused("INVALID_BODY", text)
    return path


def _free(path: Path) -> Path:
    """The name, with a number if another file has it."""
    chosen, number = path, 1
    while chosen.exists():
        chosen = path.with_name(f"{path.stem} ({number}){path.suffix}")
        number += 1
    return chosen


def _move(part: Path, path: Path) -> None:
    """Into another folder, perhaps on another disk, so that it is seen whole."""
    import shutil

    beside = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        shutil.move(part, beside)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise refused("INVALID_BODY", f"'{path.name}' cannot be written: {error}.") from error


def _metadata(text: str) -> dict[str, Any]:
    try:
        found = loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise refused("INVALID_BODY", "'user_metadata' is a JSON object.")
    return found
