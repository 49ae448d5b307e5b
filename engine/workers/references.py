"""File forms of the handles that flow through graphs, so that results with them survive restarts.

A stored handle is the name of weights in a file, and what sets it apart from the handle that
loading the file gives: other noise levels, another layer, patches, as far as those have file
forms themselves.

Invariant: a handle comes back equal, and only while its file is the same; that looks at the
file's header and at a few small tensors at most, never at the weights.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import torch

from engine.cache.references import register
from engine.diffusion import handles
from engine.diffusion.adapters.files import Adapter, adapter_file
from engine.diffusion.adapters.sources import FromAdapter, FromModel
from engine.diffusion.checkpoints import load_checkpoint, load_vae
from engine.diffusion.control_nets.handles import Applied, ControlLora, ControlNet, T2IAdapter
from engine.diffusion.control_nets.loading import load_control_net
from engine.diffusion.files import (
    load_averaged,
    load_clip_vision,
    load_diffusion_model,
    load_text_encoders,
    load_tiny_half,
)
from engine.diffusion.gligen import Gligen, load_gligen
from engine.diffusion.ip_adapter import IPAdapter, load_ip_adapter
from engine.diffusion.parameterization import (
    ContinuousEDM,
    ContinuousV,
    Discrete,
    RectifiedEDM,
)
from engine.diffusion.upscale import load_upscale_model
from engine.diffusion.vision import VisionOutput
from engine.diffusion.weight_hooks import Keyframe, WeightHook
from engine.diffusion.weights import file_id
from engine.errors import ModelFileError
from engine.folders import TINY_VAES


def register_handles() -> None:
    """Let the cache store handles."""
    for cls in (handles.Model, handles.TextEncoder, handles.Vae):
        register(cls.__name__, cls, _store, _load)
    for cls in (handles.ClipVision, handles.UpscaleModel, handles.Conditioner):
        register(cls.__name__, cls, _store, _load)
    register("Gligen", Gligen, _store, _load)
    for net in (ControlNet, ControlLora, T2IAdapter, IPAdapter):
        register(net.__name__, net, _store, _load)
    register("Adapter", Adapter, _store_adapter, _load_adapter)
    for hook in (WeightHook, Keyframe, FromAdapter, FromModel):
        register(hook.__name__, hook)
    register("VisionOutput", VisionOutput)
    register("Control", Applied)
    for part in (handles.Clip, handles.LatentFormat):
        register(part.__name__, part)
    for sampling in (Discrete, ContinuousEDM, ContinuousV, RectifiedEDM):
        register(sampling.__name__, sampling)


def _store_adapter(adapter: Adapter) -> dict[str, Any]:
    if adapter.path is None:
        raise ModelFileError(f"{adapter.title} has no file")
    return {"path": str(adapter.path), "id": adapter.id}


def _load_adapter(form: Mapping[str, Any]) -> Adapter:
    found = adapter_file(Path(form["path"]))
    if found.id != form["id"]:
        raise ModelFileError(f"{found.title} has changed")
    return found


def _store(handle: Any) -> dict[str, Any]:
    path, id = handle.weights.path, handle.weights.id
    plain = _plain(path, id)
    names = [field.name for field in fields(handle) if field.compare]
    changes = {n: v for n in names if (v := getattr(handle, n)) != getattr(plain, n)}
    return {"path": str(path), "id": id, "changes": changes}


def _load(form: Mapping[str, Any]) -> Any:
    return replace(_plain(Path(form["path"]), form["id"]), **form["changes"])


def _plain(path: Path, id: str) -> Any:
    """The handle on some weights as their file gives it; raises if that is another file now."""
    kept, _, computed_as = id.partition("~")
    plain, _, kept_as = kept.partition("@")
    handle = _handles_in(path, file_id(path))[plain]
    weights = handle.weights.kept(getattr(torch, kept_as)) if kept_as else handle.weights
    weights = weights.computed(getattr(torch, computed_as)) if computed_as else weights
    return handle if weights is handle.weights else replace(handle, weights=weights)


@lru_cache(maxsize=64)
def _handles_in(path: Path, id: str) -> dict[str, Any]:
    """All handles on a file by the names of their weights; ``id`` tells its states apart."""
    return {handle.weights.id: handle for handle in _loaded(path)}


def _loaded(path: Path) -> Iterator[Any]:
    loads: tuple[Callable[[Path], Any], ...] = (
        load_checkpoint,
        load_vae,
        load_upscale_model,
        load_diffusion_model,
        load_averaged,
        lambda path: load_text_encoders([path]),
        load_clip_vision,
        load_control_net,
        load_gligen,
        load_ip_adapter,
        *(partial(load_tiny_half, name) for name in TINY_VAES),
    )
    for load in loads:
        try:
            found: Any = load(path)
        except ModelFileError:
            continue
        parts = (found,) if _is_handle(found) else vars(found).values()
        for part in parts:
            yield from part.encoders if isinstance(part, handles.Clip) else filter(None, (part,))


def _is_handle(found: Any) -> bool:
    return hasattr(found, "weights") or isinstance(found, handles.Clip)
