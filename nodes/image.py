"""Pictures: from files, to files, and simple ones."""

import hashlib
from datetime import datetime
from pathlib import Path

import torch

from engine.api import Context, Image, Int, Mask, Output, Text, UploadedImage, node, saved_image
from engine.media.images import load_image, save_png
from engine.media.naming import save_name, save_numbered

#: Effort of PNG compression for results and for previews.
RESULT_COMPRESSION, PREVIEW_COMPRESSION = 4, 1
HIDDEN = {"prompt": "PROMPT", "extra_pnginfo": "EXTRA_PNGINFO"}
MAX_SIDE = 16384


@node("LoadImage", category="image", title="Load Image", lane="host")
def load_image_node(*, image: UploadedImage(), ctx: Context) -> tuple[Image, Mask]:
    """Load a picture and its transparency.

    Args:
        image: a file of the input folder, or one that you drop here.
    """
    return load_image(ctx.folders.annotated(image))


@node("SaveImage", category="image", title="Save Image", lane="host", is_output=True, hidden=HIDDEN)
def save_image(*, images: Image, filename_prefix: Text() = "ComfyUI", ctx: Context) -> Output:
    """Save pictures to the output folder, with the workflow inside.

    Args:
        images: the pictures.
        filename_prefix: begins the file names; may hold folders, %year%, %width% and so on.
    """
    return save_pictures(images, filename_prefix, "output", RESULT_COMPRESSION, ctx)


@node(
    "PreviewImage",
    category="image",
    title="Preview Image",
    lane="host",
    is_output=True,
    hidden=HIDDEN,
)
def preview_image(*, images: Image, ctx: Context) -> Output:
    """Show pictures without keeping them.

    Args:
        images: the pictures.
    """
    letters = hashlib.blake2b(ctx.node_id.encode(), digest_size=3).hexdigest()
    return save_pictures(images, f"preview_{letters}", "temp", PREVIEW_COMPRESSION, ctx)


@node("ImageInvert", category="image", title="Invert Image", lane="host")
def image_invert(*, image: Image) -> Image:
    """Turn light into dark and colours into their opposites."""
    return 1.0 - image


@node("EmptyImage", category="image", lane="host")
def empty_image(
    *,
    width: Int(1, MAX_SIDE, step=1) = 512,
    height: Int(1, MAX_SIDE, step=1) = 512,
    batch_size: Int(1, 4096) = 1,
    color: Int(0, 0xFFFFFF, step=1, display="color") = 0,
) -> Image:
    """A picture of one colour.

    Args:
        width: in pixels.
        height: in pixels.
        batch_size: number of pictures.
        color: red, green and blue as one number.
    """
    rgb = torch.tensor([color >> 16 & 255, color >> 8 & 255, color & 255]) / 255
    return rgb.expand(batch_size, height, width, 3).contiguous()


def save_pictures(images: Image, prefix: str, kind: str, compression: int, ctx: Context) -> Output:
    """Write a batch below a root; the references go to the canvas."""
    root = ctx.folders.root(kind)
    name = save_name(root, prefix, images.shape[2], images.shape[1], datetime.now())
    shown, used = [], set[Path]() if ctx.again else None
    for i, image in enumerate(images):

        def write(path: Path, image: Image = image) -> None:
            save_png(path, image, ctx.metadata, compression)

        ctx.check()
        shown.append(saved_image(save_numbered(name, write, i, used=used), root, kind))
    return Output(ui={"images": shown})
