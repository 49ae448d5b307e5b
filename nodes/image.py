"""Pictures: from files, to files, and simple ones."""

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import torch

from engine.api import (
    Bool,
    Context,
    Float,
    Image,
    Int,
    Mask,
    Output,
    SavedImage,
    Seed,
    Socket,
    Text,
    UploadedImage,
    node,
    saved_image,
)
from engine.media.images import encode_png, load_image, save_png
from engine.media.layout import batched, padded, pasted, with_channels
from engine.media.naming import save_name, save_numbered

#: Effort of PNG compression for results and for previews.
RESULT_COMPRESSION, PREVIEW_COMPRESSION = 4, 1
HIDDEN = {"prompt": "PROMPT", "extra_pnginfo": "EXTRA_PNGINFO"}
MAX_SIDE = 16384
INT = Annotated[Any, Socket("INT")]


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


@node(
    "ImageCompare",
    category="image",
    title="Compare Images",
    lane="host",
    is_output=True,
    hidden=HIDDEN,
)
def image_compare(*, image_a: Image = None, image_b: Image = None, ctx: Context) -> Output:
    """Lay two pictures over each other on the node, with a line to drag between them.

    Args:
        image_a: left of the line.
        image_b: right of the line.
    """
    letters = hashlib.blake2b(ctx.node_id.encode(), digest_size=3).hexdigest()
    shown = {}
    for side, images in (("a", image_a), ("b", image_b)):
        if images is not None:
            kept = save_pictures(
                images, f"compare_{side}_{letters}", "temp", PREVIEW_COMPRESSION, ctx
            )
            shown[f"{side}_images"] = kept.ui["images"]
    return Output(ui=shown)


@node(
    "SaveImageWebsocket",
    category="api/image",
    lane="host",
    is_output=True,
    fingerprint=lambda inputs: float("nan"),  # whoever listens wants them again
)
def save_image_websocket(*, images: Image, ctx: Context) -> Output:
    """Send pictures to the client as PNG over the websocket, and save nothing.

    Each comes as a binary frame, in order; a client that asked for metadata is told the node.

    Args:
        images: the pictures.
    """
    for i, image in enumerate(images):
        ctx.progress(i, len(images))
        ctx.send(encode_png(image), "image/png")
    ctx.progress(len(images), len(images))
    return Output()


@node(
    "LoadImageOutput",
    category="image",
    title="Load Image (from Outputs)",
    lane="host",
    experimental=True,
)
def load_image_output(*, image: SavedImage(), ctx: Context) -> tuple[Image, Mask]:
    """Load a picture of the output folder, such as an earlier result.

    Args:
        image: a file of the output folder.
    """
    return load_image(ctx.folders.annotated(image, default="output"))


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


@node(
    "GetImageSize",
    category="image",
    title="Get Image Size",
    lane="host",
    outputs=("width", "height", "batch_size"),
    hidden={"unique_id": "UNIQUE_ID"},
)
def get_image_size(*, image: Image) -> tuple[INT, INT, INT]:
    """Width and height of pictures in pixels, and how many there are.

    Args:
        image: the pictures.
    """
    count, height, width = image.shape[:3]
    return width, height, count


@node("ImageAddNoise", category="image", lane="host")
def image_add_noise(
    *, image: Image, seed: Seed() = 0, strength: Float(0.0, 1.0, step=0.01) = 0.5
) -> Image:
    """Add Gaussian noise to pictures.

    Args:
        image: the pictures.
        seed: of the noise.
        strength: its standard deviation, where 1 is from black to white.
    """
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(image.shape, generator=generator)
    return (image + strength * noise).clamp(0, 1)


@node("ImageBatch", category="image", title="Batch Images", lane="host")
def image_batch(*, image1: Image, image2: Image) -> Image:
    """Put two batches of pictures together.

    Args:
        image1: decides the size.
        image2: resized and cropped to fit.
    """
    return batched(image1, image2)


@node("ImageCompositeMasked", category="image", lane="host")
def image_composite_masked(
    *,
    destination: Image,
    source: Image,
    x: Int(0, MAX_SIDE, step=1) = 0,
    y: Int(0, MAX_SIDE, step=1) = 0,
    resize_source: Bool() = False,
    mask: Mask = None,
) -> Image:
    """Lay one picture onto another.

    Args:
        destination: decides the size.
        source: lies above; what hangs over is cut.
        x: where its left side goes, in pixels.
        y: where its top goes, in pixels.
        resize_source: stretch it over the whole destination first.
        mask: white where it shows; resized to fit.
    """
    below = destination.movedim(-1, 1)
    above = with_channels(source, destination.shape[-1]).movedim(-1, 1)
    return pasted(below, above, x, y, mask, resize_source).movedim(1, -1).contiguous()


@node("ImagePadForOutpaint", category="image", title="Pad Image for Outpainting", lane="host")
def image_pad_for_outpaint(
    *,
    image: Image,
    left: Int(0, MAX_SIDE, step=8) = 0,
    top: Int(0, MAX_SIDE, step=8) = 0,
    right: Int(0, MAX_SIDE, step=8) = 0,
    bottom: Int(0, MAX_SIDE, step=8) = 0,
    feathering: Int(0, MAX_SIDE, step=1) = 40,
) -> tuple[Image, Mask]:
    """Make room around a picture, and a mask of what is to be painted.

    Args:
        image: the picture.
        left: pixels to add.
        top: pixels to add.
        right: pixels to add.
        bottom: pixels to add.
        feathering: pixels over which old and new will fade into each other.
    """
    return padded(image, left, top, right, bottom, feathering)


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
