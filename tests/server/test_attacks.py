"""Attacks that have been published against programs of this kind, tried on ours."""

import ast
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.live import ROOT, LiveServer

from .test_prompt import node, shown

SECRET = "hush-4711-hush"
#: Modules of ours that speak HTTP to others: the worker's door, a command of the user, and the
#: client, which runs in programs of the user.
CALLERS = {
    *("engine/server/passing.py", "engine/commands/queue.py"),
    "engine/client/asynchronous.py",
}


def ours() -> list[tuple[str, ast.Module]]:
    files = [file for folder in ("engine", "nodes") for file in (ROOT / folder).rglob("*.py")]
    return [(file.relative_to(ROOT).as_posix(), ast.parse(file.read_text())) for file in files]


def test_no_code_of_ours_evaluates_text() -> None:
    found = {
        (name, call.func.id)
        for name, tree in ours()
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
        if call.func.id in ("eval", "exec", "compile", "__import__")
    }
    assert not found


def test_nothing_of_ours_fetches_what_others_name() -> None:
    words = {"ClientSession", "urlopen", "HTTPConnection", "HTTPSConnection", "create_connection"}
    found = {
        name
        for name, tree in ours()
        for part in ast.walk(tree)
        if isinstance(part, ast.Attribute | ast.Name | ast.alias)
        if words & {str(getattr(part, key, "")) for key in ("attr", "id", "name")}
    }
    assert found == CALLERS


def test_no_route_installs_or_writes_settings_of_the_program(server: LiveServer) -> None:
    paths = server.get("/openapi.json")["paths"]
    words = ("install", "download", "git", "pip", "shutdown", "reboot", "exec")
    assert len(paths) > 50
    assert not [path for path in paths if any(word in path.lower() for word in words)]


def test_uploads_and_user_files_are_never_imported(server: LiveServer) -> None:
    code = b"raise SystemExit('imported')"
    for name in ("../custom_nodes/evil.py", "..\\custom_nodes\\evil.py", "custom_nodes/evil.py"):
        server.upload(name, code, subfolder="../custom_nodes", type="input")
        server.upload("evil.py", code, subfolder="../custom_nodes", type="temp")
        server.request("POST", f"/userdata/{name.replace('/', '%2F')}", code)
    packs = server.base / "custom_nodes"
    assert not [file for file in packs.rglob("*") if "evil" in file.name]
    roots = [server.base / name for name in ("input", "output", "temp", "user")]
    assert not [root for root in roots if packs.is_relative_to(root) or root.is_relative_to(packs)]


def test_secrets_of_a_job_are_told_to_nobody(server: LiveServer) -> None:
    extra = {"api_key_comfy_org": SECRET, "auth_token_comfy_org": SECRET}
    picture = {
        "1": node("EmptyImage", width=8, height=8, batch_size=1, color=0),
        "2": node("SaveImage", images=["1", 0], filename_prefix="secret"),
    }
    job = server.submit(picture, extra_data=extra)
    failing = server.submit(shown("ProbeFail", message="broken"), extra_data=extra)
    for each in (job, failing):
        server.wait(each)
    paths = ["/history", f"/history/{job}", "/queue", "/api/jobs", f"/api/jobs/{job}", "/metrics"]
    for path in (*paths, f"/api/jobs/{failing}", "/internal/logs"):
        status, body = server.request("GET", path)
        assert status == 200 and SECRET.encode() not in body, path
    (file,) = (server.base / "output").glob("secret*.png")
    assert SECRET.encode() not in file.read_bytes() and SECRET not in server.log()


@pytest.mark.parametrize("key", ["__proto__", "__class__", "constructor"])
def test_keys_that_mean_something_to_a_language_are_only_keys(server: LiveServer, key: str) -> None:
    prompt: dict[str, Any] = {"1": {"class_type": "ProbeValue", "inputs": {key: {"__init__": 1}}}}
    assert server.request("POST", "/prompt", {"prompt": prompt})[0] in (200, 400)
    assert server.request("POST", "/settings", {key: {"x": 1}})[0] < 500
    assert server.get("/queue")


def raw(server: LiveServer, head: str, body: bytes) -> bytes:
    """What comes back for bytes that no client would send."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as end:
        try:
            end.sendall(
                f"POST /upload/image HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}\r\n\r\n".encode()
            )
            end.sendall(body)
            return end.recv(4096)
        except OSError:
            return b""  # it did not want to hear more


@pytest.mark.parametrize(
    ("mark", "name", "boundary"),
    [
        pytest.param("x" * (10 << 20), "a.png", "", id="a boundary of 10 MB"),
        pytest.param("mark", "n" * (10 << 20), "mark", id="a file name of 10 MB"),
        pytest.param("mark", "a.png", "-" * 100_000, id="a boundary that goes on and on"),
    ],
)
def test_forms_made_to_exhaust_are_refused(
    server: LiveServer, mark: str, name: str, boundary: str
) -> None:
    field = f'Content-Disposition: form-data; name="image"; filename="{name}"'
    body = f"--{boundary or mark}\r\n{field}\r\n\r\nx\r\n--{mark}--\r\n".encode()
    length = f"Content-Length: {len(body)}"
    answer = raw(server, f"Content-Type: multipart/form-data; boundary={mark}\r\n{length}", body)
    assert not answer or answer.split()[1].startswith(b"4"), answer[:200]
    assert server.get("/queue")


def test_clients_that_never_finish_keep_nobody_waiting(server: LiveServer) -> None:
    ends = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(200)]
    try:
        for end in ends:
            end.sendall(b"POST /prompt HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 999\r\n\r\n{")
        assert server.wait(server.submit(shown(number=1)))["status"]["completed"]
    finally:
        for end in ends:
            end.close()


def test_opening_a_workflow_reads_and_runs_nothing(server: LiveServer) -> None:
    mark = server.base / "opened"
    text = f"__import__('pathlib').Path({str(mark)!r}).touch()"
    prompt = {
        "1": node("ProbeValue", number=text),
        "2": node("LoadImage", image="http://127.0.0.1:9/x.png"),
        "3": node("LoadImage", image="../../../../etc/passwd"),
        "4": node("ProbeShow", value=["1", 0], note=text),
    }
    status, body = server.request("POST", "/prompt", {"prompt": prompt})
    assert status == 400 and not mark.exists() and b"root:" not in body
    told = set()
    for name in ("server.log", "nowhere.x"):
        answer = server.request("POST", "/prompt", {"prompt": _load(f"../{name}")})[1]
        told.add(json.dumps(json.loads(answer)).replace(name, "?"))
    assert len(told) == 1


def _load(name: str) -> dict[str, Any]:
    return {
        "1": node("LoadImage", image=name),
        "2": node("PreviewImage", images=["1", 0]),
    }


def test_the_folder_of_packs_is_no_folder_of_files(server: LiveServer) -> None:
    for path in ("custom_nodes/probes.py", "..%2Fcustom_nodes%2Fprobes.py"):
        for route in ("/view?filename=", "/userdata/", "/extensions/probes/"):
            assert server.request("GET", f"{route}{path}")[0] in (400, 403, 404)
    assert Path(server.base / "custom_nodes" / "probes.py").is_file()
