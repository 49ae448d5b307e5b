"""Finished pictures: mixed, blurred, sharpened, with fewer colours; their shapes and edges."""

from collections.abc import Callable, Mapping

import torch

from engine.api import Choice, Float, Image, Int, node
from engine.media import filters
from engine.media.colours import DITHERS, quantized
from engine.media.edges import canny
from engine.media.layout import cycled
from engine.media.resize import resize

#: Blend modes of the W3C's compositing specification; ``a`` lies below ``b``.
BLEND_MODES: Mapping[str, Callable[[Image, Image], Image]] = {
    "normal": lambda a, b: b,
    "multiply": lambda a, b: a * b,
    "screen": lambda a, b: 1 - (1 - a) * (1 - b),
    "overlay": lambda a, b: torch.where(a <= 0.5, 2 * a * b, 1 - 2 * (1 - a) * (1 - b)),
    "soft_light": lambda a, b: _soft_light(a, b),
    "difference": lambda a, b: a - b,
}


@node("ImageBlend", category="image/postprocessing", lane="host")
def image_blend(
    *,
    image1: Image,
    image2: Image,
    blend_factor: Float(0.0, 1.0, step=0.01) = 0.5,
    blend_mode: Choice(tuple(BLEND_MODES)),
) -> Image:
    """Mix two pictures.

    Args:
        image1: lies below and decides the size.
        image2: lies above; resized and cropped to fit.
        blend_factor: 0 shows only the first, 1 the full mixture.
        blend_mode: how the colours are mixed.
    """
    channels = min(image1.shape[-1], image2.shape[-1])
    below, above = image1[..., :channels], image2[..., :channels].to(image1)
    if above.shape[1:3] != below.shape[1:3]:
        height, width = below.shape[1:3]
        above = resize(above.movedim(-1, 1), width, height, "bicubic", "center").movedim(1, -1)
    above = cycled(above, len(below))
    mixed = BLEND_MODES[blend_mode](below, above)
    return torch.lerp(below, mixed, blend_factor).clamp(0, 1)


@node("ImageBlur", category="image/postprocessing", lane="host")
def image_blur(
    *,
    image: Image,
    blur_radius: Int(1, 31, step=1) = 1,
    sigma: Float(0.1, 10.0, step=0.1) = 1.0,
) -> Image:
    """Blur pictures.

    Args:
        image: the pictures.
        blur_radius: how far around each pixel to look, in pixels.
        sigma: width of the bell that weighs them, as a share of the radius.
    """
    return filters.blurred(image.movedim(-1, 1), blur_radius, sigma).movedim(1, -1).contiguous()


@node("ImageSharpen", category="image/postprocessing", lane="host")
def image_sharpen(
    *,
    image: Image,
    sharpen_radius: Int(1, 31, step=1) = 1,
    sigma: Float(0.1, 10.0, step=0.01) = 1.0,
    alpha: Float(0.0, 5.0, step=0.01) = 1.0,
) -> Image:
    """Sharpen pictures.

    Args:
        image: the pictures.
        sharpen_radius: size of the details, in pixels.
        sigma: width of the bell that weighs neighbours, as a share of the radius.
        alpha: how strongly.
    """
    sharp = filters.sharpened(image.movedim(-1, 1), sharpen_radius, sigma, alpha)
    return sharp.movedim(1, -1).clamp(0, 1).contiguous()


@node("ImageQuantize", category="image/postprocessing", lane="host")
def image_quantize(
    *, image: Image, colors: Int(1, 256, step=1) = 256, dither: Choice(DITHERS)
) -> Image:
    """Leave a few colours to pictures, as in GIF files.

    Args:
        image: the pictures.
        colors: how many, for each picture.
        dither: how colours between are imitated: by spreading the error, or by a pattern of
            2 to 16 pixels a side.
    """
    return quantized(image, colors, dither)


@node("Morphology", category="image/postprocessing", title="ImageMorphology", lane="host")
def morphology(
    *,
    image: Image,
    operation: Choice(tuple(filters.MORPHOLOGY)),
    kernel_size: Int(3, 999, step=1) = 3,
) -> Image:
    """Let dark or bright shapes grow in pictures, or find small ones.

    Args:
        image: the pictures.
        operation: erode lets the dark grow and dilate the bright; open removes small bright
            details and close small dark ones; gradient shows outlines, and the hats show what
            open and close remove.
        kernel_size: side of the square that counts as small, in pixels.
    """
    done = filters.MORPHOLOGY[operation](image.movedim(-1, 1), kernel_size)
    return done.movedim(1, -1).contiguous()


@node("Canny", category="image/preprocessors", lane="host")
def canny_node(
    *,
    image: Image,
    low_threshold: Float(0.01, 0.99, step=0.01) = 0.4,
    high_threshold: Float(0.01, 0.99, step=0.01) = 0.8,
) -> Image:
    """Draw the edges of pictures, white on black.

    Args:
        image: the pictures.
        low_threshold: how strong an edge must be to go on.
        high_threshold: how strong it must be somewhere.
    """
    edges = canny(image, low_threshold, high_threshold)
    return edges[..., None].repeat(1, 1, 1, 3)


def _soft_light(a: Image, b: Image) -> Image:
    lifted = torch.where(a <= 0.25, ((16 * a - 12) * a + 4) * a, a.sqrt())
    return torch.where(b <= 0.5, a - (1 - 2 * b) * a * (1 - a), a + (2 * b - 1) * (lifted - a))
