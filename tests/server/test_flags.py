"""Flags of the server do what their help says."""

import json
import shutil
import ssl
import subprocess
import urllib.request
import uuid
from pathlib import Path

import aiohttp
import pytest

from tests.live import ROOT, LiveServer, make_base, serving

from .test_prompt import shown

PICTURE = ROOT / "workflows" / "default_api.json"
FRIEND = "http://friend.example"


async def test_cors_previews_and_another_front_end(tmp_path: Path) -> None:
    page = tmp_path / "page"
    page.mkdir()
    (page / "index.html").write_text("another canvas")
    flags = ("--enable-cors-header", FRIEND, "--preview-method", "none", "--front-end-root")
    with serving(tmp_path / "base", *flags, str(page)) as server:
        assert server.request("GET", "/")[1] == b"another canvas"
        request = urllib.request.Request(f"{server.url}/queue", headers={"Origin": FRIEND})
        with urllib.request.urlopen(request) as answer:
            assert answer.headers["Access-Control-Allow-Origin"] == FRIEND
        stranger = {"Origin": "http://stranger.example"}
        assert server.request("GET", "/queue", headers=stranger)[0] == 403
        assert await _previews(server) == 0


async def _previews(server: LiveServer) -> int:
    """Binary frames that a run with several steps sends."""
    sid, count = uuid.uuid4().hex, 0
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{server.url}/ws?clientId={sid}") as socket,
    ):
        server.submit(shown("ProbeSteps", count=4, ms=20, note=sid), client_id=sid)
        async for frame in socket:
            count += frame.type is aiohttp.WSMsgType.BINARY
            text = frame.type is aiohttp.WSMsgType.TEXT
            if text and frame.json()["type"] == "execution_success":
                return count
    raise AssertionError("the run did not end")


def test_networks_are_given_up_when_no_job_is_left(tmp_path: Path) -> None:
    with serving(tmp_path / "base", "--disable-smart-memory") as server:
        prompt = json.loads(PICTURE.read_text())
        server.wait(server.submit(prompt))
        freed = lambda: "unloaded all weights" in server.log()  # noqa: E731
        server.until(freed, "the networks are given up")
        assert server.get("/x/workers")["workers"][0]["weights"] == []


def test_a_quick_test_starts_and_ends(tmp_path: Path) -> None:
    server = LiveServer(make_base(tmp_path / "base"), flags=("--quick-test-for-ci",))
    server.launch()
    assert server.process is not None
    assert server.process.wait(60) == 0
    assert "is ready" in server.log()


def test_https(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl makes the certificate of this test")
    key, certificate = str(tmp_path / "key.pem"), str(tmp_path / "cert.pem")
    make = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    make += ["-keyout", key, "-out", certificate]
    subprocess.run([openssl, *make], check=True, capture_output=True)
    flags = ("--tls-keyfile", key, "--tls-certfile", certificate)
    server = LiveServer(make_base(tmp_path / "base"), flags=flags)
    trust = ssl.create_default_context(cafile=certificate)
    trust.check_hostname = False
    try:
        server.launch()
        url = f"https://127.0.0.1:{server.port}/queue"

        def answers() -> bool:
            try:
                with urllib.request.urlopen(url, context=trust) as answer:
                    return bool(answer.status == 200)
            except OSError:
                return False

        assert server.until(answers, "the server answers over https")
    finally:
        server.stop()
