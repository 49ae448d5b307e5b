"""Stable Diffusion 1.x and everything in its layout, the embedded model included.

A U-Net with convolutions around its transformers and no pooled condition, a CLIP text encoder
of any width, a KL autoencoder with latent scale 0.18215 (Rombach et al. 2022; the CompVis
single-file layout). Nine input channels mean inpainting, eight InstructPix2Pix.
"""

from ..handles import Clip
from ..parameterization import Discrete
from ..weights import Header, Shapes
from .autoencoder import describe_vae
from .family import Checkpoint, Family
from .inputs import for_channels
from .parts import (
    SD_LATENT,
    VAE,
    describe_unet,
    fitted,
    in_channels,
    is_convolutional,
    unet_shapes,
)
from .text_encoders import describe_text_encoder, join

TEXT = "cond_stage_model.transformer."


def matches(shapes: Shapes) -> bool:
    """A text-conditional U-Net, convolutional around its transformers, without class vectors."""
    unet = unet_shapes(shapes)
    pooled = any(k.startswith("label_emb.") for k in unet)
    novel_view = any(k.startswith("cc_projection.") for k in shapes)
    return in_channels(unet) in (4, 8, 9) and is_convolutional(unet) and not pooled | novel_view


def describe(header: Header) -> Checkpoint:
    """The handles of a checkpoint of this family."""
    vae = describe_vae(header, VAE)
    inputs = for_channels(in_channels(unet_shapes(header.shapes)))
    model = describe_unet(header, Discrete(), fitted(SD_LATENT, vae), inputs)
    return Checkpoint(model, describe_clip(header), vae)


def describe_clip(header: Header) -> Clip | None:
    """The text encoder of a checkpoint, if it has one."""
    return join(describe_text_encoder(header, TEXT, "l"))


SD1 = Family("Stable Diffusion 1.x", matches, describe)
