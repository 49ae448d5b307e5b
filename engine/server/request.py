"""Reading requests: bodies and query values, checked, with errors that say what to send.

Invariant: anything malformed leaves here as a 400 with a sentence, never as an exception of
the parser.
"""

import json
from typing import Any

from aiohttp import web

from engine.fast_json import loads


def bad(text: str, status: type[web.HTTPException] = web.HTTPBadRequest) -> web.HTTPException:
    """An error answer with a JSON body ``{"error": text}``."""
    return status(text=json.dumps({"error": text}), content_type="application/json")


async def json_body(request: web.Request) -> Any:
    """The JSON value of the body."""
    try:
        return loads(await request.text())
    except (ValueError, LookupError) as error:
        raise bad(f"The body is no JSON: {error}. Send a JSON value encoded as UTF-8.") from error


async def json_object(request: web.Request, empty_ok: bool = False) -> dict[str, Any]:
    """The JSON object of the body; an empty body counts as ``{}`` if that is allowed."""
    if empty_ok and not (await request.read()).strip():
        return {}
    body = await json_body(request)
    if not isinstance(body, dict):
        raise bad(f"The body is a JSON {type(body).__name__}; send an object.")
    return body


def query_int(request: web.Request, name: str) -> int | None:
    """A whole number of the query; None if it is not given."""
    text = request.query.get(name)
    if text is None:
        return None
    try:
        return int(text)
    except ValueError:
        raise bad(f"'{name}' is '{text}'; give a whole number.") from None


def query_flag(request: web.Request, name: str, default: bool = False) -> bool:
    """A switch of the query: ``true`` or ``1`` is on, anything else off."""
    text = request.query.get(name)
    return default if text is None else text.lower() in ("true", "1")


def id_list(body: dict[str, Any], name: str) -> list[str] | None:
    """A list of ids in a body; None if it is not given."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str | int) for item in value):
        raise bad(f"'{name}' must be a list of ids.")
    return [str(item) for item in value]
