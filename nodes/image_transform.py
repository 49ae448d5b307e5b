"""Pictures cut, turned, stitched together and fitted into a size."""

from functools import partial

import torch

from engine.api import Bool, Choice, Image, Int, node
from engine.media.layout import COLORS, DIRECTIONS, letterboxed, stitched

MAX_SIDE = 16384
ROTATIONS = ("none", "90 degrees", "180 degrees", "270 degrees")
FLIPS = ("x-axis: vertically", "y-axis: horizontally")
_transform = partial(node, category="image/transform", lane="host")


@_transform("ImageCrop", title="Image Crop")
def image_crop(
    *,
    image: Image,
    width: Int(1, MAX_SIDE, step=1) = 512,
    height: Int(1, MAX_SIDE, step=1) = 512,
    x: Int(0, MAX_SIDE, step=1) = 0,
    y: Int(0, MAX_SIDE, step=1) = 0,
) -> Image:
    """Cut a rectangle out of pictures, as far as it lies inside.

    Args:
        image: the pictures.
        width: in pixels.
        height: in pixels.
        x: left side.
        y: top.
    """
    x, y = min(x, image.shape[2] - 1), min(y, image.shape[1] - 1)
    return image[:, y : y + height, x : x + width].clone()


@_transform("ImageFlip")
def image_flip(*, image: Image, flip_method: Choice(FLIPS)) -> Image:
    """Mirror pictures.

    Args:
        image: the pictures.
        flip_method: vertically puts the top down.
    """
    return image.flip(1 if flip_method == FLIPS[0] else 2)


@_transform("ImageRotate")
def image_rotate(*, image: Image, rotation: Choice(ROTATIONS)) -> Image:
    """Turn pictures clockwise.

    Args:
        image: the pictures.
        rotation: how far.
    """
    return torch.rot90(image, ROTATIONS.index(rotation), dims=(2, 1)).contiguous()


@_transform("ImageStitch", title="Image Stitch")
def image_stitch(
    *,
    image1: Image,
    direction: Choice(DIRECTIONS, default="right"),
    match_image_size: Bool() = True,
    spacing_width: Int(0, 1024, step=2) = 0,
    spacing_color: Choice(tuple(COLORS), default="white"),
    image2: Image = None,
) -> Image:
    """Put two pictures side by side.

    Args:
        image1: comes back alone if there is no second one.
        direction: where the second one goes.
        match_image_size: resize the second one to the height or width of the first.
        spacing_width: space between them, in pixels.
        spacing_color: of that space.
        image2: the second one.
    """
    if image2 is None:
        return image1
    return stitched(image1, image2, direction, match_image_size, spacing_width, spacing_color)


@_transform("ResizeAndPadImage")
def resize_and_pad_image(
    *,
    image: Image,
    target_width: Int(1, MAX_SIDE, step=1) = 512,
    target_height: Int(1, MAX_SIDE, step=1) = 512,
    padding_color: Choice(("white", "black")),
    interpolation: Choice(("area", "bicubic", "nearest-exact", "bilinear", "lanczos")),
) -> Image:
    """Fit whole pictures into a size, with bars where the proportion differs.

    Args:
        image: the pictures.
        target_width: in pixels.
        target_height: in pixels.
        padding_color: of the bars.
        interpolation: how to interpolate.
    """
    return letterboxed(image, target_width, target_height, padding_color, interpolation)
