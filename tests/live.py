"""A real server on a port of its own, driven by tests over HTTP and websocket."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.tiny_checkpoint import write_tiny_checkpoint

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_SECONDS = 60


def free_port() -> int:
    """A TCP port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_base(base: Path) -> Path:
    """A fresh installation: a tiny checkpoint under the shipped one's name, and packs for tests."""
    (base / "custom_nodes").mkdir(parents=True)
    for pack in ("probes.py", "kinds.py"):
        shutil.copy(ROOT / "tests" / "packs" / pack, base / "custom_nodes" / pack)
    checkpoints = base / "models" / "checkpoints"
    checkpoints.mkdir(parents=True)
    write_tiny_checkpoint(checkpoints / "loom-tiny.safetensors")
    upscalers = base / "models" / "upscale_models"
    upscalers.mkdir(parents=True)
    name = "realesr-animevideov3-x4.safetensors"
    shutil.copy(ROOT / "models" / "upscale_models" / name, upscalers / name)
    return base


@dataclass
class LiveServer:
    """A running server.

    Attributes:
        base: its folders.
        port: where it listens.
        flags: more flags for it.
        single_thread: keep torch to one thread, so that tests leave room for others.
        process: the server process.
    """

    base: Path
    port: int = field(default_factory=free_port)
    flags: tuple[str, ...] = ()
    single_thread: bool = True
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        """Address without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> "LiveServer":
        """Start it and wait for the first answer."""
        self.launch()
        self.until(lambda: self._answers(), "the server answers")
        return self

    def launch(self) -> None:
        """Start it without waiting."""
        command = [sys.executable, str(ROOT / "main.py"), "--base-directory", str(self.base)]
        command += ["--port", str(self.port), "--cpu", *self.flags]
        with (self.base / "server.log").open("ab") as log:
            threads = {"OMP_NUM_THREADS": "1"} if self.single_thread else {}
            environment = {**os.environ, **threads}
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)

    def _answers(self) -> bool:
        assert self.process is not None and self.process.poll() is None, self.log()
        try:
            self.get("/queue")
        except OSError:
            return False
        return True

    def log(self) -> str:
        """What the server has printed."""
        return (self.base / "server.log").read_text()

    def stop(self, sign: int = signal.SIGTERM) -> None:
        """End it by a signal and wait."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(sign)
            self.process.wait(20)

    def worker_pid(self) -> int:
        """The process id of the worker that is ready last."""
        lines = [line for line in self.log().splitlines() if line.endswith("is ready.")]
        return int(lines[-1].split()[1])

    def until(self, condition: Any, what: str) -> Any:
        """Ask again and again until the answer is true; fails with the log otherwise."""
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            if result := condition():
                return result
            time.sleep(0.02)
        raise AssertionError(f"not in time: {what}\n{self.log()}")

    def request(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        """One HTTP request; JSON bodies are encoded, bytes are sent as they are."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        kind = {} if data is None or headers else {"Content-Type": "application/json"}
        request = urllib.request.Request(
            self.url + path, data=data, method=method, headers={**kind, **(headers or {})}
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def get(self, path: str) -> Any:
        """The JSON of a GET that must succeed."""
        status, body = self.request("GET", path)
        assert status == 200, (status, body)
        return json.loads(body)

    def post(self, path: str, body: Any = None) -> Any:
        """The JSON (or nothing) of a POST that must succeed."""
        status, answer = self.request("POST", path, {} if body is None else body)
        assert status == 200, (status, answer)
        return json.loads(answer) if answer else None

    def submit(self, prompt: dict[str, Any], **more: Any) -> str:
        """Queue a prompt that must be accepted; its id."""
        return str(self.post("/prompt", {"prompt": prompt, **more})["prompt_id"])

    def wait(self, job: str) -> dict[str, Any]:
        """The history entry of a job, once it has ended."""
        found = self.until(lambda: self.get(f"/history/{job}"), f"job {job} ends")
        return dict(found[job])

    def running(self) -> list[str]:
        """Ids of the jobs that run."""
        return [item[1] for item in self.get("/queue")["queue_running"]]

    def upload(self, name: str, content: bytes, **fields: str) -> tuple[int, bytes]:
        """Send a file to ``/upload/image``."""
        mark = uuid.uuid4().hex
        parts = [
            f'--{mark}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
            for key, value in fields.items()
        ]
        head = f'form-data; name="image"; filename="{name}"'
        parts.append(f"--{mark}\r\nContent-Disposition: {head}\r\n\r\n".encode() + content)
        body = b"".join(parts) + f"\r\n--{mark}--\r\n".encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={mark}"}
        return self.request("POST", "/upload/image", body, kind)


@contextmanager
def serving(base: Path, *flags: str) -> Iterator[LiveServer]:
    """A server over a fresh base folder, stopped at the end."""
    server = LiveServer(make_base(base), flags=flags)
    try:
        yield server.start()
    finally:
        server.stop()
