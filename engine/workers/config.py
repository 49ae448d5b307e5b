"""What a worker needs to know before it loads anything.

Invariant: plain JSON data, so that the server can send it to a process anywhere.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from engine import folders
from engine.cache import config as cache_config
from engine.cache.config import CacheConfig
from engine.folders import Folders


@dataclass(frozen=True)
class WorkerConfig:
    """Settings of one worker.

    Attributes:
        folders: roots of the installation.
        device: ``auto``, ``cpu``, or a torch device such as ``cuda:0``.
        cache: which results are kept, and where.
        packs: names of the node packs to load; None is all of them.
        isolated: names of packs that get a process of their own even if they do not ask for it.
        isolated_bytes: memory that the process of a pack may take; None is half of all there is.
        watch_packs: load a pack anew when its files change.
        previews: how samplers make pictures while they run: ``auto``, ``latent2rgb``, ``taesd``,
            or ``none``.
        preview_size: longest side of a preview, in pixels.
        precision: by role of a network (diffusion, text, vae, upscale) fp32, bf16 or fp16; the
            device decides where none is given.
        weights_share: part of the device's memory for weights; None is the usual part.
        reserved_bytes: memory of the device that weights leave to others.
        kept: by role of a network, the type of eight bits in which its matrices are kept.
        on_host: roles of networks that compute on the CPU.
        channels_last: whether convolutions have their channels in the innermost place.
        compiled: backend of torch.compile for denoisers; empty: none.
        deterministic: use only algorithms that give the same bits each time, where there are any.
        log: the least level of what is logged.
        unload_after: give up all networks when no job is left.
        patience: seconds without a sign of life after which a process counts as hung.
    """

    folders: Folders
    device: str = "auto"
    cache: CacheConfig = field(default_factory=CacheConfig)
    packs: tuple[str, ...] | None = None
    isolated: tuple[str, ...] = ()
    isolated_bytes: int | None = None
    watch_packs: bool = False
    previews: str = "auto"
    preview_size: int = 512
    precision: Mapping[str, str] = field(default_factory=dict)
    weights_share: float | None = None
    reserved_bytes: int = 0
    kept: Mapping[str, str] = field(default_factory=dict)
    on_host: tuple[str, ...] = ()
    channels_last: bool = False
    compiled: str = ""
    deterministic: bool = False
    log: str = "WARNING"
    unload_after: bool = False
    patience: float = 30.0


def to_json(config: WorkerConfig) -> dict[str, Any]:
    """JSON data of a configuration."""
    data = asdict(config)
    data["folders"] = config.folders.json()
    return data


def from_json(data: Mapping[str, Any]) -> WorkerConfig:
    """The inverse of :func:`to_json`."""
    return WorkerConfig(
        **{
            **data,
            "folders": folders.from_json(data["folders"]),
            "cache": cache_config.from_json(data["cache"]),
            "packs": None if data["packs"] is None else tuple(data["packs"]),
            "isolated": tuple(data["isolated"]),
        }
    )
