"""The result cache: what a hit costs, what a restart saves, and how fast results reach the disk."""

import os
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

from engine.cache.disk import DiskTier
from engine.cache.memory import Entry, ResultCache
from engine.graph.signature import Signature
from tests.live import LiveServer, make_base

from .rows import Row, repeat, row

HITS = 20_000
RUNS = 5
#: What a hit took before there were tiers, 0.37 us on this project's machine, and 2 us more.
HIT_LIMIT_US = 2.37
#: Slow nodes with an output each; they sleep a little, so that they are worth keeping on disk.
PAIRS = 14
NODES = 2 * PAIRS + 3
WRITTEN_BYTES = 64 << 20
#: What writing with tensors and JSON around them may cost beside plain writing.
SLOWDOWN = 2.0


def measure() -> list[Row]:
    """A row for each."""
    with tempfile.TemporaryDirectory() as folder:
        slowdown = repeat(RUNS, lambda: write_slowdown(Path(folder)))
        surplus = [restart_surplus(Path(folder) / "base")]
    return [
        row("a hit in memory among 1,000 results", HIT_LIMIT_US, repeat(RUNS, hit_us), "us"),
        row(
            f"killed and started again, {NODES} nodes, one leaf changed: nodes that ran "
            "beside those that depend on it",
            0,
            surplus,
            "nodes",
            0,
        ),
        row("a 64 MB result to disk, against the same bytes alone", SLOWDOWN, slowdown, "times"),
    ]


def hit_us() -> float:
    """Microseconds of one hit."""
    import torch

    cache = ResultCache(1 << 30)
    names = [Signature(f"{i:032x}") for i in range(1000)]
    for name in names:
        cache.put(name, Entry(([{"samples": torch.zeros(1, 4, 8, 8)}],), {}, 0.1))
    began = time.perf_counter()
    for i in range(HITS):
        cache.get(names[i % 1000])
    return (time.perf_counter() - began) / HITS * 1e6


def graph(count: int) -> dict[str, Any]:
    """Pairs of a slow node and an output; one slow node has two outputs and the given count."""
    nodes: dict[str, Any] = {}
    for i in range(PAIRS):
        inputs = {"count": i + 1, "ms": 25 // (i + 1) + 1}
        nodes[f"steps {i}"] = {"class_type": "ProbeSteps", "inputs": inputs}
        nodes[f"show {i}"] = _show(f"steps {i}", f"pair {i}")
    nodes["leaf"] = {"class_type": "ProbeSteps", "inputs": {"count": count, "ms": 10}}
    return {**nodes, "first": _show("leaf", "first"), "second": _show("leaf", "second")}


def _show(source: str, note: str) -> dict[str, Any]:
    return {"class_type": "ProbeShow", "inputs": {"value": [source, 0], "note": note}}


def restart_surplus(base: Path) -> float:
    """How many nodes more than the leaf and its two outputs ran after kill -9 of the server."""
    server = LiveServer(make_base(base)).start()
    try:
        server.wait(server.submit(graph(5)))
        server.until(lambda: _on_disk(server) >= NODES, "all results are on disk")
        server.stop(signal.SIGKILL)
        server.start()
        job = server.submit(graph(6))
        server.wait(job)
        events = server.get(f"/x/events?job={job}")["events"]
    finally:
        server.stop()
    ran = {event["data"]["node"] for event in events if event["type"] == "node_started"}
    if not {"leaf", "first", "second"} <= ran:
        raise RuntimeError(f"The leaf or what depends on it did not run: {sorted(ran)}")
    return float(len(ran) - 3)


def _on_disk(server: LiveServer) -> int:
    return int(server.get("/x/cache").get("disk", {}).get("entries", 0))


def write_slowdown(folder: Path) -> float:
    """Seconds to write a result and have it synced, by those of the plain bytes."""
    import torch

    result = torch.randint(0, 255, (WRITTEN_BYTES,), dtype=torch.uint8)
    plain, began = result.numpy().tobytes(), time.perf_counter()
    with (folder / "plain").open("wb") as file:
        file.write(plain)
        file.flush()
        os.fsync(file.fileno())
    alone = time.perf_counter() - began
    tier = DiskTier(folder / "cache", 4 * WRITTEN_BYTES)
    began = time.perf_counter()
    tier.put(Signature("ab" * 16), Entry(([result],), {}, 1.0))
    seconds = time.perf_counter() - began
    tier.clear()
    return seconds / alone
