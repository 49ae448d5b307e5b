"""Masks: made, changed, combined, and turned into pictures and back."""

from datetime import datetime
from functools import partial

import torch

from engine.api import Bool, Choice, Context, Float, Image, Int, Mask, Output, UploadedImage, node
from engine.media import masks
from engine.media.images import load_channel

from .image import HIDDEN, save_pictures

MAX_SIDE = 16384
Side = Int(0, MAX_SIDE, step=1)
_mask = partial(node, category="mask", lane="host")


@_mask("LoadImageMask", title="Load Image (as Mask)")
def load_image_mask(
    *, image: UploadedImage(), channel: Choice(("alpha", "red", "green", "blue")), ctx: Context
) -> Mask:
    """Load one channel of a picture as a mask.

    Args:
        image: a file of the input folder, or one that you drop here.
        channel: alpha is white where the picture is transparent.
    """
    return load_channel(ctx.folders.annotated(image), channel)


@_mask("MaskToImage", title="Convert Mask to Image")
def mask_to_image(*, mask: Mask) -> Image:
    """Show a mask as a grey picture.

    Args:
        mask: white stays white.
    """
    return masks.batched(mask)[..., None].expand(-1, -1, -1, 3).contiguous()


@_mask("ImageToMask", title="Convert Image to Mask")
def image_to_mask(*, image: Image, channel: Choice(("red", "green", "blue", "alpha"))) -> Mask:
    """Take one channel of a picture as a mask.

    Args:
        image: the picture.
        channel: alpha needs a picture that has it, and is black otherwise.
    """
    index = ("red", "green", "blue", "alpha").index(channel)
    if index >= image.shape[-1]:
        return torch.zeros(image.shape[:3])
    return image[..., index].clone()


@_mask("ImageColorToMask", title="ImageColorToMask")
def image_color_to_mask(
    *, image: Image, color: Int(0, 0xFFFFFF, step=1, display="color") = 0
) -> Mask:
    """White where a picture has exactly one colour.

    Args:
        image: the picture.
        color: red, green and blue as one number.
    """
    bytes_ = (image[..., :3].clamp(0, 1) * 255).round().int()
    found = (bytes_[..., 0] << 16) + (bytes_[..., 1] << 8) + bytes_[..., 2]
    return (found == color).float()


@_mask("SolidMask", title="SolidMask")
def solid_mask(
    *,
    value: Float(0.0, 1.0, step=0.01) = 1.0,
    width: Int(1, MAX_SIDE, step=1) = 512,
    height: Int(1, MAX_SIDE, step=1) = 512,
) -> Mask:
    """A mask of one value.

    Args:
        value: 1 is white.
        width: in pixels.
        height: in pixels.
    """
    return torch.full((1, height, width), value)


@_mask("InvertMask", title="InvertMask")
def invert_mask(*, mask: Mask) -> Mask:
    """Exchange black and white.

    Args:
        mask: the mask.
    """
    return 1.0 - mask


@_mask("CropMask", title="CropMask")
def crop_mask(
    *,
    mask: Mask,
    x: Side = 0,
    y: Side = 0,
    width: Int(1, MAX_SIDE, step=1) = 512,
    height: Int(1, MAX_SIDE, step=1) = 512,
) -> Mask:
    """Cut a rectangle out of a mask.

    Args:
        mask: the mask.
        x: left side.
        y: top.
        width: in pixels.
        height: in pixels.
    """
    return masks.batched(mask)[:, y : y + height, x : x + width].clone()


@_mask("MaskComposite", title="MaskComposite")
def mask_composite(
    *,
    destination: Mask,
    source: Mask,
    x: Side = 0,
    y: Side = 0,
    operation: Choice(tuple(masks.OPERATIONS)),
) -> Mask:
    """Combine two masks.

    Args:
        destination: decides the size.
        source: laid over it.
        x: where its left side goes.
        y: where its top goes.
        operation: how both are combined.
    """
    return masks.composite(destination, source, x, y, operation)


@_mask("FeatherMask", title="FeatherMask")
def feather_mask(
    *, mask: Mask, left: Side = 0, top: Side = 0, right: Side = 0, bottom: Side = 0
) -> Mask:
    """Let a mask fade at its sides.

    Args:
        mask: the mask.
        left: width of the fade on the left, in pixels.
        top: at the top.
        right: on the right.
        bottom: at the bottom.
    """
    return masks.feathered(mask, left, top, right, bottom)


@_mask("GrowMask", title="GrowMask")
def grow_mask(
    *, mask: Mask, expand: Int(-MAX_SIDE, MAX_SIDE, step=1) = 0, tapered_corners: Bool() = True
) -> Mask:
    """Let the white of a mask grow or shrink.

    Args:
        mask: the mask.
        expand: pixels to grow; negative shrinks.
        tapered_corners: grow as a diamond, not as a square.
    """
    return masks.grown(mask, expand, tapered_corners)


@_mask("ThresholdMask", title="ThresholdMask")
def threshold_mask(*, mask: Mask, value: Float(0.0, 1.0, step=0.01) = 0.5) -> Mask:
    """Make a mask black and white.

    Args:
        mask: the mask.
        value: what is brighter becomes white.
    """
    return (mask > value).float()


@node(
    "MaskPreview",
    category="mask",
    title="MaskPreview",
    lane="host",
    is_output=True,
    hidden=HIDDEN,
)
def mask_preview(*, mask: Mask, ctx: Context) -> Output:
    """Show a mask without keeping it.

    Args:
        mask: the mask.
    """
    pictures = masks.batched(mask)[..., None].expand(-1, -1, -1, 3).contiguous()
    return save_pictures(pictures, f"mask_{datetime.now():%H%M%S}", "temp", 1, ctx)


_compositing = partial(node, category="mask/compositing", lane="host")


@_compositing("SplitImageWithAlpha", title="Split Image with Alpha")
def split_image_with_alpha(*, image: Image) -> tuple[Image, Mask]:
    """Take the transparency off a picture.

    Args:
        image: the picture; without transparency the mask is black.
    """
    has_alpha = image.shape[-1] > 3
    alpha = image[..., 3] if has_alpha else torch.ones(image.shape[:3])
    return image[..., :3].clone(), 1.0 - alpha


@_compositing("JoinImageWithAlpha", title="Join Image with Alpha")
def join_image_with_alpha(*, image: Image, alpha: Mask) -> Image:
    """Give a picture transparency.

    Args:
        image: the picture.
        alpha: white where it shall be transparent; resized to fit.
    """
    mask = masks.fitted(alpha, image.shape[1], image.shape[2])
    count = max(image.shape[0], mask.shape[0])
    picture, mask = (masks.repeated(t, count) for t in (image[..., :3], mask))
    return torch.cat([picture, 1.0 - mask[..., None]], dim=-1)


@_compositing("PorterDuffImageComposite", title="Porter-Duff Image Composite")
def porter_duff(
    *,
    source: Image,
    source_alpha: Mask,
    destination: Image,
    destination_alpha: Mask,
    mode: Choice(tuple(masks.PORTER_DUFF), default="DST"),
) -> tuple[Image, Mask]:
    """Lay one picture over another by one of the rules of Porter and Duff (1984).

    Args:
        source: lies above; resized to fit.
        source_alpha: white where it shows.
        destination: lies below and decides the size.
        destination_alpha: white where it shows.
        mode: which parts of which picture stay.
    """
    return masks.porter_duff(source, source_alpha, destination, destination_alpha, mode)
