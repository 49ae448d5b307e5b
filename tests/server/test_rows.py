"""Every row of the interface that clients of this field know is served, with its status."""

from typing import Any

import pytest

from tests.live import LiveServer

JSON = b'{"a": 1}'
#: Method, path, body, status. Files that rows need are made by rows before them.
ROWS: list[tuple[str, str, Any, int]] = [
    ("GET", "/", None, 200),
    ("GET", "/embeddings", None, 200),
    ("GET", "/models", None, 200),
    ("GET", "/models/checkpoints", None, 200),
    ("GET", "/models/clip", None, 200),
    ("GET", "/models/nothing", None, 404),
    ("GET", "/extensions", None, 200),
    ("POST", "/upload/image", b"", 400),
    ("POST", "/upload/mask", b"", 400),
    ("GET", "/view", None, 404),
    ("GET", "/view?filename=/a.png", None, 400),
    ("GET", "/view?filename=..%2Fa.png", None, 400),
    ("GET", "/view?filename=a.png&type=nothing", None, 400),
    ("GET", "/view?filename=a.png&subfolder=../..", None, 403),
    ("GET", "/view?filename=not-there.png", None, 404),
    ("GET", f"/view?filename=blake3:{'0' * 64}", None, 404),
    ("GET", "/view_metadata/checkpoints?filename=loom-tiny.safetensors", None, 200),
    ("GET", "/view_metadata/checkpoints?filename=a.ckpt", None, 404),
    ("GET", "/system_stats", None, 200),
    ("GET", "/features", None, 200),
    ("GET", "/prompt", None, 200),
    ("POST", "/prompt", {}, 400),
    ("GET", "/object_info", None, 200),
    ("GET", "/object_info/KSampler", None, 200),
    ("GET", "/object_info/Nothing", None, 200),
    ("GET", "/history?max_items=1&offset=-1", None, 200),
    ("GET", "/history?max_items=x", None, 400),
    ("GET", "/history/nothing", None, 200),
    ("POST", "/history", {"delete": ["nothing"]}, 200),
    ("GET", "/queue", None, 200),
    ("POST", "/queue", {"delete": ["nothing"]}, 200),
    ("POST", "/interrupt", b"", 200),
    ("POST", "/free", {"free_memory": False}, 200),
    ("GET", "/workflow_templates", None, 200),
    ("GET", "/workflow_templates/nothing/a.json", None, 404),
    ("GET", "/i18n", None, 200),
    ("GET", "/users", None, 200),
    ("GET", "/settings", None, 200),
    ("POST", "/settings", {"Row.a": 1}, 200),
    ("GET", "/settings/Row.nothing", None, 200),
    ("POST", "/settings/Row.a", b"2", 200),
    ("GET", "/userdata", None, 400),
    ("GET", "/userdata?dir=nothing", None, 404),
    ("GET", "/userdata?dir=..%2F..", None, 403),
    ("POST", "/userdata/rows%2Fa.json", JSON, 200),
    ("POST", "/userdata/rows%2Fa.json?overwrite=false", JSON, 409),
    ("GET", "/userdata?dir=rows&recurse=true&full_info=true", None, 200),
    ("GET", "/v2/userdata?path=rows", None, 200),
    ("GET", "/userdata/rows%2Fa.json", None, 200),
    ("GET", "/userdata/rows%2Fnothing.json", None, 404),
    ("POST", "/userdata/rows%2Fa.json/move/rows%2Fb.json", b"", 200),
    ("DELETE", "/userdata/rows%2Fb.json", None, 204),
    ("GET", "/experiment/models", None, 200),
    ("GET", "/experiment/models/checkpoints", None, 200),
    ("GET", "/experiment/models/preview/checkpoints/0/loom-tiny.safetensors", None, 404),
    ("GET", "/internal/logs", None, 200),
    ("GET", "/internal/logs/raw", None, 200),
    ("PATCH", "/internal/logs/subscribe", {"clientId": "rows", "enabled": False}, 200),
    ("GET", "/internal/folder_paths", None, 200),
    ("GET", "/internal/files/output", None, 200),
    ("GET", "/internal/files/nothing", None, 400),
    ("GET", "/jobs?status=completed&limit=1", None, 200),
    ("GET", "/jobs?status=nothing", None, 400),
    ("GET", "/jobs?limit=0", None, 400),
    ("GET", "/jobs/nothing", None, 404),
    ("POST", "/jobs/nothing/cancel", {}, 200),
    ("POST", "/jobs/cancel", {"job_ids": ["nothing"]}, 200),
    ("POST", "/jobs/cancel", {}, 400),
    ("GET", "/global_subgraphs", None, 200),
    ("GET", "/global_subgraphs/nothing", None, 404),
    ("GET", "/node_replacements", None, 200),
    ("GET", "/docs/KSampler/en.md", None, 200),
]
#: Rows that exist below ``/api`` only, for the page's own files are at ``/assets``.
API_ROWS: list[tuple[str, str, Any, int]] = [
    ("HEAD", f"/assets/hash/blake3:{'0' * 64}", None, 404),
    ("GET", "/assets?tags_all=models&limit=1&sort=name&order=asc", None, 200),
    ("GET", "/assets/nothing", None, 404),
    ("PUT", "/assets/nothing", {"name": "a"}, 404),
    ("DELETE", "/assets/nothing", None, 404),
    ("GET", "/assets/nothing/content", None, 404),
    ("POST", "/assets/from-hash", {"hash": f"blake3:{'0' * 64}", "name": "a"}, 404),
    ("POST", "/assets", b"", 400),
    ("POST", "/assets/nothing/tags", {"tags": ["a"]}, 404),
    ("DELETE", "/assets/nothing/tags", {"tags": ["a"]}, 404),
    ("GET", "/tags", None, 200),
    ("POST", "/assets/tags/refine", {}, 200),
    ("POST", "/assets/seed?wait=1", {}, 200),
    ("GET", "/assets/seed/status", None, 200),
    ("POST", "/assets/seed/cancel", {}, 200),
    ("POST", "/assets/prune", {}, 200),
]


@pytest.mark.parametrize("prefix", ["", "/api"])
def test_every_row_is_served(server: LiveServer, prefix: str) -> None:
    rows = [*ROWS, *(API_ROWS if prefix else [])]
    rows = [row for row in rows if not (prefix and row[1] == "/")]
    found = [(m, p, server.request(m, prefix + p, body)[0]) for m, p, body, _ in rows]
    assert found == [(m, p, status) for m, p, _, status in rows]
