"""Moving pictures to files."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image as Picture

from engine.api import Bool, Choice, Context, Float, Image, Int, Output, Text, node, saved_image
from engine.media.animations import WEBP_METHODS, save_apng, save_webp
from engine.media.naming import save_name, save_numbered

HIDDEN = {"prompt": "PROMPT", "extra_pnginfo": "EXTRA_PNGINFO"}
Rate = Float(0.01, 1000.0, step=0.01)
_saving = partial(node, category="image/animation", lane="host", is_output=True, hidden=HIDDEN)


@_saving("SaveAnimatedPNG")
def save_animated_png(
    *,
    images: Image,
    filename_prefix: Text() = "ComfyUI",
    fps: Rate = 6.0,
    compress_level: Int(0, 9) = 4,
    ctx: Context,
) -> Output:
    """Save a batch of pictures as an animated PNG, with the workflow inside.

    Args:
        images: the frames.
        filename_prefix: begins the file name; may hold folders, %year%, %width% and so on.
        fps: frames a second.
        compress_level: 9 takes the most time and makes the smallest file.
    """

    def write(path: Path, frames: list[Any]) -> None:
        save_apng(path, frames, fps, ctx.metadata, compress_level)

    return _save(images, filename_prefix, ".png", write, ctx)


@_saving("SaveAnimatedWEBP")
def save_animated_webp(
    *,
    images: Image,
    filename_prefix: Text() = "ComfyUI",
    fps: Rate = 6.0,
    lossless: Bool() = True,
    quality: Int(0, 100) = 80,
    method: Choice(tuple(WEBP_METHODS)),
    ctx: Context,
) -> Output:
    """Save a batch of pictures as an animated WebP, with the workflow inside.

    Args:
        images: the frames.
        filename_prefix: begins the file name; may hold folders, %year%, %width% and so on.
        fps: frames a second.
        lossless: keep every pixel as it is.
        quality: 100 is best; of a lossless file, how much time to spend.
        method: slowest makes the smallest file.
    """

    def write(path: Path, frames: list[Any]) -> None:
        save_webp(path, frames, fps, ctx.metadata, lossless, quality, WEBP_METHODS[method])

    return _save(images, filename_prefix, ".webp", write, ctx)


def _save(
    images: Any,
    prefix: str,
    suffix: str,
    write: Callable[[Path, list[Any]], None],
    ctx: Context,
) -> Output:
    root = ctx.folders.root("output")
    name = save_name(root, prefix, images.shape[2], images.shape[1], datetime.now())
    levels = (images.clamp(0, 1) * 255).round().byte().cpu().numpy()
    frames = [Picture.fromarray(frame) for frame in levels]
    ctx.check()
    used = set[Path]() if ctx.again else None
    path = save_numbered(name, lambda path: write(path, frames), suffix=suffix, used=used)
    return Output(ui={"images": [saved_image(path, root, "output")], "animated": [True]})
