"""Files as assets: found, hashed, tagged, uploaded, referred to, deleted."""

import json
import os
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from blake3 import blake3

from tests.live import LiveServer, serving

from .test_prompt import node

ERRORS = {"error": {"code": str, "message": str, "details": dict}}
FIELDS = {
    *("id", "name", "display_name", "hash", "loader_path", "size", "mime_type", "tags"),
    *("preview_url", "preview_id", "user_metadata", "metadata", "job_id"),
    *("created_at", "updated_at", "last_access_time"),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with serving(tmp_path_factory.mktemp("assets") / "base") as running:
        running.until(lambda: " is ready." in running.log(), "the worker is ready")
        yield running


def call(server: LiveServer, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    status, answer = server.request(method, f"/api/{path}", body)
    return status, json.loads(answer) if answer else None


def refused(server: LiveServer, method: str, path: str, body: Any = None) -> tuple[int, str]:
    """Status and code of an error, which has the shape that all have."""
    status, answer = call(server, method, path, body)
    assert {k: type(v) for k, v in answer["error"].items()} == ERRORS["error"], answer
    assert answer["error"]["message"].endswith(".")
    return status, str(answer["error"]["code"])


def upload(server: LiveServer, content: bytes, file: str, /, **fields: str) -> tuple[int, Any]:
    mark = uuid.uuid4().hex
    head = f'--{mark}\r\nContent-Disposition: form-data; name="'
    parts = [f'{head}{key}"\r\n\r\n{value}\r\n'.encode() for key, value in fields.items()]
    parts.append(f'{head}file"; filename="{file}"\r\n\r\n'.encode() + content + b"\r\n")
    body = b"".join(parts) + f"--{mark}--\r\n".encode()
    kind = {"Content-Type": f"multipart/form-data; boundary={mark}"}
    status, answer = server.request("POST", "/api/assets", body, kind)
    return status, json.loads(answer)


def put(server: LiveServer, name: str, content: bytes) -> None:
    file = server.base / "input" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    assert call(server, "POST", "assets/prune")[0] == 200  # looks at the folders at once


def listed(server: LiveServer, **query: Any) -> dict[str, Any]:
    status, answer = call(server, "GET", f"assets?{urlencode(query)}")
    assert status == 200, answer
    return dict(answer)


def test_files_in_the_folders_are_assets(server: LiveServer) -> None:
    put(server, "deep/cat.png", b"not really a picture")
    (cat,) = listed(server, name_contains="CAT")["assets"]
    assert set(cat) == FIELDS
    assert (cat["name"], cat["loader_path"], cat["size"]) == ("cat.png", "deep/cat.png", 20)
    assert (cat["mime_type"], cat["tags"], cat["hash"]) == ("image/png", ["input"], None)
    assert "filename=cat.png&subfolder=deep&type=input" in cat["preview_url"]
    (model,) = listed(server, tags_all="models,model_type:checkpoints")["assets"]
    assert (model["loader_path"], model["preview_url"]) == ("loom-tiny.safetensors", None)
    assert call(server, "GET", f"assets/{cat['id']}") == (200, cat)
    assert server.get("/features")["assets"] is True


def test_a_job_s_picture_knows_its_job(server: LiveServer) -> None:
    prompt = {
        "1": node("EmptyImage", width=8, height=8, batch_size=1, color=0),
        "2": node("SaveImage", images=["1", 0], filename_prefix="made/here"),
    }
    job = server.submit(prompt)
    server.wait(job)
    call(server, "POST", "assets/prune")
    (made,) = listed(server, tags_all="output", name_contains="here")["assets"]
    assert (made["job_id"], made["loader_path"]) == (job, "made/here_00001_.png")


def test_pages_by_offset_and_by_cursor_are_the_same(server: LiveServer) -> None:
    for number in range(5):
        put(server, f"page{number}.txt", b"x" * (number % 2))
    query = {"name_contains": "page", "sort": "size", "order": "asc", "limit": 2}
    by_offset = [listed(server, **query, offset=offset) for offset in (0, 2, 4)]
    by_cursor, more = [], {}
    for _ in range(3):
        by_cursor.append(listed(server, **query, **more))
        more = {"after": by_cursor[-1].get("next_cursor", "")}
    names = [[a["name"] for a in page["assets"]] for page in by_cursor]
    assert names == [[a["name"] for a in page["assets"]] for page in by_offset]
    assert sorted(name for page in names for name in page) == [f"page{n}.txt" for n in range(5)]
    assert [page["has_more"] for page in by_cursor] == [True, True, False]
    assert {page["total"] for page in by_cursor} == {5}


def test_contents_are_hashed_when_asked_and_found_by_hash(server: LiveServer) -> None:
    content = os.urandom(1000)
    hash = f"blake3:{blake3(content).hexdigest()}"
    put(server, "hashed.bin", content)
    head = lambda: server.request("HEAD", f"/api/assets/hash/{hash}")[0]  # noqa: E731
    assert head() == 404
    status, answer = call(server, "POST", "assets/seed?wait=true")
    assert (status, answer["status"], answer["errors"]) == (200, "completed", [])
    assert head() == 200
    assert call(server, "GET", "assets/seed/status")[1]["done"] == answer["total"]
    (found,) = listed(server, hash=hash)["assets"]
    assert server.request("GET", f"/view?filename={hash}")[1] == content
    fields = {"hash": hash, "name": "twin", "tags": ["copy"], "user_metadata": {"a": 1}}
    status, twin = call(server, "POST", "assets/from-hash", fields)
    assert (status, twin["name"], twin["loader_path"]) == (201, "twin", found["loader_path"])
    assert (set(twin["tags"]), twin["user_metadata"]) == ({"input", "copy"}, {"a": 1})
    assert server.request("GET", f"/api/assets/{twin['id']}/content")[1] == content
    assert call(server, "DELETE", f"assets/{twin['id']}")[0] == 204
    assert (server.base / "input" / "hashed.bin").read_bytes() == content
    put(server, "hashed.bin", b"other")
    assert head() == 404


def test_what_vanishes_is_missing_until_it_is_pruned(server: LiveServer) -> None:
    put(server, "gone.txt", b"x")
    (gone,) = listed(server, name_contains="gone")["assets"]
    path = f"assets/{gone['id']}"
    call(server, "POST", f"{path}/tags", {"tags": ["kept"]})
    (server.base / "input" / "gone.txt").rename(server.base / "input" / "away")
    server.until(lambda: "missing" in call(server, "GET", path)[1]["tags"], "it is missed")
    assert refused(server, "GET", f"{path}/content") == (404, "FILE_NOT_FOUND")
    (server.base / "input" / "away").rename(server.base / "input" / "gone.txt")
    server.until(lambda: "missing" not in call(server, "GET", path)[1]["tags"], "it is back")
    assert call(server, "GET", path)[1]["tags"] == ["input", "kept"]
    (server.base / "input" / "gone.txt").unlink()
    assert call(server, "POST", "assets/prune")[1]["pruned"] >= 1
    assert refused(server, "GET", path) == (404, "ASSET_NOT_FOUND")


def test_uploads_are_new_or_known(server: LiveServer) -> None:
    content = os.urandom(64)
    hash = f"blake3:{blake3(content).hexdigest()}"
    tags = '["input", "mine"]'
    status, made = upload(server, content, "up.bin", tags=tags, user_metadata='{"by": "me"}')
    assert (status, made["hash"], made["tags"]) == (201, hash, ["input", "mine"])
    assert (made["user_metadata"], made["loader_path"]) == ({"by": "me"}, "up.bin")
    assert upload(server, content, "again.bin", tags="input", hash=hash) == (200, made)
    status, other = upload(server, b"other", "up.bin", tags="input", name="Another")
    assert (status, other["loader_path"], other["name"]) == (201, "up (1).bin", "Another")
    weights = {"tags": "models,model_type:loras"}
    status, lora = upload(server, b"weights", "my.safetensors", **weights)
    assert (status, lora["loader_path"]) == (201, "my.safetensors")
    assert "my.safetensors" in server.get("/models/loras")
    for fields, name, code in [
        ({}, "a.bin", "MISSING_INPUT"),
        ({"tags": "input,output"}, "a.bin", "MISSING_INPUT"),
        ({"tags": "models"}, "a.safetensors", "MISSING_INPUT"),
        ({"tags": "models,model_type:nothing"}, "a.safetensors", "INVALID_BODY"),
        ({"tags": "models,model_type:custom_nodes"}, "a.safetensors", "INVALID_BODY"),
        ({"tags": "models,model_type:loras"}, "a.py", "INVALID_BODY"),
        ({"tags": "input"}, "../../a.bin", "INVALID_BODY"),
        ({"tags": "input", "hash": f"blake3:{'0' * 64}"}, "a.bin", "HASH_MISMATCH"),
        ({"tags": "input", "user_metadata": "[]"}, "a.bin", "INVALID_BODY"),
    ]:
        status, answer = upload(server, os.urandom(8), name, **fields)
        assert (status, answer["error"]["code"]) == (400, code), fields
    assert not list((server.base / "temp").glob("*.part"))


def test_tags_and_facts_are_changed(server: LiveServer) -> None:
    put(server, "tagged.txt", b"x")
    (asset,) = listed(server, name_contains="tagged")["assets"]
    path = f"assets/{asset['id']}"
    assert call(server, "POST", f"{path}/tags", {"tags": ["a", "b"]})[1]["tags"] == [
        "input",
        "a",
        "b",
    ]
    assert call(server, "DELETE", f"{path}/tags", {"tags": ["a"]})[1]["tags"] == ["input", "b"]
    assert listed(server, tags_any="a,b", tags_none="models")["total"] == 1
    counts = {tag["name"]: tag["count"] for tag in call(server, "GET", "tags")[1]["tags"]}
    assert counts["b"] == 1 and counts["input"] > 1
    body = {"tags_all": ["b"]}
    assert call(server, "POST", "assets/tags/refine", body)[1]["tags"] == [
        {"name": "b", "count": 1},
        {"name": "input", "count": 1},
    ]
    change = {"name": "New name", "user_metadata": {"x": [1]}, "preview_id": asset["id"]}
    changed = call(server, "PUT", path, change)[1]
    assert {key: changed[key] for key in change} == change
    for tag in ("input", "missing", "model_type:loras"):
        forbidden = refused(server, "POST", f"{path}/tags", {"tags": [tag]})
        assert forbidden == (400, "SYSTEM_TAG_FORBIDDEN")
    assert call(server, "DELETE", path)[0] == 204
    assert not (server.base / "input" / "tagged.txt").exists()
    (model,) = listed(server, tags_all="model_type:checkpoints")["assets"]
    assert refused(server, "DELETE", f"assets/{model['id']}") == (403, "FORBIDDEN")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "assets?limit=501", None, 400, "INVALID_QUERY"),
        ("GET", "assets?sort=id", None, 400, "INVALID_QUERY"),
        ("GET", "assets?after=nonsense", None, 400, "INVALID_CURSOR"),
        ("GET", "assets?hash=md5:1", None, 400, "INVALID_HASH"),
        ("GET", "assets?colour=red", None, 400, "UNSUPPORTED_PARAM"),
        ("GET", "assets/nobody", None, 404, "ASSET_NOT_FOUND"),
        ("PUT", "assets/nobody", {"name": "x"}, 404, "ASSET_NOT_FOUND"),
        ("POST", "assets/from-hash", {"hash": f"blake3:{'0' * 64}"}, 400, "MISSING_INPUT"),
        ("POST", "assets/from-hash", b"{", 400, "INVALID_JSON"),
        ("POST", "assets/tags/refine", {"tags_any": 3}, 400, "INVALID_TAG_FILTER"),
        ("POST", "assets", {}, 400, "INVALID_BODY"),
    ],
)
def test_bad_requests_are_told_why(
    server: LiveServer, method: str, path: str, body: Any, status: int, code: str
) -> None:
    assert refused(server, method, path, body) == (status, code)


def test_what_a_browser_would_run_is_only_saved(server: LiveServer) -> None:
    put(server, "evil.html", b"<script>1</script>")
    (evil,) = listed(server, name_contains="evil")["assets"]
    import urllib.request

    with urllib.request.urlopen(f"{server.url}/api/assets/{evil['id']}/content") as answer:
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["Content-Disposition"].startswith("attachment")
