"""``node_helpers``: small functions that nodes share."""

import hashlib
from collections.abc import Callable
from typing import Any

import torch
from PIL import Image, ImageFile


def conditioning_set_values(
    conditioning: list[Any], values: dict[str, Any] | None = None, append: bool = False
) -> list[Any]:
    """A conditioning with more options; ``append`` adds to lists that are there already."""
    made = []
    for cond, options in conditioning:
        new = dict(options)
        for name, value in (values or {}).items():
            joins = append and new.get(name) is not None
            new[name] = new[name] + value if joins else value
        made.append([cond, new])
    return made


def pillow(fn: Callable[..., Any], arg: Any) -> Any:
    """Call a function of Pillow, reading pictures that are cut off as far as they go."""
    try:
        return fn(arg)
    except (OSError, SyntaxError, ValueError):
        before, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, True
        try:
            return fn(arg)
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = before


def hasher() -> Callable[..., Any]:
    """What makes hashes of files."""
    return hashlib.sha256


def string_to_torch_dtype(string: str) -> torch.dtype | None:
    """The type of the names fp32, fp16 and bf16; None for others."""
    known = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
    return known.get(string)


def image_alpha_fix(
    destination: torch.Tensor, source: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Two pictures ``b h w c`` with as many channels: an opaque one is added, or one cut off."""
    missing = destination.shape[-1] - source.shape[-1]
    if missing < 0:
        return destination, source[..., : destination.shape[-1]]
    if missing > 0:
        source = torch.nn.functional.pad(source, (0, missing), value=1.0)
    return destination, source


def open_image(path: str) -> Image.Image:
    """A picture file."""
    opened: Image.Image = pillow(Image.open, path)
    return opened
