"""Stable unCLIP 2.1: SD 2.x that is also told what CLIP saw in a picture.

Its checkpoints hold the vision encoder, and mean and deviation of what that gives.
"""

from ..parameterization import Discrete
from ..weights import Header, Shapes
from .autoencoder import describe_vae
from .family import Checkpoint, Family
from .noise_augmentation import SeenPictures
from .parts import (
    SD_LATENT,
    VAE,
    attends_at_full_size,
    describe_unet,
    fitted,
    in_channels,
    is_linear,
    unet_shapes,
)
from .sd2 import TEXT
from .text_encoders import describe_text_encoder, join
from .vision import describe_vision

VISION = ("embedder.model.visual.", "embedder.")
STATISTICS = "noise_augmentor.data_"


def matches(shapes: Shapes) -> bool:
    """SD 2.x with a vector of conditions and the statistics that it is noised by."""
    unet = unet_shapes(shapes)
    fits = is_linear(unet) and attends_at_full_size(unet) and in_channels(unet) == 4
    return fits and "label_emb.0.0.weight" in unet and f"{STATISTICS}mean" in shapes


def describe(header: Header) -> Checkpoint:
    """The handles of a checkpoint of this family."""
    vae = describe_vae(header, VAE)
    mean, std = (tuple(header.read(STATISTICS + s).flatten().tolist()) for s in ("mean", "std"))
    sampling = Discrete(prediction="v")
    model = describe_unet(header, sampling, fitted(SD_LATENT, vae), SeenPictures(mean, std))
    text = (describe_text_encoder(header, prefix, "h") for prefix in TEXT)
    vision = (describe_vision(header, prefix) for prefix in VISION)
    return Checkpoint(
        model, join(next(filter(None, text), None)), vae, next(filter(None, vision), None)
    )


UNCLIP = Family("Stable unCLIP", matches, describe)
