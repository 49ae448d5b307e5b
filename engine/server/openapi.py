"""What the server offers, as an OpenAPI 3.1 document and as a page that people read.

Invariant: both are made of the routes themselves: their paths, and what their handlers say.
"""

import inspect
import re
from collections.abc import Iterable
from html import escape
from itertools import groupby
from typing import Any

from aiohttp import web

from engine import __version__

from .schemas import ANSWERS, BODIES, FORMS, SHARED, STATUSES

_PARAMETER = re.compile(r"\{(\w+)(?::([^{}]+))?\}")
_TEXT, _OBJECT = {"type": "string"}, {"type": "object"}
_WITH_BODY = ("POST", "PUT", "PATCH")


def document(routes: Iterable[web.RouteDef]) -> dict[str, Any]:
    """The OpenAPI document of some routes."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        path = _PARAMETER.sub(r"{\1}", route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Latent Loom",
            "version": __version__,
            "description": "Every path that does not begin with /api exists below it, too.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": dict(sorted(paths.items())),
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": dict(SHARED),
        },
        "security": [{}, {"token": []}],
    }


def _operation(route: web.RouteDef) -> dict[str, Any]:
    about = inspect.getdoc(route.handler) or ""
    summary, _, more = about.partition("\n\n")
    found: dict[str, Any] = {
        "operationId": f"{_tag(route)}_{_name(route)}_{route.method.lower()}",
        "tags": [_tag(route)],
        "summary": " ".join(summary.split()),
        "description": more,
        "parameters": [_parameter(*p) for p in _PARAMETER.findall(route.path)],
        "responses": {
            **_answers(f"{route.method} {route.path}"),
            "4XX": {
                "description": "What was wrong, and what to do.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
            },
        },
    }
    if route.method in _WITH_BODY:
        found["requestBody"] = {"content": _body(f"{route.method} {route.path}")}
    return {key: value for key, value in found.items() if value not in ("", [])}


def _answers(key: str) -> dict[str, Any]:
    """What success looks like, by status."""
    done: dict[str, Any] = {"description": "Done."}
    if key in ANSWERS:
        done["content"] = {"application/json": {"schema": dict(ANSWERS[key])}}
    return dict.fromkeys(STATUSES.get(key, ("200",)), done)


def _body(key: str) -> dict[str, Any]:
    if key in FORMS:
        file, others = FORMS[key]
        fields = {file: {"type": "string", "format": "binary"}, **dict.fromkeys(others, _TEXT)}
        form = {"type": "object", "required": list(fields), "properties": fields}
        return {"multipart/form-data": {"schema": form}}
    return {"application/json": {"schema": dict(BODIES.get(key, _OBJECT))}}


def _parameter(name: str, pattern: str) -> dict[str, Any]:
    schema = {**_TEXT, **({"pattern": f"^{pattern}$"} if pattern else {})}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _tag(route: web.RouteDef) -> str:
    return str(route.handler.__module__).rpartition(".")[2]


def _name(route: web.RouteDef) -> str:
    """Of a handler, and of the path if it serves several."""
    parts = re.sub(r"\W+", "_", route.path).strip("_")
    return f"{getattr(route.handler, '__name__', 'handler')}_{parts}"


_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<title>API · Latent Loom</title>
<style>
body {{ max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  font: 15px/1.5 Inter, system-ui, sans-serif; }}
h2 {{ margin: 2rem 0 .5rem; font-size: 1.1rem; }}
details {{ border-top: 1px solid #8885; padding: .45rem 0; }}
summary {{ cursor: pointer; }}
code, pre {{ font: 13px/1.5 ui-monospace, monospace; }}
b {{ display: inline-block; min-width: 4.2rem; font: 600 12px ui-monospace, monospace; }}
pre {{ overflow-x: auto; padding: .6rem; border: 1px solid #8885; border-radius: 6px; }}
p {{ margin: .3rem 0; }}
</style>
<h1>The API of Latent Loom</h1>
<p>Every path exists with and without <code>/api</code> in front. Bad input is answered with 4xx
and a text that says what to do. Programs read
<a href="../openapi.json">openapi.json</a> (OpenAPI 3.1).</p>
{body}
</html>
"""


def page(routes: Iterable[web.RouteDef], address: str) -> str:
    """The same for people, with a command line for each route.

    Args:
        routes: what to show.
        address: of the server, as the reader reached it.
    """
    body = []
    for tag, group in groupby(sorted(routes, key=lambda r: (_tag(r), r.path, r.method)), key=_tag):
        body.append(f"<h2>{escape(tag)}</h2>")
        body += [_entry(route, address) for route in group]
    return _PAGE.format(body="\n".join(body))


def _entry(route: web.RouteDef, address: str) -> str:
    about = _operation(route)
    path = _PARAMETER.sub(r"{\1}", route.path)
    more = escape(about.get("description", "")).replace("\n\n", "</p><p>")
    return (
        f"<details><summary><b>{route.method}</b><code>{escape(path)}</code> "
        f"{escape(about['summary'])}</summary><p>{more}</p>"
        f"<pre>{escape(_command(route, path, address))}</pre></details>"
    )


def _command(route: web.RouteDef, path: str, address: str) -> str:
    """What asks for a route from a terminal."""
    asked = f"curl {address}{path}"
    if route.method not in _WITH_BODY:
        return asked if route.method == "GET" else f"curl -X {route.method} {address}{path}"
    if f"{route.method} {route.path}" in FORMS:
        field, others = FORMS[f"{route.method} {route.path}"]
        return " ".join((asked, f"-F {field}=@picture.png", *(f"-F {name}=..." for name in others)))
    return f"curl -X {route.method} {address}{path} -H 'Content-Type: application/json' -d '{{}}'"
