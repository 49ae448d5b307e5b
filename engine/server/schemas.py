"""Shapes of what routes take and answer, as JSON Schema: for the OpenAPI document, types, tests.

Invariant: what is written here holds: ``tests/server/test_fuzz.py`` compares every answer.
"""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]
_TEXT: Schema = {"type": "string"}
_NUMBER: Schema = {"type": "number"}
_WHOLE: Schema = {"type": "integer"}
_FLAG: Schema = {"type": "boolean"}
_OBJECT: Schema = {"type": "object"}
_ANY: Schema = {}


def _list(item: Schema) -> Schema:
    return {"type": "array", "items": item}


def _by_name(item: Schema) -> Schema:
    return {"type": "object", "additionalProperties": item}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _fields(fields: Mapping[str, Schema], **optional: Schema) -> Schema:
    """An object: the fields that it always has, and those that it may have."""
    return {
        "type": "object",
        "required": list(fields),
        "properties": {**fields, **optional},
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


_MANY = _fields({}, clear=_FLAG, delete=_list(_TEXT))
#: What several routes share, by name.
SHARED: Mapping[str, Schema] = {
    "Error": {"type": "object", "properties": {"error": {}}},
    "Node": _fields({"class_type": _TEXT, "inputs": _OBJECT}, _meta=_OBJECT),
    "Prompt": _by_name(_ref("Node")),
    "Uploaded": _fields({"name": _TEXT, "subfolder": _TEXT, "type": _TEXT}),
    "QueueItem": {
        "description": "number, id, prompt, extra_data, ids of the output nodes",
        "type": "array",
        "prefixItems": [_NUMBER, _TEXT, _OBJECT, _OBJECT, _list(_TEXT)],
        "minItems": 5,
        "maxItems": 5,
    },
    "Status": _fields({"status_str": _TEXT, "completed": _FLAG, "messages": _list(_list(_ANY))}),
    "HistoryEntry": _fields(
        {
            "prompt": _ref("QueueItem"),
            "outputs": _by_name(_OBJECT),
            "status": _ref("Status"),
            "meta": _by_name(_OBJECT),
        }
    ),
    "Job": _fields(
        {
            "id": _TEXT,
            "status": {"enum": ["pending", "in_progress", "completed", "failed", "cancelled"]},
            "priority": _NUMBER,
            "create_time": _WHOLE,
            "outputs_count": _WHOLE,
            "previewable_outputs_count": _WHOLE,
        },
        execution_start_time=_WHOLE,
        execution_end_time=_WHOLE,
        execution_error=_OBJECT,
        preview_output=_OBJECT,
        workflow_id=_TEXT,
        workflow=_OBJECT,
        outputs=_by_name(_OBJECT),
        execution_status=_ref("Status"),
        x_client=_TEXT,
        x_paper=_OBJECT,
        x_outputs=_list(_OBJECT),
    ),
    "NodeInfo": _fields(
        {
            "input": _fields({"required": _OBJECT}, optional=_OBJECT, hidden=_OBJECT),
            "input_order": _by_name(_list(_TEXT)),
            "output": _list(_ANY),
            "output_is_list": _list(_FLAG),
            "output_name": _list(_TEXT),
            "name": _TEXT,
            "display_name": _TEXT,
            "description": _TEXT,
            "python_module": _TEXT,
            "category": _TEXT,
            "output_node": _FLAG,
        },
        output_tooltips=_list(_TEXT),
        deprecated=_FLAG,
        experimental=_FLAG,
        is_input_list=_FLAG,
        has_intermediate_output=_FLAG,
        search_aliases=_list(_TEXT),
    ),
    "Pack": _fields(
        {
            "name": _TEXT,
            "nodes": _list(_TEXT),
            "seconds": _NUMBER,
            "error": _TEXT,
            "asks": _or_null(_OBJECT),
            "isolated": _FLAG,
            "held": _TEXT,
            "note": _TEXT,
        }
    ),
    "Asset": _fields(
        {
            "id": _TEXT,
            "name": _TEXT,
            "display_name": _TEXT,
            "hash": _or_null(_TEXT),
            "loader_path": _TEXT,
            "size": _WHOLE,
            "mime_type": _TEXT,
            "tags": _list(_TEXT),
            "preview_url": _or_null(_TEXT),
            "preview_id": _or_null(_TEXT),
            "user_metadata": _OBJECT,
            "metadata": _OBJECT,
            "job_id": _or_null(_TEXT),
            "created_at": _TEXT,
            "updated_at": _TEXT,
            "last_access_time": _TEXT,
        }
    ),
    "Tags": _fields({"tags": _list(_fields({"name": _TEXT, "count": _WHOLE}))}),
    "Seeding": _fields({"status": _TEXT, "done": _WHOLE, "total": _WHOLE, "errors": _list(_TEXT)}),
    "UserFile": _fields({"path": _TEXT, "size": _WHOLE, "modified": _NUMBER, "created": _NUMBER}),
    "ModelFile": _fields(
        {
            "name": _TEXT,
            "pathIndex": _WHOLE,
            "size": _WHOLE,
            "modified": _NUMBER,
            "created": _NUMBER,
        }
    ),
}
#: What routes take as JSON, where it is more than an object.
BODIES: Mapping[str, Schema] = {
    "POST /prompt": _fields(
        {"prompt": _ref("Prompt")},
        client_id=_TEXT,
        prompt_id=_TEXT,
        number=_NUMBER,
        front=_FLAG,
        extra_data=_OBJECT,
        partial_execution_targets=_list(_TEXT),
    ),
    "POST /queue": _MANY,
    "POST /history": _MANY,
    "POST /interrupt": _fields({}, prompt_id=_TEXT),
    "POST /free": _fields({}, unload_models=_FLAG, free_memory=_FLAG),
    "POST /jobs/cancel": _fields({"job_ids": _list(_TEXT)}),
    "POST /x/jobs/{id}/move": _fields({}, number=_NUMBER, front=_FLAG),
    "POST /x/convert": _fields({"workflow": _OBJECT}),
    "POST /api/assets/from-hash": _fields(
        {"hash": _TEXT, "name": _TEXT}, tags=_list(_TEXT), user_metadata=_OBJECT
    ),
    "PUT /api/assets/{id}": _fields(
        {}, name=_TEXT, user_metadata=_OBJECT, preview_id=_or_null(_TEXT)
    ),
    "POST /api/assets/{id}/tags": _fields({"tags": _list(_TEXT)}),
    "POST /users": _fields({"username": _TEXT}),
    "POST /login": _fields({"name": _TEXT, "password": _TEXT}),
}
#: With which status routes succeed, where it is not 200 alone.
STATUSES: Mapping[str, tuple[str, ...]] = {
    "POST /api/assets": ("200", "201"),
    "POST /api/assets/from-hash": ("201",),
    "POST /api/assets/seed": ("200", "202"),
    "DELETE /api/assets/{id}": ("204",),
    "DELETE /userdata/{file}": ("204",),
}
#: What they answer then; others answer with a file, with nothing, or with whatever packs and
#: users have put there.
ANSWERS: Mapping[str, Schema] = {
    "POST /prompt": _fields({"prompt_id": _TEXT, "number": _NUMBER, "node_errors": _OBJECT}),
    "GET /prompt": _fields({"exec_info": _fields({"queue_remaining": _WHOLE})}),
    "POST /x/convert": _fields({"prompt": _ref("Prompt")}),
    "GET /queue": _fields(
        {"queue_running": _list(_ref("QueueItem")), "queue_pending": _list(_ref("QueueItem"))}
    ),
    "GET /history": _by_name(_ref("HistoryEntry")),
    "GET /history/{id}": _by_name(_ref("HistoryEntry")),
    "GET /jobs": _fields(
        {
            "jobs": _list(_ref("Job")),
            "pagination": _fields(
                {"offset": _WHOLE, "limit": _or_null(_WHOLE), "total": _WHOLE, "has_more": _FLAG}
            ),
        }
    ),
    "GET /jobs/{id}": _ref("Job"),
    "POST /jobs/{id}/cancel": _fields({"cancelled": _FLAG}),
    "POST /jobs/cancel": _fields({"cancelled": _FLAG}),
    "POST /x/jobs/{id}/retry": _fields({"prompt_id": _TEXT, "number": _NUMBER}),
    "POST /x/jobs/{id}/move": _fields({"moved": _FLAG}),
    "GET /x/queue": _fields({"paused": _FLAG}),
    "POST /x/queue/pause": _fields({"paused": _FLAG}),
    "POST /x/queue/resume": _fields({"paused": _FLAG}),
    "GET /object_info": _by_name(_ref("NodeInfo")),
    "GET /object_info/{id}": _by_name(_ref("NodeInfo")),
    "GET /node_replacements": _by_name(_list(_OBJECT)),
    "GET /embeddings": _list(_TEXT),
    "GET /models": _list(_TEXT),
    "GET /models/{kind}": _list(_TEXT),
    "GET /experiment/models": _list(_fields({"name": _TEXT, "folders": _list(_TEXT)})),
    "GET /experiment/models/{kind}": _list(_ref("ModelFile")),
    "GET /view_metadata/{kind}": _OBJECT,
    "GET /extensions": _list(_TEXT),
    "GET /x/packs": _fields({"packs": _list(_ref("Pack"))}),
    "POST /x/packs/{pack}/reload": _ref("Pack"),
    "GET /system_stats": _fields(
        {"system": _OBJECT, "devices": _list(_OBJECT), "x": _OBJECT},
    ),
    "GET /features": _OBJECT,
    "GET /settings": _OBJECT,
    "POST /upload/image": _ref("Uploaded"),
    "POST /upload/mask": _ref("Uploaded"),
    "GET /userdata": _list({"anyOf": [_TEXT, _list(_TEXT), _ref("UserFile")]}),
    "GET /v2/userdata": _list(
        _fields(
            {"name": _TEXT, "path": _TEXT, "type": {"enum": ["file", "directory"]}},
            size=_WHOLE,
            modified=_NUMBER,
        )
    ),
    "POST /userdata/{file}": {"anyOf": [_TEXT, _ref("UserFile")]},
    "POST /userdata/{file}/move/{dest}": {"anyOf": [_TEXT, _ref("UserFile")]},
    "GET /users": _fields({"storage": _TEXT}, migrated=_FLAG, users=_by_name(_TEXT)),
    "GET /x/me": _OBJECT,
    "GET /x/workers": _fields({"workers": _list(_OBJECT)}),
    "GET /x/events": _fields({"events": _list(_OBJECT), "next": _WHOLE}),
    "GET /x/cache": _OBJECT,
    "GET /global_subgraphs": _by_name(_OBJECT),
    "GET /workflow_templates": _by_name(_list(_TEXT)),
    "GET /i18n": _by_name(_OBJECT),
    "GET /internal/logs": _TEXT,
    "GET /internal/logs/raw": _fields({"entries": _list(_OBJECT), "size": _OBJECT}),
    "GET /internal/folder_paths": _by_name(_list(_TEXT)),
    "GET /internal/files/{kind}": _list(_TEXT),
    "GET /api/assets": _fields(
        {"assets": _list(_ref("Asset")), "total": _WHOLE, "has_more": _FLAG}, next_cursor=_TEXT
    ),
    "POST /api/assets": _ref("Asset"),
    "POST /api/assets/from-hash": _ref("Asset"),
    "GET /api/assets/{id}": _ref("Asset"),
    "PUT /api/assets/{id}": _ref("Asset"),
    "POST /api/assets/{id}/tags": _ref("Asset"),
    "DELETE /api/assets/{id}/tags": _ref("Asset"),
    "GET /api/tags": _ref("Tags"),
    "POST /api/assets/tags/refine": _ref("Tags"),
    "POST /api/assets/seed": _ref("Seeding"),
    "GET /api/assets/seed/status": _ref("Seeding"),
    "POST /api/assets/seed/cancel": _fields({"cancelled": _FLAG}),
    "POST /api/assets/prune": _fields({"pruned": _WHOLE}),
}
#: Routes that take a form, with the field that is the file and other fields that it must have.
FORMS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "POST /upload/image": ("image", ()),
    "POST /upload/mask": ("image", ("original_ref",)),
    "POST /api/assets": ("file", ("tags",)),
}
