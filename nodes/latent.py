"""Latents: empty ones, their size, the part that is to change."""

import torch

from engine.api import Bool, Choice, Float, Int, Latent, Mask, node
from engine.media.latents import composed
from engine.media.layout import pasted
from engine.media.resize import CROPS, LATENT_METHODS, fill_in, resize

#: Pixels a side of one latent cell, for sizes that are given in pixels.
CELL = 8
#: Smallest side of an upscaled latent, in pixels.
MIN_SIDE = 64
MAX_SIDE = 16384


@node("EmptyLatentImage", category="latent", title="Empty Latent Image", lane="host")
def empty_latent_image(
    *,
    width: Int(16, MAX_SIDE, step=8) = 512,
    height: Int(16, MAX_SIDE, step=8) = 512,
    batch_size: Int(1, 4096) = 1,
) -> Latent:
    """An empty latent to start from.

    Args:
        width: of the picture, in pixels.
        height: of the picture, in pixels.
        batch_size: pictures to make at once.
    """
    return {"samples": torch.zeros(batch_size, 4, height // CELL, width // CELL)}


@node("LatentUpscale", category="latent", title="Upscale Latent", lane="host")
def latent_upscale(
    *,
    samples: Latent,
    upscale_method: Choice(LATENT_METHODS),
    width: Int(0, MAX_SIDE, step=8) = 512,
    height: Int(0, MAX_SIDE, step=8) = 512,
    crop: Choice(CROPS),
) -> Latent:
    """Resize a latent.

    Args:
        samples: the latent.
        upscale_method: how to interpolate; bislerp keeps the strength of latents best.
        width: of the picture, in pixels; 0 keeps the proportion.
        height: of the picture, in pixels; 0 keeps the proportion.
        crop: center cuts off what does not fit the proportion.
    """
    if width == 0 and height == 0:
        return samples
    old_height, old_width = samples["samples"].shape[-2:]
    size = fill_in(width, height, old_width * CELL, old_height * CELL)
    columns, rows = (max(MIN_SIDE, side) // CELL for side in size)
    return {**samples, "samples": resize(samples["samples"], columns, rows, upscale_method, crop)}


@node("LatentUpscaleBy", category="latent", title="Upscale Latent By", lane="host")
def latent_upscale_by(
    *,
    samples: Latent,
    upscale_method: Choice(LATENT_METHODS),
    scale_by: Float(0.01, 8.0, step=0.01) = 1.5,
) -> Latent:
    """Make latents so many times larger.

    Args:
        samples: the latent.
        upscale_method: how to interpolate; bislerp keeps the strength of latents best.
        scale_by: factor for both sides.
    """
    x = samples["samples"]
    rows, columns = (max(1, round(side * scale_by)) for side in x.shape[-2:])
    return {**samples, "samples": resize(x, columns, rows, upscale_method)}


@node("LatentComposite", category="latent", title="Latent Composite", lane="host")
def latent_composite(
    *,
    samples_to: Latent,
    samples_from: Latent,
    x: Int(0, MAX_SIDE, step=8) = 0,
    y: Int(0, MAX_SIDE, step=8) = 0,
    feather: Int(0, MAX_SIDE, step=8) = 0,
) -> Latent:
    """Lay one latent onto another.

    Args:
        samples_to: decides the size.
        samples_from: lies above; what hangs over is cut.
        x: where its left side goes, in pixels of the picture.
        y: where its top goes, in pixels of the picture.
        feather: pixels over which its sides fade, where they lie inside.
    """
    below, above = samples_to["samples"], samples_from["samples"]
    done = composed(below, above, x // CELL, y // CELL, feather // CELL)
    return {**samples_to, "samples": done}


@node("LatentCompositeMasked", category="latent", lane="host")
def latent_composite_masked(
    *,
    destination: Latent,
    source: Latent,
    x: Int(0, MAX_SIDE, step=8) = 0,
    y: Int(0, MAX_SIDE, step=8) = 0,
    resize_source: Bool() = False,
    mask: Mask = None,
) -> Latent:
    """Lay one latent onto another, through a mask.

    Args:
        destination: decides the size.
        source: lies above; what hangs over is cut.
        x: where its left side goes, in pixels of the picture.
        y: where its top goes, in pixels of the picture.
        resize_source: stretch it over the whole destination first.
        mask: white where it shows; resized to fit.
    """
    below, above = destination["samples"], source["samples"]
    done = pasted(below, above, x // CELL, y // CELL, mask, resize_source)
    return {**destination, "samples": done}


@node("SetLatentNoiseMask", category="latent/inpaint", title="Set Latent Noise Mask", lane="host")
def set_latent_noise_mask(*, samples: Latent, mask: Mask) -> Latent:
    """Let a sampler change only a part of a latent.

    Args:
        samples: the latent.
        mask: white is made anew, black is kept.
    """
    return {**samples, "noise_mask": mask.reshape(-1, 1, *mask.shape[-2:])}
