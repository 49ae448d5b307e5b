"""The cache that a configuration asks for."""

from collections.abc import Callable
from pathlib import Path

from .config import CacheConfig
from .disk import DiskTier
from .memory import ResultCache, Spare
from .modes import ClassicCache, LruCache
from .moving import Mover
from .tiered import TieredCache


def make_cache(
    config: CacheConfig, root: Path, mover: Mover, memory: Callable[[], tuple[int, int]]
) -> ResultCache:
    """Build a cache.

    Args:
        config: what is asked for.
        root: folder of the tier on disk, for the modes that have one.
        mover: moves results between the device and the computer's memory.
        memory: total and free bytes of the computer.
    """
    host, device = config.host_bytes, config.device_bytes
    match config.mode:
        case "none":
            return ResultCache(0)
        case "classic":
            return ClassicCache(host, device, mover)
        case "lru":
            return LruCache(config.entries, host, device, mover)
    spare = None
    if config.mode == "ram":
        host = memory()[0] or host
        spare = Spare(config.active_bytes, config.idle_bytes, lambda: memory()[1])
    if not config.disk_bytes:
        return ResultCache(host, device, mover, spare)
    return TieredCache(host, DiskTier(root, config.disk_bytes), device, mover, spare)
