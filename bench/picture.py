"""The default workflow, cold and warm, and its sampling alone in many and in few steps."""

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
        warm, many, few = warm_runs(Path(folder))
    return [
        row(
            "run default workflow, process start to saved 512x512 PNG",
            12,
            [c[0] for c in cold],
            "s",
        ),
        row("the same, peak resident memory", 2000, [c[1] for c in cold], "MB", 0),
        row("second picture on a warm server, POST to history", 3, warm, "s"),
        row("the same at 128x128, 20 steps with guidance 3", 3, many, "s"),
        row("the same at 128x128, 4 steps with the few-step LoRA", 1, few, "s"),
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


def warm_runs(folder: Path) -> list[list[float]]:
    """Seconds from POST to the finished job, each with another seed, of three graphs."""
    base = folder / "base"
    base.mkdir()
    (base / "models").symlink_to(ROOT / "models")
    graph = json.loads((ROOT / "workflows" / "default_api.json").read_text())
    server = LiveServer(base, single_thread=False).start()
    try:
        return [_seeds(server, shown) for shown in (graph, small(graph, few=False), small(graph))]
    finally:
        server.stop()


def small(graph: dict[str, Any], few: bool = True) -> dict[str, Any]:
    """The default graph without its upscaler, in 4 steps with the LoRA or in 20 with guidance."""
    graph = json.loads(json.dumps(graph))
    ids = {node["class_type"]: id for id, node in graph.items()}
    sampler = graph[ids["KSampler"]]["inputs"] | {"steps": 20, "cfg": 3.0}
    if few:
        lora = {"lora_name": "loom-tiny-few-step.safetensors", "strength_model": 1.0}
        graph["lora"] = {
            "class_type": "LoraLoaderModelOnly",
            "inputs": {"model": sampler["model"], **lora},
        }
        sampler |= {"model": ["lora", 0], "steps": 4, "cfg": 1.0}
        sampler |= {"sampler_name": "lcm", "scheduler": "sgm_uniform"}
    graph[ids["KSampler"]]["inputs"] = sampler
    graph[ids["SaveImage"]]["inputs"]["images"] = [ids["VAEDecode"], 0]
    return graph


def _seeds(server: LiveServer, graph: dict[str, Any]) -> list[float]:
    _picture(server, graph, 0)
    seeds = iter(range(1, WARM_RUNS + 1))
    return repeat(WARM_RUNS, lambda: _picture(server, graph, next(seeds)))


def _picture(server: LiveServer, graph: dict[str, Any], seed: int) -> float:
    for node in graph.values():
        if node["class_type"] == "KSampler":
            node["inputs"]["seed"] = seed
    began = time.perf_counter()
    entry = server.wait(server.submit(graph))
    if not entry["status"]["completed"]:
        raise RuntimeError(entry["status"])
    return time.perf_counter() - began
