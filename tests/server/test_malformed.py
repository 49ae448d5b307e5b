"""Damaged pictures, weights, forms and websocket frames harm nobody but who sent them.

``LOOM_FUZZ=50000 python -m pytest tests/server/test_malformed.py`` tries more of them.
"""

import contextlib
import socket
import struct
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.live import LiveServer, serving
from tests.nonsense import JSON, NASTY, PICTURES, WEIGHTS, damaged, picture, thorough

from .test_prompt import node

OPCODES = st.sampled_from([0, 1, 2, 8, 9, 10]) | st.integers(0, 15)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with serving(tmp_path_factory.mktemp("malformed") / "base") as running:
        running.until(lambda: " is ready." in running.log(), "the worker is ready")
        yield running
        assert "Traceback" not in running.log()


def test_files_are_shown_or_refused(server: LiveServer) -> None:
    folders = [server.base / "input", server.base / "models" / "loras"]
    asked = [
        "/view?type=input&filename=x.png",
        "/view?type=input&filename=x.png&preview=webp;90",
        "/view?type=input&filename=x.png&preview=jpeg&channel=rgb",
        "/view?type=input&filename=x.png&channel=a",
        "/view_metadata/loras?filename=x.safetensors",
        "/experiment/models/preview/loras/0/x.safetensors",
        "/x/templates",
    ]

    @thorough(0.2)
    @given(content=PICTURES | WEIGHTS)
    def ask(content: bytes) -> None:
        for folder, name in zip(folders, ("x.png", "x.safetensors"), strict=True):
            folder.mkdir(exist_ok=True)
            (folder / name).write_bytes(content)
        for path in asked:
            status, body = server.request("GET", path)
            assert status < 500, (path, body)

    ask()


def test_nodes_that_read_them_fail_with_a_sentence(server: LiveServer) -> None:
    worker = server.worker_pid()
    prompt = {"1": node("LoadImage", image="x.png"), "2": node("PreviewImage", images=["1", 0])}

    @thorough(0.03)
    @given(content=PICTURES)
    def run(content: bytes) -> None:
        (server.base / "input" / "x.png").write_bytes(content)
        name, data = server.wait(server.submit(prompt))["status"]["messages"][-1]
        assert name == "execution_success" or "x.png" in data["exception_message"], data

    run()
    assert server.worker_pid() == worker


PART = st.builds(
    lambda name, file, kind, data: (
        f'Content-Disposition: form-data; name="{name}"; filename="{file}"\r\n'
        f"Content-Type: {kind}\r\n\r\n".encode()
        + data
        + b"\r\n"
    ),
    st.sampled_from(["image", "type", "subfolder", "overwrite", "original_ref", *NASTY]),
    st.sampled_from(["a.png", *NASTY]),
    st.sampled_from(
        ["image/png", "text/plain; charset=nothing", "multipart/mixed; boundary=b", ""]
    ),
    st.just(picture()) | JSON.map(str.encode) | st.binary(max_size=50),
)


@st.composite
def forms(draw: st.DrawFn) -> bytes:
    """Parts of a form, of which borders and ends may be missing."""
    parts = draw(st.lists(PART | st.binary(max_size=30), max_size=4))
    whole = b"".join(b"--b\r\n" + part for part in parts) + b"--b--\r\n"
    return draw(damaged(whole) | st.just(whole))


def test_forms_are_taken_or_refused(server: LiveServer) -> None:
    @thorough(0.3)
    @given(body=forms(), path=st.sampled_from(["/upload/image", "/upload/mask"]))
    def send(body: bytes, path: str) -> None:
        kind = {"Content-Type": "multipart/form-data; boundary=b"}
        status, answer = server.request("POST", path, body, kind)
        assert status < 500, answer

    send()
    outside = [p for p in server.base.parent.iterdir() if p.name != server.base.name]
    assert not outside


def shaken(server: LiveServer) -> socket.socket:
    """A socket on which the websocket has begun; it says nothing of frames."""
    link = socket.create_connection(("127.0.0.1", server.port), timeout=20)
    head = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    link.sendall(f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n{head}{key}\r\n".encode())
    assert b" 101 " in link.recv(4096)
    return link


def stay(link: socket.socket) -> None:
    """Answer the pings that have come, as every client does."""
    link.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        for _ in range(link.recv(1 << 16).count(b"\x89\x00")):
            link.sendall(b"\x8a\x80\0\0\0\0")
    link.settimeout(20)


@st.composite
def frames(draw: st.DrawFn) -> bytes:
    """One frame as RFC 6455 writes it, or nearly."""
    payload = draw(JSON.map(str.encode) | st.binary(max_size=130))
    said = f'{{"type": "feature_flags", "data": {draw(JSON)}}}'.encode()
    payload = draw(st.sampled_from([payload, said]))
    first = draw(OPCODES) | draw(st.sampled_from([0x80, 0x80, 0x80, 0, 0x70, 0xF0]))
    masked = draw(st.sampled_from([0x80, 0x80, 0x80, 0]))
    length = draw(st.just(len(payload)) | st.sampled_from([0, 125, 126, 1 << 16, 1 << 40, 1 << 63]))
    size = (
        bytes([masked | length])
        if length < 126
        else bytes([masked | 126]) + struct.pack(">H", length)
        if length < 1 << 16
        else bytes([masked | 127]) + struct.pack(">Q", length)
    )
    return bytes([first]) + size + (b"\0\0\0\0" if masked else b"") + payload


def test_frames_of_one_client_harm_no_other(server: LiveServer) -> None:
    @thorough(0.2)
    @given(sent=st.lists(frames() | st.binary(max_size=20), min_size=1, max_size=5))
    def send(sent: list[bytes]) -> None:
        with shaken(server) as link, contextlib.suppress(OSError):  # the server may hang up
            for frame in sent:
                link.sendall(frame)
        stay(other)

    with shaken(server) as other:
        send()
        assert server.get("/queue")["queue_running"] == []
        server.post("/settings/Loom.test", 1)
        other.sendall(b"\x89\x80\0\0\0\0")  # a ping
        heard = b""
        while b"\x8a\x00" not in heard:
            part = other.recv(4096)
            assert part, "the server has hung up on a client that did nothing wrong"
            heard += part
