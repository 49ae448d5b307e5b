"""TypeScript types of what the server takes and answers, from its OpenAPI document.

Only what ``engine/server/schemas.py`` uses of JSON Schema is understood; anything else is an error.
"""

import json
from collections.abc import Mapping
from typing import Any

_HEAD = """/** Written by tools/write_docs.py from the server's OpenAPI document. */

"""
_PLAIN = {"string": "string", "number": "number", "integer": "number", "boolean": "boolean"}
_PLAIN |= {"null": "null"}


def types_of(document: Mapping[str, Any]) -> str:
    """The text of ``web/src/net/api.d.ts``: shared shapes, bodies and answers by route."""
    shared = document["components"]["schemas"]
    shapes = [_shape(name, _type(schema)) for name, schema in shared.items()]
    bodies, answers = {}, {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            route = f"{method.upper()} {path.removeprefix('/api')}"
            if (body := _json(operation.get("requestBody", {}))) is not None:
                bodies[route] = body
            for status in ("200", "201"):
                if (answer := _json(operation["responses"].get(status, {}))) is not None:
                    answers[route] = answer
    parts = ["\n".join(shapes), _routes("Bodies", bodies), _routes("Answers", answers)]
    return _HEAD + "\n".join(parts)


def _shape(name: str, type: str) -> str:
    if type.startswith("{"):
        return f"export interface {name} {type}\n"
    return f"export type {name} = {type};\n"


def _json(holder: Mapping[str, Any]) -> Mapping[str, Any] | None:
    content = holder.get("content", {}).get("application/json")
    return None if content is None else content["schema"]


def _routes(name: str, schemas: Mapping[str, Mapping[str, Any]]) -> str:
    lines = [f"  {json.dumps(route)}: {_type(schema)};" for route, schema in schemas.items()]
    return "\n".join([f"export interface {name} {{", *lines, "}", ""])


def _type(schema: Mapping[str, Any]) -> str:
    match schema:
        case {"$ref": ref}:
            return str(ref).rpartition("/")[2]
        case {"anyOf": choices}:
            return " | ".join(map(_type, choices))
        case {"enum": values}:
            return " | ".join(map(json.dumps, values))
        case {"type": "array", "prefixItems": items}:
            return f"[{', '.join(map(_type, items))}]"
        case {"type": "array"}:
            return f"readonly ({_type(schema['items'])})[]"
        case {"type": "object"}:
            return _object(schema)
        case {"type": plain}:
            return _PLAIN[plain]
    if schema:
        raise ValueError(f"This schema has no TypeScript type here: {schema}")
    return "unknown"


def _object(schema: Mapping[str, Any]) -> str:
    if isinstance(values := schema.get("additionalProperties"), Mapping):
        return f"Readonly<Record<string, {_type(values)}>>"
    needed = schema.get("required", ())
    fields = [
        f"{name}{'' if name in needed else '?'}: {_type(field)}"
        for name, field in schema.get("properties", {}).items()
    ]
    return f"{{ {'; '.join(fields)} }}" if fields else "Readonly<Record<string, unknown>>"
