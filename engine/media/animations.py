"""Moving pictures as PNG and WebP, with the workflow inside.

Invariant: every frame is shown for the same time, and the animation repeats for ever.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image, PngImagePlugin

from engine.fast_json import ascii_text

from .metadata import EXIF_TAGS

#: Efforts of WebP compression by the names that nodes give them.
WEBP_METHODS: Mapping[str, int] = {"default": 4, "fastest": 0, "slowest": 6}


def save_apng(
    path: Path,
    frames: Sequence[Image.Image],
    fps: float,
    metadata: Mapping[str, Any],
    compression: int,
) -> None:
    """Write an animated PNG; the metadata stands in private chunks ``comf`` behind the pixels.

    Args:
        path: the file.
        frames: pictures of one size.
        fps: frames a second.
        metadata: written as JSON.
        compression: 0 to 9.
    """
    info = PngImagePlugin.PngInfo()
    for key, value in metadata.items():
        text = key.encode("latin-1") + b"\0" + ascii_text(value).encode("latin-1")
        info.add(b"comf", text, after_idat=True)
    options = {"pnginfo": info, "compress_level": compression}
    _save(path, "PNG", frames, fps, **options)


def save_webp(
    path: Path,
    frames: Sequence[Image.Image],
    fps: float,
    metadata: Mapping[str, Any],
    lossless: bool,
    quality: int,
    method: int,
) -> None:
    """Write an animated WebP; the metadata stands in EXIF tags, ``prompt`` in the first.

    Args:
        path: the file.
        frames: pictures of one size.
        fps: frames a second.
        metadata: written as JSON.
        lossless: keep every pixel as it is.
        quality: 0 to 100; of a lossless one, how much time to spend.
        method: 0 to 6, from fast to small.
    """
    exif = Image.Exif()
    ordered = sorted(metadata.items(), key=lambda entry: entry[0] != "prompt")
    for tag, (key, value) in zip(EXIF_TAGS, ordered, strict=False):
        exif[tag] = f"{key}:{ascii_text(value)}"
    options = {"lossless": lossless, "quality": quality, "method": method}
    _save(path, "WEBP", frames, fps, exif=exif, **options)


def _save(path: Path, kind: str, frames: Sequence[Image.Image], fps: float, **options: Any) -> None:
    first, *rest = frames
    shown = int(1000.0 / fps)  # milliseconds
    moving = {"save_all": True, "append_images": rest, "duration": shown, "loop": 0}
    first.save(path, kind, **moving, **options)
