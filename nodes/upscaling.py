"""Pictures in another size."""

from engine.api import Choice, Context, Image, Int, UpscaleModel, node
from engine.diffusion.upscale import upscale
from engine.media.resize import CROPS, IMAGE_METHODS, fill_in, resize

MAX_SIDE = 16384


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


@node("ImageUpscaleWithModel", category="image/upscaling", title="Upscale Image (using Model)")
def image_upscale_with_model(*, upscale_model: UpscaleModel, image: Image, ctx: Context) -> Image:
    """Make pictures larger by a network that adds detail.

    Args:
        upscale_model: decides how many times larger.
        image: the pictures.
    """
    return upscale(upscale_model, image, done=ctx.progress)
