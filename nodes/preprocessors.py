"""What ControlNets read, made of pictures by filters, without weights."""

from functools import partial

import torch

from engine.api import Choice, Float, Image, Int, Mask, node
from engine.media import hints, lines

_preprocessor = partial(node, category="image/preprocessors", lane="host")
#: What a scribble can be made of.
SOURCES = ("picture", "drawing")
#: What a picture without colours can show.
BRIGHTNESS = {"luminance": hints.lightness, "intensity": hints.intensity}


def _in_colour(drawing: torch.Tensor) -> torch.Tensor:
    """``b h w`` as a picture."""
    return drawing[..., None].repeat(1, 1, 1, 3)


@_preprocessor("LineartHint", title="Lineart")
def lineart_hint(
    *,
    image: Image,
    sigma: Float(0.5, 50.0, step=0.1) = 6.0,
    threshold: Float(0.0, 1.0, step=0.01) = 0.03,
) -> Image:
    """Draw what is darker than its surroundings, white on black.

    Args:
        image: the pictures.
        sigma: how far the surroundings reach, in pixels; small values draw fine lines.
        threshold: darkness from which something counts when lines are made equally bright.
    """
    return _in_colour(lines.lineart(image, sigma, threshold))


@_preprocessor("ScribbleHint", title="Scribble")
def scribble_hint(
    *,
    image: Image,
    source: Choice(SOURCES) = "picture",
    threshold: Float(0.0, 1.0, step=0.005) = 0.065,
    thickness: Int(1, 31) = 1,
) -> Image:
    """Draw thick or thin scribbles, white on black.

    Args:
        image: the pictures.
        source: of a picture its lines are drawn; of a drawing, dark on light, its strokes.
        threshold: how much darker than its surroundings a line of a picture is.
        thickness: by how many pixels lines grow; 1 leaves them.
    """
    if source == "drawing":
        return _in_colour(lines.strokes(image, 0.5, thickness))
    return _in_colour(lines.scribble(image, threshold, thickness))


@_preprocessor("RecolorHint", title="Recolor")
def recolor_hint(
    *,
    image: Image,
    shows: Choice(tuple(BRIGHTNESS)) = "luminance",
    gamma: Float(0.1, 4.0, step=0.01) = 1.0,
) -> Image:
    """Take the colours out of pictures, for ControlNets that put others in.

    Args:
        image: the pictures.
        shows: luminance is how bright a colour looks, intensity its brightest channel.
        gamma: above 1 darkens what is between black and white.
    """
    return _in_colour(BRIGHTNESS[shows](image) ** gamma)


@_preprocessor("TileHint", title="Tile")
def tile_hint(*, image: Image, factor: Float(1.0, 64.0, step=0.5) = 4.0) -> Image:
    """Take details out of pictures, for ControlNets that put new ones in.

    Args:
        image: the pictures.
        factor: details smaller than so many pixels go; 1 leaves the pictures as they are.
    """
    return image if factor == 1 else hints.coarse(image, factor)


@_preprocessor("InpaintHint", title="Inpaint")
def inpaint_hint(*, image: Image, mask: Mask) -> Image:
    """Mark what is missing in pictures, for ControlNets that fill it.

    What is missing becomes -1, which other nodes show as black.

    Args:
        image: the pictures.
        mask: what is missing.
    """
    return hints.with_gaps(image, mask)
