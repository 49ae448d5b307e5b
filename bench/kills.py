"""Kill -9 of worker or server at random moments: is a job lost, done twice, or done wrongly?

Each round queues some pictures, kills one of the two processes at a moment drawn from the
seed, starts the server again if it was the server, and waits until every accepted job has
ended. At the end every picture is compared with one that was made undisturbed.
"""

import contextlib
import json
import os
import random
import signal
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from PIL import Image

from tests.live import ROOT, LiveServer, make_base

from .rows import Row

ROUNDS = 200
JOBS_PER_ROUND = 2
#: Seconds after queueing within which the kill falls; a round takes about so long.
WINDOW = 1.5
SEED = 7


def measure() -> list[Row]:
    """Counts over all rounds; each should be zero."""
    with tempfile.TemporaryDirectory() as folder:
        base = make_base(Path(folder) / "base")
        jobs, states = disturbed(base)
        pictures = by_seed(base / "output")
        truth = undisturbed(make_base(Path(folder) / "truth"), list(jobs.values()))
    done = [seed for id, seed in jobs.items() if states[id] == "done"]
    lost = [id for id in jobs if states[id] not in ("done", "failed")]
    missing = [seed for seed in done if not pictures.get(seed)]
    doubled = [seed for seed in jobs.values() if len(pictures.get(seed, [])) > 1]
    unequal = [seed for seed, made in pictures.items() if any(p != truth[seed] for p in made)]
    told = Counter(states.values())
    about = (
        f"{len(jobs)} jobs, {ROUNDS} kills: {told['done']} done, {told['failed']} told as failed"
    )
    return [
        counted(f"kill -9 at random moments: jobs lost ({about})", [*lost, *missing]),
        counted("the same: pictures saved twice", doubled),
        counted("the same: pictures that differ from undisturbed ones", unequal),
    ]


def counted(what: str, found: list[Any]) -> Row:
    """A row for things that should not be there."""
    return Row(what, "0", str(len(found)), not found)


def disturbed(base: Path) -> tuple[dict[str, int], dict[str, str]]:
    """Seeds by job id, and how each job ended."""
    rng, seeds = random.Random(SEED), iter(range(1, 10**6))
    jobs: dict[str, int] = {}
    server = LiveServer(base).start()
    try:
        server.wait(server.submit(prompt(0)))
        for _ in range(ROUNDS):
            chosen = [next(seeds) for _ in range(JOBS_PER_ROUND)]
            queued = {server.submit(prompt(seed)): seed for seed in chosen}
            jobs |= queued
            time.sleep(rng.uniform(0, WINDOW))
            kill(server, rng.random() < 0.5)
            for id in queued:
                server.wait(id)
        return jobs, {id: _state(server.wait(id)) for id in jobs}
    finally:
        server.stop()


def kill(server: LiveServer, the_worker: bool) -> None:
    """Kill one of the two processes; a killed server is started again."""
    if the_worker:
        with contextlib.suppress(ProcessLookupError):
            os.kill(server.worker_pid(), signal.SIGKILL)
        return
    server.stop(signal.SIGKILL)
    server.start()


def _state(entry: dict[str, Any]) -> str:
    if entry["status"]["completed"]:
        return "done"
    name, data = entry["status"]["messages"][-1]
    told = name == "execution_error" and data["exception_type"] == "WorkerLost"
    return "failed" if told else f"unexpected: {data}"


def prompt(seed: int) -> dict[str, Any]:
    """A picture of a few steps."""
    graph: dict[str, Any] = json.loads((ROOT / "workflows" / "default_api.json").read_text())
    for node in graph.values():
        if node["class_type"] == "KSampler":
            node["inputs"].update({"seed": seed, "steps": 12})
    return graph


def by_seed(output: Path) -> dict[int, list[bytes]]:
    """The pixels of every saved picture, by the seed that its metadata names."""
    found: dict[int, list[bytes]] = {}
    for path in output.glob("[!.]*.png"):
        with Image.open(path) as picture:
            graph = json.loads(picture.text["prompt"])  # type: ignore[attr-defined]
            sampler = next(n for n in graph.values() if n["class_type"] == "KSampler")
            found.setdefault(sampler["inputs"]["seed"], []).append(picture.tobytes())
    return found


def undisturbed(base: Path, seeds: list[int]) -> dict[int, bytes]:
    """The pixels of the same pictures from a server that nobody kills."""
    server = LiveServer(base).start()
    try:
        for id in [server.submit(prompt(seed)) for seed in [0, *seeds]]:
            server.wait(id)
    finally:
        server.stop()
    return {seed: made[0] for seed, made in by_seed(base / "output").items()}
