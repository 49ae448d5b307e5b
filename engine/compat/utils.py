"""``comfy.utils``: resizing, files of tensors, progress, and small tools."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.diffusion.tiling import in_tiles
from engine.diffusion.weights import read_header, read_tensors
from engine.media.resize import bislerp as _bislerp
from engine.media.resize import resize

from . import state

PROGRESS_BAR_ENABLED = True
#: Hears of progress beside the client: ``(value, total, preview, node_id=...)``.
PROGRESS_BAR_HOOK: Callable[..., Any] | None = None


def set_progress_bar_global_hook(function: Callable[..., Any] | None) -> None:
    """Let a function hear of all progress."""
    global PROGRESS_BAR_HOOK
    PROGRESS_BAR_HOOK = function


def set_progress_bar_enabled(enabled: bool) -> None:
    """Show progress on the console, or not."""
    global PROGRESS_BAR_ENABLED
    PROGRESS_BAR_ENABLED = enabled


class ProgressBar:
    """Tells the client how far the node is, which is also where a run can be interrupted."""

    def __init__(self, total: float, node_id: str | None = None) -> None:
        self.total = total
        self.current = 0.0
        self.node_id = node_id

    def update_absolute(
        self, value: float, total: float | None = None, preview: Any = None
    ) -> None:
        """Be at ``value``; a preview is ``(format, picture, longest side)``."""
        self.total = self.total if total is None else total
        self.current = min(value, self.total)
        if PROGRESS_BAR_HOOK is not None:
            PROGRESS_BAR_HOOK(self.current, self.total, preview, node_id=self.node_id)
        if (ctx := state.context()) is not None:
            ctx.progress(self.current, self.total, None if preview is None else _shown(preview))

    def update(self, value: float) -> None:
        """Be ``value`` further."""
        self.update_absolute(self.current + value)


def _shown(preview: Sequence[Any]) -> Callable[[], Any]:
    import numpy as np

    picture = preview[1]
    return lambda: np.asarray(picture.convert("RGB"))


def load_torch_file(
    ckpt: str, safe_load: bool = False, device: Any = None, return_metadata: bool = False
) -> Any:
    """The tensors of a file, by name; pickled files are read without executing anything."""
    tensors = read_tensors(Path(ckpt))
    if device is not None:
        tensors = {name: tensor.to(device) for name, tensor in tensors.items()}
    return (tensors, dict(read_header(Path(ckpt)).metadata)) if return_metadata else tensors


def save_torch_file(sd: Mapping[str, Tensor], ckpt: str, metadata: Any = None) -> None:
    """Write tensors as safetensors."""
    from safetensors.torch import save_file

    save_file({name: t.contiguous() for name, t in sd.items()}, ckpt, metadata)


def calculate_parameters(sd: Mapping[str, Tensor], prefix: str = "") -> int:
    """How many numbers the tensors of a prefix hold."""
    return sum(t.nelement() for name, t in sd.items() if name.startswith(prefix))


def weight_dtype(sd: Mapping[str, Tensor], prefix: str = "") -> torch.dtype | None:
    """The type that most numbers of a prefix have."""
    counts: dict[torch.dtype, int] = {}
    for name, tensor in sd.items():
        if name.startswith(prefix):
            counts[tensor.dtype] = counts.get(tensor.dtype, 0) + tensor.numel()
    return max(counts, key=lambda kind: counts[kind], default=None)


def state_dict_prefix_replace(
    state_dict: dict[str, Any], replace_prefix: Mapping[str, str], filter_keys: bool = False
) -> dict[str, Any]:
    """Rename tensors by the beginnings of their names; others stay, or go with ``filter_keys``."""
    out = {} if filter_keys else state_dict
    for old, new in replace_prefix.items():
        for name in [name for name in state_dict if name.startswith(old)]:
            out[new + name[len(old) :]] = state_dict.pop(name)
    return out


def state_dict_key_replace(
    state_dict: dict[str, Any], keys_to_replace: Mapping[str, str]
) -> dict[str, Any]:
    """Rename tensors by their whole names."""
    for old, new in keys_to_replace.items():
        if old in state_dict:
            state_dict[new] = state_dict.pop(old)
    return state_dict


def get_attr(obj: Any, attr: str) -> Any:
    """What a dotted name leads to."""
    for name in attr.split("."):
        obj = getattr(obj, name)
    return obj


def set_attr(obj: Any, attr: str, value: Any) -> Any:
    """Set what a dotted name leads to; what was there before.

    Raises:
        AttributeError: a part of the name begins with two underscores.
    """
    if any(name.startswith("__") for name in attr.split(".")):
        raise AttributeError(f"'{attr}' leads into Python itself")
    path, _, last = attr.rpartition(".")
    owner = get_attr(obj, path) if path else obj
    before = getattr(owner, last)
    setattr(owner, last, value)
    return before


def set_attr_param(obj: Any, attr: str, value: Tensor) -> Any:
    """Set a parameter; what was there before."""
    return set_attr(obj, attr, torch.nn.Parameter(value, requires_grad=False))


def copy_to_param(obj: Any, attr: str, value: Tensor) -> None:
    """Copy numbers into a parameter that stays where it is."""
    get_attr(obj, attr).data.copy_(value)


def common_upscale(
    samples: Tensor, width: int, height: int, upscale_method: str, crop: str
) -> Tensor:
    """Resize ``b c h w``; further axes between channels and height are kept."""
    if samples.ndim <= 4:
        return resize(samples, width, height, upscale_method, crop)
    b, c, *rest, h, w = samples.shape
    flat = samples.movedim(1, -3).reshape(-1, c, h, w)
    out = resize(flat, width, height, upscale_method, crop)
    return out.reshape(b, *rest, c, height, width).movedim(-3, 1)


def lanczos(samples: Tensor, width: int, height: int) -> Tensor:
    """Resize pictures ``b c h w`` by Lanczos' filter."""
    return resize(samples, width, height, "lanczos")


def bislerp(samples: Tensor, width: int, height: int) -> Tensor:
    """Resize latents ``b c h w``, keeping their strength."""
    return _bislerp(samples, width, height)


def get_tiled_scale_steps(width: int, height: int, tile_x: int, tile_y: int, overlap: int) -> int:
    """How many tiles cover a picture."""
    rows = 1 if height <= tile_y else math.ceil((height - overlap) / (tile_y - overlap))
    columns = 1 if width <= tile_x else math.ceil((width - overlap) / (tile_x - overlap))
    return rows * columns


def tiled_scale(
    samples: Tensor,
    function: Callable[[Tensor], Tensor],
    tile_x: int = 64,
    tile_y: int = 64,
    overlap: int = 8,
    upscale_amount: float = 4,
    out_channels: int = 3,
    output_device: Any = "cpu",
    pbar: ProgressBar | None = None,
) -> Tensor:
    """Apply a function that resizes by ``upscale_amount`` to tiles, and blend the results."""

    def done(tiles: int, total: int) -> None:
        if pbar is not None:
            pbar.update(1)

    tile = min(tile_x, tile_y)
    found = [in_tiles(function, one[None], tile, overlap, upscale_amount, done) for one in samples]
    return torch.cat(found).to(output_device)


def repeat_to_batch_size(tensor: Tensor, batch_size: int, dim: int = 0) -> Tensor:
    """A batch of so many items: cut, or repeated from its beginning."""
    count = tensor.shape[dim]
    if count >= batch_size:
        return tensor.narrow(dim, 0, batch_size)
    return tensor.index_select(dim, torch.arange(batch_size, device=tensor.device) % count)


def resize_to_batch_size(tensor: Tensor, batch_size: int) -> Tensor:
    """A batch of so many items, taken evenly from first to last."""
    count = tensor.shape[0]
    if count == batch_size:
        return tensor
    if batch_size == 1:
        return tensor[:1]
    places = [round(i * (count - 1) / (batch_size - 1)) for i in range(batch_size)]
    return tensor[places]


def pack_latents(latents: Iterable[Tensor]) -> tuple[Tensor, list[torch.Size]]:
    """Several latents as one, ``b 1 n``, and their shapes."""
    parts = list(latents)
    shapes = [part.shape for part in parts]
    return torch.cat([part.flatten(1)[:, None] for part in parts], dim=-1), shapes


def unpack_latents(combined_latent: Tensor, latent_shapes: Sequence[Sequence[int]]) -> list[Tensor]:
    """The latents that :func:`pack_latents` made one of."""
    if len(latent_shapes) <= 1:
        return [combined_latent]
    lengths = [math.prod(shape[1:]) for shape in latent_shapes]
    parts = torch.split(combined_latent, lengths, dim=-1)
    return [
        part.reshape(part.shape[0], *shape[1:])
        for part, shape in zip(parts, latent_shapes, strict=True)
    ]


def string_to_seed(data: str | bytes) -> int:
    """The same 32 bits for the same text, everywhere (CRC 32)."""
    import binascii

    return binascii.crc32(data.encode() if isinstance(data, str) else data)


def safetensors_header(safetensors_path: str, max_size: int = 100 << 20) -> bytes | None:
    """The header of a file as JSON text; None if it is longer than allowed."""
    with open(safetensors_path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        return None if length > max_size else file.read(length)
