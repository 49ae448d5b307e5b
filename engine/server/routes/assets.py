"""``/api/assets``: the files of the input, output and model folders, with tags and hashes.

These paths exist with ``/api`` only, for the canvas's own files are below ``/assets``. Errors are
``{"error": {"code", "message", "details"}}``.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from engine.fast_json import loads
from engine.store import assets as store
from engine.store.assets import MISSING, SORTS, Asset, Wanted, is_system

from ..people import person_of
from ..state import ServerState, state_of
from . import asset_upload
from .asset_upload import refused
from .files import sent

_HASH = re.compile(r"blake3:[0-9a-f]{64}")
_LISTS = ("tags_all", "tags_any", "tags_none")
_QUERY = {*_LISTS, "name_contains", "hash", "limit", "offset", "after", "sort", "order"}
_MOST = 500
#: What a change of an asset may hold.
_EDITABLE = ("name", "user_metadata", "preview_id")


async def listing(request: web.Request) -> web.Response:
    """A page of assets; chosen by tags, ``name_contains`` and ``hash``.

    ``tags_all``, ``tags_any``, ``tags_none`` are lists with commas; ``limit`` is 20 (at most 500),
    ``offset`` or ``after`` (the ``next_cursor`` of the page before) say where the page begins,
    ``sort`` (created_at) and ``order`` (desc) how it is sorted.
    """
    state, query = await _fresh(request), request.query
    if unknown := sorted(set(query) - _QUERY):
        text = f"'{unknown[0]}' is no parameter; there are {', '.join(sorted(_QUERY))}."
        raise refused("UNSUPPORTED_PARAM", text)
    sort, order = query.get("sort", "created_at"), query.get("order", "desc")
    if sort not in SORTS or order not in ("asc", "desc"):
        text = f"Sort by one of {', '.join(SORTS)}, 'asc' or 'desc'; not by '{sort}' '{order}'."
        raise refused("INVALID_QUERY", text)
    limit, offset = _number(query, "limit", 20, 1, _MOST), _number(query, "offset", 0, 0, 1 << 40)
    page = partial(
        store.find,
        wanted=_wanted(query),
        sort=sort,
        descending=order == "desc",
        limit=limit,
        offset=offset,
        after=query.get("after"),
    )
    try:
        found, total, cursor = await state.database.run(page)
    except (ValueError, TypeError) as error:
        text = "'after' is no cursor of this list; take 'next_cursor' of the page before."
        raise refused("INVALID_CURSOR", text) from error
    shown = {"assets": [_shown(asset) for asset in found], "total": total}
    more = {"has_more": cursor is not None, **({"next_cursor": cursor} if cursor else {})}
    return web.json_response({**shown, **more})


async def known(request: web.Request) -> web.Response:
    """Whether a content is here: 200 or 404. Only contents whose hash is known count."""
    path = await _enabled(request).assets.content(_hash(request.match_info["hash"]))
    return web.Response(status=200 if path is not None else 404)


async def show(request: web.Request) -> web.Response:
    """One asset."""
    return web.json_response(_shown(await _asset(request)))


async def change(request: web.Request) -> web.Response:
    """Change ``name``, ``user_metadata`` (an object) or ``preview_id`` (an asset)."""
    asset, body = await _asset(request), await _body(request)
    if not body or set(body) - set(_EDITABLE):
        raise refused("INVALID_BODY", f"Give some of {', '.join(_EDITABLE)}, and nothing else.")
    _check(body)
    if (preview := body.get("preview_id")) is not None:
        await _asset(request, preview)
    changed = await state_of(request).database.run(store.update, asset.id, body)
    return web.json_response(_shown(changed or asset))


async def remove(request: web.Request) -> web.Response:
    """Delete an asset: an input or output with its file, a reference alone. Models stay."""
    state, asset = state_of(request), await _asset(request)
    if asset.is_file and asset.root == "models":
        text = f"'{asset.name}' is a model; take its file out of the folder yourself."
        raise refused("FORBIDDEN", text, web.HTTPForbidden)
    if asset.is_file and person_of(request).owner is not None:
        text = "Files are everybody's; an administrator may delete them."
        raise refused("FORBIDDEN", text, web.HTTPForbidden)
    if asset.is_file:
        Path(asset.path).unlink(missing_ok=True)
    await state.database.run(store.delete, asset.id)
    return web.Response(status=204)


async def content(request: web.Request) -> web.StreamResponse:
    """The file; ``disposition=attachment`` has it saved. Scripts and pages are always saved."""
    asset, disposition = await _asset(request), request.query.get("disposition", "inline")
    if disposition not in ("inline", "attachment"):
        raise refused("INVALID_QUERY", f"'disposition' is '{disposition}'; inline or attachment.")
    path = Path(asset.path)
    if not path.is_file():
        text = f"The file of '{asset.name}' is gone."
        raise refused("FILE_NOT_FOUND", text, web.HTTPNotFound)
    await state_of(request).database.run(store.touch, asset.id)
    return sent(path, disposition == "attachment")


async def upload(request: web.Request) -> web.Response:
    """Store a file: a form with ``tags``, ``file``; perhaps ``name``, ``hash``, ``user_metadata``.

    One tag is ``input``, ``output`` or ``models``; for a model one is ``model_type:FOLDER``.
    Answers 201, or 200 with the asset that there is if the content is known there.
    """
    state = await _fresh(request)
    allowed = person_of(request).owner is None
    asset, is_new = await asset_upload.store_upload(request, state, allowed)
    return web.json_response(_shown(asset), status=201 if is_new else 200)


async def from_hash(request: web.Request) -> web.Response:
    """One more reference to a content that is here: ``{hash, name, tags?, user_metadata?}``."""
    state, body = _enabled(request), await _body(request)
    name, tags = body.get("name"), _tags(body, required=False)
    if not isinstance(name, str) or not name:
        raise refused("MISSING_INPUT", "Give the asset a name as 'name'.")
    _check(body)
    found = await state.database.run(store.with_hash, _hash(body.get("hash")))
    if not found:
        text = "No file with this hash is known; upload it, or POST /api/assets/seed first."
        raise refused("ASSET_NOT_FOUND", text, web.HTTPNotFound)
    first = found[0]
    file = store.Found(
        first.path,
        first.root,
        first.kind,
        first.loader_path,
        first.size,
        first.mtime_ns,
        first.mime_type,
    )
    metadata = body.get("user_metadata")
    make = partial(store.insert, file=file, name=name, tags=tags, hash=first.hash, is_file=False)
    made = await state.database.run(make, user_metadata=metadata)
    return web.json_response(_shown(made), status=201)


async def add_tags(request: web.Request) -> web.Response:
    """Add ``{"tags": [...]}`` to an asset."""
    asset, tags = await _asset(request), _tags(await _body(request))
    return await _retag(request, asset, [*asset.tags, *(t for t in tags if t not in asset.tags)])


async def drop_tags(request: web.Request) -> web.Response:
    """Take ``{"tags": [...]}`` from an asset."""
    asset, tags = await _asset(request), _tags(await _body(request))
    return await _retag(request, asset, [tag for tag in asset.tags if tag not in tags])


async def tags(request: web.Request) -> web.Response:
    """All tags with how many assets have each, as ``{"tags": [{name, count}]}``."""
    state = await _fresh(request)
    return await _counted(state, Wanted())


async def refine(request: web.Request) -> web.Response:
    """The same of the assets that a body with the filters of the list chooses."""
    state, body = await _fresh(request), await _body(request)
    return await _counted(state, _wanted(body))


async def seed(request: web.Request) -> web.Response:
    """Look at all files and hash them; 202, 409 if that goes on, 200 at its end with ``wait``."""
    assets = _enabled(request).assets
    begun = assets.seed()
    if begun and request.query.get("wait", "").lower() in ("1", "true") and assets.seeding:
        await assets.seeding
    running = assets.state() == "running"
    answer = {"status": assets.state(), **assets.progress}
    return web.json_response(answer, status=409 if not begun else 202 if running else 200)


async def seed_status(request: web.Request) -> web.Response:
    """How far the hashing is."""
    assets = _enabled(request).assets
    return web.json_response({"status": assets.state(), **assets.progress})


async def seed_cancel(request: web.Request) -> web.Response:
    """Stop it."""
    assets = _enabled(request).assets
    stopped = assets.seeding is not None and assets.seeding.cancel()
    return web.json_response({"cancelled": stopped})


async def prune(request: web.Request) -> web.Response:
    """Forget the assets whose files are gone."""
    state = _enabled(request)
    await state.assets.refresh(always=True)
    return web.json_response({"pruned": await state.database.run(store.prune)})


def _enabled(request: web.Request) -> ServerState:
    state = state_of(request)
    if not state.config.assets:
        text = "The server was started with --disable-assets."
        raise refused("SERVICE_DISABLED", text, web.HTTPServiceUnavailable)
    return state


async def _fresh(request: web.Request) -> ServerState:
    state = _enabled(request)
    await state.assets.refresh()
    return state


async def _asset(request: web.Request, id: Any = None) -> Asset:
    state = await _fresh(request)
    wanted = request.match_info["id"] if id is None else id
    found = await state.database.run(store.get, str(wanted))
    if found is None:
        text = f"There is no asset '{wanted}'; GET /api/assets lists them."
        raise refused("ASSET_NOT_FOUND", text, web.HTTPNotFound)
    return found


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = loads(await request.text())
    except (ValueError, LookupError) as error:
        raise refused("INVALID_JSON", f"The body is no JSON: {error}.") from error
    if not isinstance(body, dict):
        raise refused("INVALID_BODY", "Send a JSON object.")
    return body


def _check(body: Mapping[str, Any]) -> None:
    """What assets say of themselves has the right types."""
    metadata, preview = body.get("user_metadata", {}), body.get("preview_id")
    name = body.get("name", "x")
    if not isinstance(metadata, dict) or not isinstance(preview, str | None):
        text = "'user_metadata' is an object, 'preview_id' the id of an asset."
        raise refused("INVALID_BODY", text)
    if not isinstance(name, str) or not 0 < len(name) <= 512:
        raise refused("INVALID_BODY", "'name' is a text of 1 to 512 characters.")


def _tags(body: Mapping[str, Any], required: bool = True) -> list[str]:
    tags = body.get("tags", None if required else [])
    if not isinstance(tags, list) or not all(isinstance(t, str) and 0 < len(t) < 200 for t in tags):
        raise refused("INVALID_BODY", "Give 'tags' as a list of texts.")
    if system := [tag for tag in tags if is_system(tag)]:
        text = f"'{system[0]}' says where a file is; only the server gives and takes it."
        raise refused("SYSTEM_TAG_FORBIDDEN", text)
    return [str(tag) for tag in tags]


async def _retag(request: web.Request, asset: Asset, tags: list[str]) -> web.Response:
    changed = await state_of(request).database.run(store.update, asset.id, {"tags": tags})
    return web.json_response(_shown(changed or asset))


async def _counted(state: ServerState, wanted: Wanted) -> web.Response:
    counts = await state.database.run(store.tag_counts, wanted)
    return web.json_response({"tags": [{"name": n, "count": c} for n, c in counts]})


def _wanted(given: Mapping[str, Any]) -> Wanted:
    """The filters of a query, or of a body."""
    lists = {name: _names(given.get(name, ()), name) for name in _LISTS}
    text = given.get("name_contains", "")
    if not isinstance(text, str):
        raise refused("INVALID_QUERY", "'name_contains' is a text.")
    wanted = given.get("hash")
    return Wanted(**lists, name_contains=text, hash=_hash(wanted) if wanted is not None else "")


def _names(given: Any, name: str) -> tuple[str, ...]:
    names = given.split(",") if isinstance(given, str) else given
    if not isinstance(names, list | tuple) or not all(isinstance(n, str) for n in names):
        raise refused("INVALID_TAG_FILTER", f"'{name}' is a list of tags.")
    if len(names) > 100:
        raise refused("INVALID_TAG_FILTER", f"'{name}' has {len(names)} tags; at most 100.")
    return tuple(n.strip() for n in names if n.strip())


def _hash(given: Any) -> str:
    if not isinstance(given, str) or not _HASH.fullmatch(given):
        raise refused("INVALID_HASH", "A hash is 'blake3:' and 64 digits of 0-9 and a-f.")
    return given


def _number(query: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = query.get(name, str(default))
    if not re.fullmatch(r"[0-9]{1,15}", text) or not least <= int(text) <= most:
        raise refused("INVALID_QUERY", f"'{name}' is '{text}'; give {least} to {most}.")
    return int(text)


def _shown(asset: Asset) -> dict[str, Any]:
    """An asset as clients see it."""
    return {
        "id": asset.id,
        "name": asset.name,
        "display_name": asset.name,
        "hash": asset.hash,
        "loader_path": asset.loader_path,
        "size": asset.size,
        "mime_type": asset.mime_type,
        "tags": list(asset.tags),
        "preview_url": _preview(asset),
        "preview_id": asset.preview_id,
        "user_metadata": asset.user_metadata,
        "metadata": {},
        "job_id": asset.job_id,
        "created_at": _iso(asset.created_at),
        "updated_at": _iso(asset.updated_at),
        "last_access_time": _iso(asset.last_access_time),
    }


def _preview(asset: Asset) -> str | None:
    if MISSING in asset.tags or asset.root == "models":
        return None
    if not asset.mime_type.startswith("image/") or "svg" in asset.mime_type:
        return None
    folder, _, name = asset.loader_path.rpartition("/")
    query = {"filename": name, "subfolder": folder, "type": asset.root, "preview": "webp;80"}
    return f"/api/view?{urlencode(query)}"


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


ROUTES = [
    web.head("/api/assets/hash/{hash}", known),
    web.get("/api/assets", listing, allow_head=False),
    web.post("/api/assets", upload),
    web.post("/api/assets/from-hash", from_hash),
    web.get("/api/tags", tags, allow_head=False),
    web.post("/api/assets/tags/refine", refine),
    web.post("/api/assets/seed", seed),
    web.get("/api/assets/seed/status", seed_status, allow_head=False),
    web.post("/api/assets/seed/cancel", seed_cancel),
    web.post("/api/assets/prune", prune),
    web.get("/api/assets/{id}", show, allow_head=False),
    web.put("/api/assets/{id}", change),
    web.delete("/api/assets/{id}", remove),
    web.get("/api/assets/{id}/content", content, allow_head=False),
    web.post("/api/assets/{id}/tags", add_tags),
    web.delete("/api/assets/{id}/tags", drop_tags),
]
