"""Pictures in another size."""

import math

from engine.api import Choice, Context, Float, Image, Int, UpscaleModel, node
from engine.diffusion.upscale import upscale
from engine.media.layout import resized
from engine.media.resize import CROPS, IMAGE_METHODS, fill_in, resize

MAX_SIDE = 16384
#: In the order in which shared workflows know them.
MAX_DIMENSION_METHODS = ("area", "lanczos", "bilinear", "nearest-exact", "bilinear", "bicubic")


@node("ImageScale", category="image/upscaling", title="Upscale Image", lane="host")
def image_scale(
    *,
    image: Image,
    upscale_method: Choice(IMAGE_METHODS),
    width: Int(0, MAX_SIDE, step=1) = 512,
    height: Int(0, MAX_SIDE, step=1) = 512,
    crop: Choice(CROPS),
) -> Image:
    """Resize pictures.

    Args:
        image: the pictures.
        upscale_method: how to interpolate; lanczos is sharpest.
        width: in pixels; 0 keeps the proportion.
        height: in pixels; 0 keeps the proportion.
        crop: center cuts off what does not fit the proportion.
    """
    if width == 0 and height == 0:
        return image
    size = fill_in(width, height, image.shape[2], image.shape[1])
    return resize(image.movedim(-1, 1), *size, upscale_method, crop).movedim(1, -1)


@node("ImageScaleBy", category="image/upscaling", title="Upscale Image By", lane="host")
def image_scale_by(
    *,
    image: Image,
    upscale_method: Choice(IMAGE_METHODS),
    scale_by: Float(0.01, 8.0, step=0.01) = 1.0,
) -> Image:
    """Make pictures so many times larger.

    Args:
        image: the pictures.
        upscale_method: how to interpolate; lanczos is sharpest.
        scale_by: factor for both sides.
    """
    return _scaled(image, scale_by, upscale_method)


@node("ImageScaleToTotalPixels", category="image/upscaling", lane="host")
def image_scale_to_total_pixels(
    *,
    image: Image,
    upscale_method: Choice(IMAGE_METHODS),
    megapixels: Float(0.01, 16.0, step=0.01) = 1.0,
) -> Image:
    """Give pictures so many pixels, in their proportion.

    Args:
        image: the pictures.
        upscale_method: how to interpolate; lanczos is sharpest.
        megapixels: 1 is as many as 1024 x 1024.
    """
    pixels = int(megapixels * 1024 * 1024)
    factor = math.sqrt(pixels / (image.shape[1] * image.shape[2]))
    return _scaled(image, factor, upscale_method)


@node("ImageScaleToMaxDimension", category="image/upscaling", lane="host")
def image_scale_to_max_dimension(
    *,
    image: Image,
    upscale_method: Choice(MAX_DIMENSION_METHODS),
    largest_size: Int(0, MAX_SIDE, step=1) = 512,
) -> Image:
    """Resize pictures so that their longer side has a length.

    Args:
        image: the pictures.
        upscale_method: how to interpolate.
        largest_size: of the longer side, in pixels; 0 keeps the size.
    """
    if largest_size == 0:
        return image
    return _scaled(image, largest_size / max(image.shape[1:3]), upscale_method)


def _scaled(image: Image, factor: float, method: str) -> Image:
    height, width = (max(1, round(side * factor)) for side in image.shape[1:3])
    return resized(image, width, height, method)


@node("ImageUpscaleWithModel", category="image/upscaling", title="Upscale Image (using Model)")
def image_upscale_with_model(*, upscale_model: UpscaleModel, image: Image, ctx: Context) -> Image:
    """Make pictures larger by a network that adds detail.

    Args:
        upscale_model: decides how many times larger.
        image: the pictures.
    """
    return upscale(upscale_model, image, done=ctx.progress)
