"""How long the server takes from the start of its process to the first HTTP answer."""

import tempfile
import time
from pathlib import Path

from tests.live import LiveServer

from .rows import Row, repeat, row

RUNS = 10


def measure() -> list[Row]:
    """Starts over a base folder of its own, the first of them not counted."""
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        first_answer(base)
        values = repeat(RUNS, lambda: first_answer(base))
    return [row("server: process start to first HTTP answer", 1.0, values, "s")]


def first_answer(base: Path) -> float:
    """Seconds of one start."""
    server = LiveServer(base)
    began = time.perf_counter()
    server.start()
    seconds = time.perf_counter() - began
    server.stop()
    return seconds
