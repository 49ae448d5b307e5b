"""What a cache is asked for, as plain data that may travel to another process."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

Mode = Literal["value", "classic", "lru", "ram", "none"]


@dataclass(frozen=True)
class CacheConfig:
    """Settings of a cache.

    Attributes:
        mode: the rule for what is kept: by ``value`` (seconds to compute again per byte); the
            last prompt (``classic``); the last used nodes (``lru``); by value, while the
            computer has free memory (``ram``); nothing (``none``).
        device_bytes: budget on the device.
        host_bytes: budget in the computer's memory.
        disk_bytes: budget on disk; 0 keeps nothing there.
        entries: how many nodes ``lru`` keeps.
        active_bytes: memory that ``ram`` leaves free while something runs.
        idle_bytes: memory that ``ram`` leaves free while nothing runs.
    """

    mode: Mode = "value"
    device_bytes: int = 2 << 30
    host_bytes: int = 2 << 30
    disk_bytes: int = 4 << 30
    entries: int = 0
    active_bytes: int = 0
    idle_bytes: int = 0


def from_json(data: Mapping[str, Any]) -> CacheConfig:
    """A configuration from the JSON data of ``dataclasses.asdict``."""
    return CacheConfig(**{field.name: data[field.name] for field in fields(CacheConfig)})
