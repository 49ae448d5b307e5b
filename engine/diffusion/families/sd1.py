"""Stable Diffusion 1.x and everything in its layout, the embedded model included.

A U-Net of four input channels with convolutions around its transformers and no pooled
condition, a CLIP text encoder of any width, a KL autoencoder with latent scale 0.18215
(Rombach et al. 2022; the CompVis single-file layout).
"""

import json
from dataclasses import replace
from functools import partial

from ..handles import Clip, LatentFormat, Matrix, Model
from ..networks.unet import UNet
from ..parameterization import Discrete
from ..weights import Header, Shapes, Weights, strip_prefix
from .autoencoder import describe_vae
from .family import Checkpoint, Family
from .sizes import below, unet_config
from .text_encoders import describe_text_encoder

UNET = "model.diffusion_model."
VAE = "first_stage_model."
TEXT = "cond_stage_model.transformer."

#: Rough colours of the four latent channels (measured by K. Turner on SD 1.4, 2022).
RGB_FACTORS: Matrix = (
    (0.298, 0.207, 0.208),
    (0.187, 0.286, 0.173),
    (-0.158, 0.189, 0.264),
    (-0.184, -0.271, -0.473),
)
LATENT = LatentFormat(channels=4, downscale=8, scale=0.18215, rgb_factors=RGB_FACTORS)


def matches(shapes: Shapes) -> bool:
    """A text-conditional U-Net of four channels, convolutional around its transformers."""
    first = shapes.get(f"{UNET}input_blocks.0.0.weight", ())
    projections = (len(s) for k, s in shapes.items() if k.endswith(".1.proj_in.weight"))
    pooled = f"{UNET}label_emb.0.0.weight" in shapes
    return len(first) == 4 and first[1] == 4 and next(projections, 0) == 4 and not pooled


def describe(header: Header) -> Checkpoint:
    """The handles of a checkpoint of this family."""
    config = unet_config(below(header.shapes, UNET))
    build, names = partial(UNet, config), partial(strip_prefix, UNET, "")
    weights = Weights(f"{header.id}:unet", header.path, "diffusion", build, names)
    vae = describe_vae(header, VAE)
    latent = replace(LATENT, downscale=vae.downscale if vae else 8)
    model = Model(weights, Discrete(), _with_colours(latent, header), config.context_dim)
    return Checkpoint(model, describe_clip(header), vae)


def describe_clip(header: Header) -> Clip | None:
    """The text encoder of a checkpoint, if it has one."""
    encoder = describe_text_encoder(header, TEXT, "l")
    return Clip((encoder,)) if encoder else None


def _with_colours(latent: LatentFormat, header: Header) -> LatentFormat:
    """Prefer preview colours that the file itself brings in its metadata."""
    factors, bias = (header.metadata.get(f"latent_rgb_{k}") for k in ("factors", "bias"))
    if not factors:
        return latent
    rows: Matrix = tuple(tuple(map(float, row)) for row in json.loads(factors))
    offset = tuple(map(float, json.loads(bias))) if bias else latent.rgb_bias
    return replace(latent, rgb_factors=rows, rgb_bias=offset)


SD1 = Family("Stable Diffusion 1.x", matches, describe)
