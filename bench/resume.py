"""What it costs to save the state of a sampling every few seconds."""

import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.cache.steps import INTERVAL_SECONDS, Saved, Steps, StepStore
from engine.diffusion.checkpoints import load_checkpoint
from engine.diffusion.sample import sample
from engine.graph.signature import Signature
from tests.tiny_checkpoint import write_tiny_checkpoint

from .rows import Row, repeat, row

RUN_SECONDS = 10.0
RUNS = 3
SAVES = 5
LIMIT_PERCENT = 1.0


class TimedStore(StepStore):
    """Adds up the processor time of its writer's thread."""

    busy = 0.0

    def _write(self, *state: Any) -> None:
        began = time.thread_time()
        super()._write(*state)
        self.busy += time.thread_time() - began


class Timed:
    """Checkpoints that add up how long the sampler spends in them."""

    def __init__(self, inner: Steps) -> None:
        self.inner, self.seconds, self.saves = inner, 0.0, 0

    def load(self) -> Saved | None:
        """Timed."""
        began = time.perf_counter()
        saved = self.inner.load()
        self.seconds += time.perf_counter() - began
        return saved

    def due(self) -> bool:
        """Timed."""
        began = time.perf_counter()
        due = self.inner.due()
        self.seconds += time.perf_counter() - began
        return due

    def save(self, tensors: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        """Timed."""
        began = time.perf_counter()
        self.inner.save(tensors, data)
        self.seconds += time.perf_counter() - began
        self.saves += 1


def measure() -> list[Row]:
    """Percent of the time of a run, with a tiny network and with the state of a video."""
    with tempfile.TemporaryDirectory() as folder:
        sampling = repeat(RUNS, lambda: sampling_percent(Path(folder)))
        video = repeat(RUNS, lambda: video_percent(Path(folder)))
    every = f"saved every {INTERVAL_SECONDS:g} s"
    return [
        row(
            f"512x512 with a tiny network, share of being {every}", LIMIT_PERCENT, sampling, "%", 3
        ),
        row(f"the state of a video, 34 MB, share of being {every}", LIMIT_PERCENT, video, "%", 3),
    ]


def sampling_percent(folder: Path) -> float:
    """Of a run of about ``RUN_SECONDS``: time in the saves, and of the writer's processor."""
    model = load_checkpoint(write_tiny_checkpoint(folder / "tiny.safetensors")).model
    store = TimedStore(folder / "steps")
    timed = Timed(store.of(Signature("sampling")))
    _run(model, 2, None)
    began = time.perf_counter()
    _run(model, 4, None)
    steps = int(4 * RUN_SECONDS / (time.perf_counter() - began))
    began = time.perf_counter()
    _run(model, steps, timed)
    whole = time.perf_counter() - began
    store.end(Signature("sampling"))
    store.flush()
    if timed.saves < 2:
        raise RuntimeError(f"The run took {whole:.1f} s and was saved {timed.saves} times.")
    return 100 * (timed.seconds + store.busy) / whole


def _run(model: Any, steps: int, checkpoints: Timed | None) -> None:
    import torch

    words = [[torch.zeros(1, 77, model.context_dim), {}]]
    latent = {"samples": torch.zeros(1, model.latent_format.channels, 64, 64)}
    settings = {"seed": 1, "cfg": 1.0, "sampler": "dpmpp_3m_sde", "scheduler": "karras"}
    sample(model, latent, words, words, steps=steps, checkpoints=checkpoints, **settings)


def video_percent(folder: Path) -> float:
    """Of the time between two saves: copying a large state, and the writer's processor."""
    import torch

    state = {name: torch.randn(1, 16, 21, 60, 104) for name in ("x", "a", "b", "c")}
    store = TimedStore(folder / "steps")
    timed = Timed(store.of(Signature("video")))
    for _ in range(SAVES):
        timed.save(state, {"step": 1})
        store.flush()
    store.end(Signature("video"))
    store.flush()
    return 100 * (timed.seconds + store.busy) / SAVES / INTERVAL_SECONDS
