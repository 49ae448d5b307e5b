"""Stable Diffusion 2.x: the U-Net of 1.x with linear layers around its transformers, OpenCLIP-H.

The network predicts noise (the base model, inpainting with nine input channels, depth with
five) or velocity (the 768 model); which of the two, no name or shape tells, but the spread of
one bias does.
"""

from ..parameterization import Discrete
from ..weights import Header, Shapes
from .autoencoder import describe_vae
from .family import Checkpoint, Family
from .inputs import for_channels
from .parts import (
    SD_LATENT,
    UNET,
    VAE,
    attends_at_full_size,
    describe_unet,
    fitted,
    in_channels,
    is_linear,
    unet_shapes,
)
from .text_encoders import describe_text_encoder, join

#: Text encoders in OpenCLIP's layout, and in that of transformers after some conversions.
TEXT = ("cond_stage_model.model.", "cond_stage_model.transformer.")
#: Deviation of the last transformer's first bias above which a model predicts velocity.
VELOCITY_SPREAD = 0.09


def matches(shapes: Shapes) -> bool:
    """A text-conditional U-Net, linear around its transformers, without class vectors."""
    unet = unet_shapes(shapes)
    pooled = any(k.startswith("label_emb.") for k in unet)
    fits = is_linear(unet) and attends_at_full_size(unet)
    return in_channels(unet) in (4, 5, 9) and fits and not pooled


def describe(header: Header) -> Checkpoint:
    """The handles of a checkpoint of this family."""
    vae, unet = describe_vae(header, VAE), unet_shapes(header.shapes)
    channels = in_channels(unet)
    velocity = channels == 4 and _predicts_velocity(header, unet)
    sampling = Discrete(prediction="v" if velocity else "eps")
    model = describe_unet(header, sampling, fitted(SD_LATENT, vae), for_channels(channels))
    found = (describe_text_encoder(header, prefix, "h") for prefix in TEXT)
    return Checkpoint(model, join(next(filter(None, found), None)), vae)


def _predicts_velocity(header: Header, unet: Shapes) -> bool:
    blocks = {int(k.split(".")[1]) for k in unet if k.startswith("output_blocks.")}
    name = f"{UNET}output_blocks.{max(blocks)}.1.transformer_blocks.0.norm1.bias"
    if name not in header.shapes:
        return False
    return header.read(name).std(unbiased=False).item() > VELOCITY_SPREAD


SD2 = Family("Stable Diffusion 2.x", matches, describe)
