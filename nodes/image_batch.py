"""Batches of pictures: taken apart, put together, and split into channels."""

from functools import partial
from itertools import groupby

import torch

from engine.api import Image, Int, Items, node
from engine.media.colours import from_ycc, to_ycc

_batch = partial(node, category="image/batch", lane="host")


@_batch("ImageFromBatch")
def image_from_batch(
    *, image: Image, batch_index: Int(0, 4095) = 0, length: Int(1, 4096) = 1
) -> Image:
    """Take pictures out of a batch.

    Args:
        image: the batch.
        batch_index: the first one to take, counted from 0.
        length: how many to take, as far as there are so many.
    """
    first = min(batch_index, len(image) - 1)
    return image[first : first + length].clone()


@_batch("RepeatImageBatch")
def repeat_image_batch(*, image: Image, amount: Int(1, 4096) = 1) -> Image:
    """Repeat a batch.

    Args:
        image: the pictures.
        amount: how many times they are there in the end.
    """
    return image.repeat(amount, 1, 1, 1)


@_batch("RebatchImages", title="Rebatch Images", input_is_list=True)
def rebatch_images(*, images: Image, batch_size: Int(1, 4096) = 1) -> Items[Image]:
    """Put pictures into batches of another size, in order; those of one size stay together.

    Args:
        images: a list of batches.
        batch_size: pictures in each new one, as far as there are so many.
    """
    return rebatched(images, batch_size[0])


def rebatched(batches: list[torch.Tensor], size: int) -> list[torch.Tensor]:
    """Neighbours of one shape joined, and cut into batches of at most ``size``."""
    runs = groupby(batches, key=lambda batch: batch.shape[1:])
    return [part for _, run in runs for part in torch.cat(list(run)).split(size)]


@_batch("ImageRGBToYUV", outputs=("Y", "U", "V"))
def image_rgb_to_yuv(*, image: Image) -> tuple[Image, Image, Image]:
    """Split pictures into brightness and two pictures of colour, as JPEG files do.

    Args:
        image: the pictures.
    """
    y, u, v = (part[..., None].repeat(1, 1, 1, 3) for part in to_ycc(image))
    return y, u, v


@_batch("ImageYUVToRGB")
def image_yuv_to_rgb(*, Y: Image, U: Image, V: Image) -> Image:
    """Put brightness and colour together again.

    Args:
        Y: brightness.
        U: how blue; 0.5 is grey.
        V: how red; 0.5 is grey.
    """
    return from_ycc(*(part.mean(-1) for part in (Y, U, V)))
