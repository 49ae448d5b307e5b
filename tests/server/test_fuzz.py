"""Whatever is sent to any route is answered with less than 500, and the server stays.

``LOOM_FUZZ=50000 python -m pytest tests/server/test_fuzz.py`` sends so many requests.
"""

import http.client
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from engine.server.openapi import document
from engine.server.routes import ROUTES
from tests.live import LiveServer, make_base

COUNT = int(os.environ.get("LOOM_FUZZ", "600"))
#: What paths, names and values are made of: names that exist, ways out, and nonsense.
NASTY = [
    *("", ".", "..", "../..", "..\\..", "/etc/passwd", "C:\\x", "\\\\host\\share", "a/../../b"),
    *(
        "%2e%2e",
        "a\0b",
        "\n",
        "é",
        "𝄞",
        "'",
        '"',
        "<script>",
        "{}",
        "[]",
        "null",
        "-1",
        "0",
        "1e309",
    ),
    *("x" * 300, "workflows/a.json", "loom-tiny.safetensors", "checkpoints", "input", "output"),
]
SCALARS: list[Any] = [None, True, 0, -1, 1.5, 2**70, "", "a", "..", [], {}, [0, 0], {"a": 1}]
KEYS = [
    "prompt",
    "client_id",
    "number",
    "front",
    "extra_data",
    "delete",
    "clear",
    "prompt_id",
    "type",
    "class_type",
    "inputs",
    "name",
    "filename",
    "subfolder",
    "password",
    "role",
    "unload_models",
    "partial_execution_targets",
    "axes",
    "workflow",
    "dest",
    "overwrite",
    "after",
    "limit",
    "status",
    "label",
    "settings",
    "value",
    "kind",
    "index",
    "file",
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    running = LiveServer(make_base(tmp_path_factory.mktemp("fuzz") / "base")).start()
    running.until(lambda: " is ready." in running.log(), "the worker is ready")
    yield running
    running.stop()


class Sender:
    """Makes requests of numbers from a seed."""

    def __init__(self, server: LiveServer, seed: int) -> None:
        self.server, self.rng = server, random.Random(seed)
        paths = document(ROUTES)["paths"]
        self.operations = [
            (method.upper(), path) for path, methods in paths.items() for method in methods
        ]
        self.operations = [o for o in self.operations if o[1] not in ("/ws",)]

    def value(self, depth: int = 0) -> Any:
        kind = self.rng.random()
        if depth > 3 or kind < 0.6:
            return self.rng.choice(SCALARS + NASTY)
        if kind < 0.8:
            return [self.value(depth + 1) for _ in range(self.rng.randrange(4))]
        return {
            self.rng.choice(KEYS + NASTY): self.value(depth + 1)
            for _ in range(self.rng.randrange(5))
        }

    def path(self, pattern: str) -> str:
        made = pattern
        while "{" in made:
            before, _, rest = made.partition("{")
            value = quote(self.rng.choice(NASTY), safe=self.rng.choice(["", "/."]))
            made = before + (value or "x") + rest.partition("}")[2]
        if self.rng.random() < 0.4:
            pairs = (
                f"{quote(self.rng.choice(KEYS))}={quote(str(self.rng.choice(NASTY + KEYS)))}"
                for _ in range(self.rng.randrange(1, 4))
            )
            made += "?" + "&".join(pairs)
        return made.replace("\n", "")

    def body(self) -> tuple[bytes | None, str]:
        kind = self.rng.random()
        if kind < 0.1:
            return None, "application/json"
        if kind < 0.75:
            return json.dumps(self.value()).encode(), "application/json"
        raw = self.rng.randbytes(self.rng.randrange(200))
        if kind < 0.85:
            return raw, "application/json"
        if kind < 0.95:
            head = b'--b\r\nContent-Disposition: form-data; name="image"; filename="'
            name = self.rng.choice(NASTY).encode("utf-8", "replace").replace(b"\n", b"")
            return (
                head + name + b'"\r\n\r\n' + raw + b"\r\n--b--\r\n",
                "multipart/form-data; boundary=b",
            )
        return raw, self.rng.choice(["text/plain", "multipart/form-data", "image/png", "x"])

    def send(self) -> tuple[int, str]:
        method, pattern = self.rng.choice(self.operations)
        prefix = self.rng.choice(["", "/api"])
        path, (body, kind) = prefix + self.path(pattern), self.body()
        link = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        try:
            link.request(method, path, None if method == "GET" else body, {"Content-Type": kind})
            return link.getresponse().status, f"{method} {path} {body!r}"
        finally:
            link.close()


def test_nothing_that_is_sent_makes_the_server_fail(server: LiveServer, tmp_path: Path) -> None:
    sender = Sender(server, seed=COUNT)
    failed = [said for status, said in (sender.send() for _ in range(COUNT)) if status >= 500]
    assert not failed, failed[:5]
    log = server.log()
    assert "Traceback" not in log and server.process is not None
    assert server.process.poll() is None and "queue_running" in server.get("/queue")
    outside = [p for p in server.base.parent.iterdir() if p.name != server.base.name]
    assert not outside
