"""Overlap of host work with device work: 16 queued 512x512 pictures, with and without saving.

The device has one thread here, as a GPU would have one queue, and the other core is the host.
"Device alone" is the same queue whose pictures are shrunk to a dot before they are shown, so
that nothing is left to encode; both are measured in turn and compared pair by pair.
"""

import json
import tempfile
import time
from itertools import count
from pathlib import Path
from typing import Any

from tests.live import ROOT, LiveServer

from .rows import Row, row

JOBS = 16
PAIRS = 5


def measure() -> list[Row]:
    """The ratio of both times."""
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        (base / "models").symlink_to(ROOT / "models")
        server = LiveServer(base).start()
        seeds = count(1)
        try:
            _queue(server, seeds, saved=True)
            pairs = [
                (_queue(server, seeds, saved=True), _queue(server, seeds, saved=False))
                for _ in range(PAIRS)
            ]
        finally:
            server.stop()
    ratios = [saved / alone for saved, alone in pairs]
    return [row(f"{JOBS} queued 512x512 pictures saved as PNG, to device time", 1.05, ratios, "x")]


def _queue(server: LiveServer, seeds: "count[int]", saved: bool) -> float:
    """Seconds from the first POST until all pictures are there."""
    began = time.perf_counter()
    for job in [server.submit(_prompt(next(seeds), saved)) for _ in range(JOBS)]:
        if not server.wait(job)["status"]["completed"]:
            raise RuntimeError(server.log())
    return time.perf_counter() - began


def _prompt(seed: int, saved: bool) -> dict[str, Any]:
    """The default workflow with a seed; if not saved, shown as a dot."""
    graph: dict[str, Any] = json.loads((ROOT / "workflows" / "default_api.json").read_text())
    for node in graph.values():
        if node["class_type"] == "KSampler":
            node["inputs"]["seed"] = seed
    if not saved:
        end = next(id for id, node in graph.items() if node["class_type"] == "SaveImage")
        pictures = graph[end]["inputs"]["images"]
        small = {"upscale_method": "nearest-exact", "width": 8, "height": 8, "crop": "disabled"}
        graph["dot"] = {"class_type": "ImageScale", "inputs": {"image": pictures, **small}}
        graph[end] = {"class_type": "PreviewImage", "inputs": {"images": ["dot", 0]}}
    return graph
