"""The default workflow: cold by ``main.py run``, and a second picture on a warm server."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.live import ROOT, LiveServer

from .rows import Row, repeat, row

COLD_RUNS = 5
WARM_RUNS = 9


def measure() -> list[Row]:
    """Cold and warm, with the shipped weights."""
    with tempfile.TemporaryDirectory() as folder:
        cold = [cold_run(Path(folder)) for _ in range(COLD_RUNS)]
        warm = warm_runs(Path(folder))
    return [
        row(
            "run default workflow, process start to saved 512x512 PNG",
            12,
            [c[0] for c in cold],
            "s",
        ),
        row("the same, peak resident memory", 2000, [c[1] for c in cold], "MB", 0),
        row("second picture on a warm server, POST to history", 3, warm, "s"),
    ]


def cold_run(folder: Path) -> tuple[float, float]:
    """Seconds and peak megabytes of one process."""
    command = [sys.executable, "main.py", "run", "workflows/default.json", "--cpu", "--cache-none"]
    command += ["--output", str(folder)]
    began = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    _, code, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if code:
        raise RuntimeError("main.py run failed")
    return seconds, usage.ru_maxrss / 1024


def warm_runs(folder: Path) -> list[float]:
    """Seconds from POST to the finished job, each with another seed."""
    base = folder / "base"
    base.mkdir()
    (base / "models").symlink_to(ROOT / "models")
    graph = json.loads((ROOT / "workflows" / "default_api.json").read_text())
    server = LiveServer(base, single_thread=False).start()
    try:
        _picture(server, graph, 0)
        seeds = iter(range(1, WARM_RUNS + 1))
        return repeat(WARM_RUNS, lambda: _picture(server, graph, next(seeds)))
    finally:
        server.stop()


def _picture(server: LiveServer, graph: dict[str, Any], seed: int) -> float:
    for node in graph.values():
        if node["class_type"] == "KSampler":
            node["inputs"]["seed"] = seed
    began = time.perf_counter()
    entry = server.wait(server.submit(graph))
    if not entry["status"]["completed"]:
        raise RuntimeError(entry["status"])
    return time.perf_counter() - began
