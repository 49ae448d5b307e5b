"""SDXL (Podell et al. 2023): base, refiner and what was made of them.

Two text encoders side by side (the refiner: the second alone) and a vector of the pooled
prompt and of sizes. Turbo, Lightning and other distillations have the same tensors; SSD-1B,
Vega and KOALA have fewer blocks. Nine input channels mean inpainting, eight InstructPix2Pix.
Extra tensors tell another training: ``v_pred`` velocity, with ``ztsnr`` from pure noise;
``edm_vpred.sigma_max`` velocity at any noise level (CosXL); ``edm_mean`` and ``edm_std``
Playground 2.5.
"""

from dataclasses import replace
from functools import partial

from ..handles import Clip, LatentFormat, TextEncoder
from ..parameterization import ContinuousEDM, Discrete, Sampling
from ..weights import Header, Shapes
from .autoencoder import describe_vae
from .family import Checkpoint, Family
from .inputs import FEATURES, for_channels, sizes, sizes_and_score, together
from .parts import (
    UNET,
    VAE,
    attends_at_full_size,
    describe_unet,
    fitted,
    in_channels,
    is_linear,
    unet_shapes,
)
from .sizes import unet_config
from .text_encoders import describe_text_encoder, join

#: Colours as T. A. Vass measured them ("Explaining the SDXL latent space", 2024), in -1..1.
LATENT = LatentFormat(
    channels=4,
    downscale=8,
    scale=0.13025,
    rgb_factors=(
        (0.471, 0.471, 0.471),
        (-0.471, -0.039, 0.078),
        (0.196, 0.118, -0.039),
        (-0.549, -0.392, -0.275),
    ),
    rgb_bias=(0.176, 0.098, 0.020),
)
#: Numbers that the base model and the refiner are told besides the pooled prompt.
BASE_NUMBERS, REFINER_NUMBERS = 6, 5


def matches_any(shapes: Shapes) -> bool:
    """A U-Net with a vector of conditions and no transformer at full size."""
    unet = unet_shapes(shapes)
    fits = is_linear(unet) and not attends_at_full_size(unet)
    return in_channels(unet) in (4, 8, 9) and fits and "label_emb.0.0.weight" in unet


def is_refiner(shapes: Shapes) -> bool:
    """The refiner's deepest level has no transformers; the base model's has the most."""
    return matches_any(shapes) and unet_config(unet_shapes(shapes)).attention_depth[-1] == 0


def describe_base(header: Header) -> Checkpoint:
    """The handles of a checkpoint of the base model or one like it."""
    config = unet_config(unet_shapes(header.shapes))
    width = (config.vector_channels or 0) - BASE_NUMBERS * FEATURES
    continuous = _has(header, "edm_vpred.sigma_max")
    more = for_channels(config.in_channels, edited_is_scaled=continuous)
    vae = describe_vae(header, VAE)
    model = describe_unet(
        header,
        _sampling(header),
        fitted(_latent(header), vae),
        together(partial(sizes, width), more),
        config,
    )
    return Checkpoint(model, _clip(header), vae)


def describe_refiner(header: Header) -> Checkpoint:
    """The handles of a checkpoint of the refiner."""
    config = unet_config(unet_shapes(header.shapes))
    width = (config.vector_channels or 0) - REFINER_NUMBERS * FEATURES
    vae, inputs = describe_vae(header, VAE), partial(sizes_and_score, width)
    model = describe_unet(header, Discrete(), fitted(LATENT, vae), inputs, config)
    return Checkpoint(model, join(_encoder(header, 0, "g")), vae)


def _clip(header: Header) -> Clip | None:
    return join(_encoder(header, 0, "l"), _encoder(header, 1, "g"))


def _encoder(header: Header, number: int, name: str) -> TextEncoder | None:
    start = f"conditioner.embedders.{number}."
    layouts = (f"{start}model.", f"{start}transformer.")
    return next(filter(None, (describe_text_encoder(header, p, name) for p in layouts)), None)


def _sampling(header: Header) -> Sampling:
    if _has(header, "edm_mean"):
        return ContinuousEDM(0.002, 80.0, "edm", 0.5)
    if _has(header, "edm_vpred.sigma_max"):
        high, low = (_number(header, f"edm_vpred.sigma_{end}") for end in ("max", "min"))
        return ContinuousEDM(low or 0.002, high or 120.0, "v")
    if _has(header, "v_pred"):
        return Discrete(prediction="v", zero_terminal=_has(header, "ztsnr"))
    return Discrete()


def _latent(header: Header) -> LatentFormat:
    """Playground's latents have a mean and a deviation of their own for every channel."""
    if not _has(header, "edm_mean"):
        return LATENT
    mean, std = (
        tuple(header.read(_marker(header, name)).flatten().tolist())
        for name in ("edm_mean", "edm_std")
    )
    return replace(LATENT, scale=0.5, mean=mean, std=std)


def _number(header: Header, name: str) -> float | None:
    return header.read(_marker(header, name)).item() if _has(header, name) else None


def _has(header: Header, name: str) -> bool:
    return _marker(header, name) in header.shapes


def _marker(header: Header, name: str) -> str:
    """A file with nothing but the U-Net has its markers beside the U-Net's tensors."""
    return name if name in header.shapes else UNET + name


REFINER = Family("SDXL refiner", is_refiner, describe_refiner)
SDXL = Family("SDXL", matches_any, describe_base)
