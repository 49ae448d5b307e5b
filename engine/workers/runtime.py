"""Everything a process needs to run prompts: nodes, cache, executor, in one object.

Used by the worker process and by the command line alike, so both compute the same.

Invariant: building a runtime is the one moment at which torch and the packs are imported.
"""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from engine import compat
from engine.cache.make import make_cache as make_result_cache
from engine.cache.memory import ResultCache
from engine.cache.moving import TorchMover
from engine.cache.steps import StepStore
from engine.cache.tiered import TieredCache
from engine.execution.executor import Executor
from engine.execution.lanes import Lanes
from engine.folders import Folders
from engine.isolation.packs import Isolation
from engine.memory import collect_garbage_rarely, host_memory
from engine.plugins.discovery import Catalogue, load, packs_in, prestart

from .config import WorkerConfig


@dataclass(frozen=True)
class Runtime:
    """A process that can run prompts."""

    config: WorkerConfig
    catalogue: Catalogue
    cache: ResultCache
    lanes: Lanes
    executor: Executor
    isolation: Isolation


def build(config: WorkerConfig) -> Runtime:
    """Load nodes and packs and set the device up."""
    folders = config.folders
    folders.create()
    packs = packs_in(folders.custom_nodes, config.packs)
    compat.install(folders, {})
    isolation = Isolation(folders, frozenset(config.isolated), config.isolated_bytes, config.device)
    early = prestart(isolation.others(packs))
    import torch

    from engine.diffusion import preview, residency
    from engine.media.previews import encode_jpeg

    device = None if config.device == "auto" else torch.device(config.device)
    residency.use(device, residency.Limits(**_limits(config)))
    if config.deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # what CUDA's matrices need
        torch.use_deterministic_algorithms(True, warn_only=True)
    collect_garbage_rarely()
    catalogue = load(packs, partial(compat.install, folders), early, compat.adopt, isolation.open)
    cache = make_cache(config)
    lanes = Lanes()

    def encode(picture: Any) -> tuple[bytes, str]:
        return encode_jpeg(picture, config.preview_size), "image/jpeg"

    def stamp(kind: str, name: str) -> str:
        return file_stamp(folders, kind, name)

    shown = None
    if config.previews != "none":
        preview.use(cast(preview.Method, config.previews), folders.tiny_decoders)
        shown = encode
    steps = make_steps(config)
    relief = partial(relieve, cache)
    gauge = partial(begin_gauge, residency.residency().device)
    executor = Executor(
        catalogue.nodes,
        cache,
        folders,
        stamp,
        shown,
        lanes,
        steps,
        relief,
        gauge if torch.cuda.is_available() and config.device != "cpu" else None,
    )
    return Runtime(config, catalogue, cache, lanes, executor, isolation)


def begin_gauge(device: Any) -> Callable[[], int]:
    """Begin to measure a CUDA device; the result gives the bytes taken since, at most."""
    import torch

    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    return lambda: max(0, torch.cuda.max_memory_allocated(device) - before)


def _limits(config: WorkerConfig) -> dict[str, Any]:
    return {
        "precision": config.precision,
        "share": config.weights_share,
        "reserved": config.reserved_bytes,
        "kept": config.kept,
        "on_host": config.on_host,
        "channels_last": config.channels_last,
        "compiled": config.compiled,
    }


def make_cache(config: WorkerConfig) -> ResultCache:
    """The cache that the configuration asks for."""
    from .references import register_handles

    register_handles()
    root = config.folders.user / "cache"
    return make_result_cache(config.cache, root, TorchMover(), host_memory)


def make_steps(config: WorkerConfig) -> StepStore | None:
    """Where long calls leave their state; nowhere if nothing is to be kept on disk."""
    if config.cache.mode == "none" or not config.cache.disk_bytes:
        return None
    return StepStore(config.folders.user / "cache" / "steps")


def file_stamp(folders: Folders, kind: str, name: str) -> str:
    """Changes when the chosen file does: size and time of change, or that it is missing."""
    try:
        is_picture = kind in ("input", "output")
        path = folders.annotated(name, kind) if is_picture else folders.find(kind, name)
        status = path.stat()
    except Exception:
        return f"{name}:missing"
    return f"{name}:{status.st_size}:{status.st_mtime_ns}"


def free(runtime: Runtime, unload_models: bool, free_memory: bool, empty_disk: bool) -> None:
    """Give memory back: weights, and if asked also results, even those on disk."""
    from engine.diffusion import residency

    if unload_models or free_memory:
        residency.unload_all()
    if free_memory:
        runtime.cache.clear()
    if empty_disk and isinstance(runtime.cache, TieredCache):
        runtime.cache.clear_disk()
    if empty_disk and runtime.executor.steps:
        runtime.executor.steps.clear()


def relieve(cache: ResultCache) -> str:
    """Give up all memory that can be had again; what that was, in a sentence."""
    from engine.diffusion import residency

    results = cache.used
    cache.clear()
    weights = residency.unload_all()
    return f"{weights >> 20} MB of weights and {results >> 20} MB of results were given up."


def system(runtime: Runtime) -> Mapping[str, Any]:
    """Devices and memory, as ``GET /system_stats`` shows them, and who owns what."""
    import torch

    from engine.diffusion import residency

    return {
        "pytorch_version": torch.__version__,
        "devices": [_device(residency.residency().device)],
        "cache": runtime.cache.report(),
        "ledger": [vars(held) for held in residency.ledger()],
        "at": time.time(),
    }


def _device(device: Any) -> dict[str, Any]:
    if device.type != "cuda":
        total, free_bytes = host_memory()
        return _device_entry(device.type, device.type, None, total, free_bytes)
    import torch

    free_bytes, total = torch.cuda.mem_get_info(device)
    name = f"{device} {torch.cuda.get_device_name(device)}"
    return _device_entry(name, "cuda", device.index or 0, total, free_bytes)


def _device_entry(
    name: str, type: str, index: int | None, total: int, free_bytes: int
) -> dict[str, Any]:
    return {
        "name": name,
        "type": type,
        "index": index,
        "vram_total": total,
        "vram_free": free_bytes,
        "torch_vram_total": total,
        "torch_vram_free": free_bytes,
    }
