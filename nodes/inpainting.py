"""Inpainting, editing and upscaling by models that are shown a picture."""

from math import ceil

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.api import (
    Bool,
    Conditioning,
    Context,
    Float,
    Image,
    Int,
    InvalidInput,
    Latent,
    Mask,
    Vae,
    node,
)
from engine.diffusion import vae as autoencoder
from engine.diffusion.conditioning import with_options
from engine.diffusion.vae import crop_to_multiple
from engine.media.resize import resize

#: What is to be painted anew is shown as this grey.
GREY = 0.5
#: How many times larger the upscaler's pictures are than those it is shown.
UPSCALING = 4
SHOWN = ("positive", "negative", "latent")


@node("VAEEncodeForInpaint", category="latent/inpaint", title="VAE Encode (for Inpainting)")
def vae_encode_for_inpaint(
    *,
    pixels: Image,
    vae: Vae,
    mask: Mask,
    grow_mask_by: Int(0, 64, step=1) = 6,
    ctx: Context,
) -> Latent:
    """Turn pictures into latents of which a part is painted anew, from scratch.

    Args:
        pixels: the pictures.
        vae: the autoencoder that belongs to the model that will sample.
        mask: white is made anew.
        grow_mask_by: pixels by which the new part reaches over its border.
    """
    pixels, mask = _fitting(pixels, mask, _present(vae).downscale)
    latent = autoencoder.encode(vae, _greyed(pixels, mask), tiled=ctx.tight)
    return {"samples": latent, "noise_mask": grown(mask.round(), grow_mask_by).round()}


@node("InpaintModelConditioning", category="conditioning/inpaint", outputs=SHOWN)
def inpaint_model_conditioning(
    *,
    positive: Conditioning,
    negative: Conditioning,
    vae: Vae,
    pixels: Image,
    mask: Mask,
    noise_mask: Bool() = True,
    ctx: Context,
) -> tuple[Conditioning, Conditioning, Latent]:
    """Show an inpainting model the picture around, and where to paint.

    Args:
        positive: what the new part shall show.
        negative: what it shall not.
        vae: the autoencoder of the inpainting model.
        pixels: the pictures.
        mask: white is made anew.
        noise_mask: also keep everything else exactly as it is.
    """
    pixels, mask = _fitting(pixels, mask, _present(vae).downscale)
    shown = autoencoder.encode(vae, _greyed(pixels, mask), tiled=ctx.tight)
    latent = {"samples": autoencoder.encode(vae, pixels, tiled=ctx.tight)}
    if noise_mask:
        latent["noise_mask"] = mask
    sides = (
        with_options(side, concat_latent_image=shown, concat_mask=mask)
        for side in (positive, negative)
    )
    return (*sides, latent)


@node("InstructPixToPixConditioning", category="conditioning/instructpix2pix", outputs=SHOWN)
def instruct_pix_to_pix_conditioning(
    *, positive: Conditioning, negative: Conditioning, vae: Vae, pixels: Image, ctx: Context
) -> tuple[Conditioning, Conditioning, Latent]:
    """Show an editing model the picture that it shall edit.

    Args:
        positive: the instruction.
        negative: what the result shall not show.
        vae: the autoencoder of the editing model.
        pixels: the pictures.
    """
    shown = autoencoder.encode(_present(vae), pixels, tiled=ctx.tight)
    sides = (with_options(side, concat_latent_image=shown) for side in (positive, negative))
    return (*sides, {"samples": torch.zeros_like(shown)})


@node(
    "SD_4XUpscale_Conditioning",
    category="conditioning/upscale_diffusion",
    lane="host",
    outputs=SHOWN,
)
def sd_4x_upscale_conditioning(
    *,
    images: Image,
    positive: Conditioning,
    negative: Conditioning,
    scale_ratio: Float(0.0, 10.0, step=0.01) = 4.0,
    noise_augmentation: Float(0.0, 1.0, step=0.001) = 0.0,
) -> tuple[Conditioning, Conditioning, Latent]:
    """Show the x4 upscaler the small picture.

    Args:
        images: the small pictures.
        positive: what they show.
        negative: what the result shall not show.
        scale_ratio: how many times larger the result is; 4 is what the model was trained for.
        noise_augmentation: how freely the model may invent detail.
    """
    height, width = (max(1, round(n * scale_ratio) // UPSCALING) for n in images.shape[1:3])
    pixels = images[..., :3].movedim(-1, 1) * 2 - 1
    shown = resize(pixels, width, height, "bilinear", "center")
    sides = (
        with_options(side, concat_image=shown, noise_augmentation=noise_augmentation)
        for side in (positive, negative)
    )
    return (*sides, {"samples": torch.zeros(len(shown), 4, height, width)})


@node("DepthConditioning", category="conditioning/inpaint", lane="host", outputs=SHOWN[:2])
def depth_conditioning(
    *, positive: Conditioning, negative: Conditioning, depth: Image
) -> tuple[Conditioning, Conditioning]:
    """Show the depth model of SD 2 how near everything shall be.

    Args:
        positive: what the picture shall show.
        negative: what it shall not.
        depth: a depth map, white is near; its darkest and lightest values become far and near.
    """
    grey = depth[..., :3].mean(-1)[:, None]
    low, high = grey.amin((1, 2, 3), keepdim=True), grey.amax((1, 2, 3), keepdim=True)
    spread = (grey - low) / (high - low).clamp(min=1e-6) * 2 - 1
    return tuple(with_options(side, concat_image=spread) for side in (positive, negative))


def grown(mask: Tensor, by: int) -> Tensor:
    """A mask ``b 1 h w`` of 0 and 1 whose white reaches half of ``by`` pixels further."""
    if by == 0:
        return mask
    padded = F.conv2d(mask, mask.new_ones(1, 1, by, by), padding=ceil((by - 1) / 2))
    return padded[..., : mask.shape[-2], : mask.shape[-1]].clamp(0, 1)


def _fitting(pixels: Image, mask: Mask, multiple: int) -> tuple[Tensor, Tensor]:
    """Both cut to multiples of a latent cell; the mask ``b 1 h w`` in the picture's size."""
    mask = mask.reshape(-1, 1, *mask.shape[-2:])
    mask = F.interpolate(mask, size=pixels.shape[1:3], mode="bilinear")
    cut = crop_to_multiple(mask.movedim(1, -1), multiple).movedim(-1, 1)
    return crop_to_multiple(pixels, multiple), cut


def _greyed(pixels: Tensor, mask: Tensor) -> Tensor:
    """Pictures ``b h w c`` that are grey where the mask is white."""
    kept = 1 - mask.round().movedim(1, -1)
    return (pixels[..., :3] - GREY) * kept + GREY


def _present(vae: Vae) -> Vae:
    if vae is None:
        raise InvalidInput(
            "The vae input is empty: the checkpoint holds no autoencoder. Load one with "
            "Load VAE and connect it here."
        )
    return vae
