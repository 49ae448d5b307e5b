"""Finished pictures, mixed."""

from collections.abc import Callable, Mapping

import torch

from engine.api import Choice, Float, Image, node
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
    mixed = BLEND_MODES[blend_mode](below, above)
    return torch.lerp(below, mixed, blend_factor).clamp(0, 1)


def _soft_light(a: Image, b: Image) -> Image:
    lifted = torch.where(a <= 0.25, ((16 * a - 12) * a + 4) * a, a.sqrt())
    return torch.where(b <= 0.5, a - (1 - 2 * b) * a * (1 - a), a + (2 * b - 1) * (lifted - a))
