"""Latents cut, turned and mirrored."""

from functools import partial

import torch

from engine.api import Choice, Int, Latent, node

from .image_transform import FLIPS, ROTATIONS
from .latent import CELL, MAX_SIDE, MIN_SIDE

_transform = partial(node, category="latent/transform", lane="host")


@_transform("LatentRotate", title="Rotate Latent")
def latent_rotate(*, samples: Latent, rotation: Choice(ROTATIONS)) -> Latent:
    """Turn latents clockwise; a noise mask stays as it is.

    Args:
        samples: the latents.
        rotation: how far.
    """
    turned = torch.rot90(samples["samples"], ROTATIONS.index(rotation), dims=(-1, -2))
    return {**samples, "samples": turned.contiguous()}


@_transform("LatentFlip", title="Flip Latent")
def latent_flip(*, samples: Latent, flip_method: Choice(FLIPS)) -> Latent:
    """Mirror latents; a noise mask stays as it is.

    Args:
        samples: the latents.
        flip_method: vertically puts the top down.
    """
    return {**samples, "samples": samples["samples"].flip(-2 if flip_method == FLIPS[0] else -1)}


@_transform("LatentCrop", title="Crop Latent")
def latent_crop(
    *,
    samples: Latent,
    width: Int(64, MAX_SIDE, step=8) = 512,
    height: Int(64, MAX_SIDE, step=8) = 512,
    x: Int(0, MAX_SIDE, step=8) = 0,
    y: Int(0, MAX_SIDE, step=8) = 0,
) -> Latent:
    """Cut a rectangle out of latents, as far as it lies inside; a noise mask stays as it is.

    Args:
        samples: the latents.
        width: in pixels of the picture.
        height: in pixels of the picture.
        x: left side, in pixels; at least 64 pixels are left.
        y: top, in pixels; at least 64 pixels are left.
    """
    rows, columns = samples["samples"].shape[-2:]
    least = MIN_SIDE // CELL
    left, top = max(min(x // CELL, columns - least), 0), max(min(y // CELL, rows - least), 0)
    right, bottom = left + width // CELL, top + height // CELL
    return {**samples, "samples": samples["samples"][..., top:bottom, left:right].clone()}
