"""What the families of U-Nets have in common: where their parts are, and the latents' formats.

Invariant: nothing here decides which family a file belongs to.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from engine.fast_json import loads_foreign

from ..conditioning import NetworkInputs, no_inputs
from ..handles import LatentFormat, Matrix, Model, Vae
from ..networks.unet import UNet, UNetConfig
from ..parameterization import Sampling
from ..weights import Header, Shapes, Weights, strip_prefix
from .sizes import below, unet_config

UNET = "model.diffusion_model."
VAE = "first_stage_model."
#: Tensors beside those of the network that say how it was trained.
MARKERS = ("v_pred", "ztsnr", "edm_mean", "edm_std", "edm_vpred.sigma_max", "edm_vpred.sigma_min")

#: Latents of SD 1.x and 2.x; colours measured by K. Turner on SD 1.4, 2022.
SD_LATENT = LatentFormat(
    channels=4,
    downscale=8,
    scale=0.18215,
    rgb_factors=(
        (0.298, 0.207, 0.208),
        (0.187, 0.286, 0.173),
        (-0.158, 0.189, 0.264),
        (-0.184, -0.271, -0.473),
    ),
)


def unet_shapes(shapes: Shapes) -> Shapes:
    """The tensors of the U-Net, under the network's names."""
    return {k: s for k, s in below(shapes, UNET).items() if k not in MARKERS}


def is_convolutional(unet: Shapes) -> bool:
    """Whether convolutions stand around the transformers (SD 1.x), not linear layers."""
    return next((len(s) for k, s in unet.items() if k.endswith(".1.proj_in.weight")), 0) == 4


def is_linear(unet: Shapes) -> bool:
    """Whether linear layers stand around the transformers (SD 2.x, SDXL)."""
    return next((len(s) for k, s in unet.items() if k.endswith(".1.proj_in.weight")), 0) == 2


def attends_at_full_size(unet: Shapes) -> bool:
    """Whether the first level has transformers, which SDXL's has not."""
    return "input_blocks.1.1.proj_in.weight" in unet


def in_channels(unet: Shapes) -> int:
    """Channels that the network is shown; 0 if this is no picture-making U-Net."""
    video = any("time_stack" in k or "time_mixer" in k for k in unet)
    first = unet.get("input_blocks.0.0.weight", ())
    return first[1] if len(first) == 4 and not video else 0


def describe_unet(
    header: Header,
    sampling: Sampling,
    latent: LatentFormat,
    inputs: NetworkInputs = no_inputs,
    config: UNetConfig | None = None,
) -> Model:
    """A denoiser below ``model.diffusion_model.``.

    Args:
        header: of its file.
        sampling: what a noise level means to it.
        latent: of the latents it denoises.
        inputs: the family's rule for what else it is given.
        config: its sizes if its tensors do not show them all.
    """
    config = config or unet_config(unet_shapes(header.shapes))
    weights = Weights(
        f"{header.id}:unet",
        header.path,
        "diffusion",
        partial(UNet, config),
        header.through(unet_names),
    )
    return Model(weights, sampling, with_colours(latent, header), config.context_dim, inputs)


def unet_names(keys: Iterable[str]) -> dict[str, str]:
    """Names of a checkpoint to those of the network."""
    names = strip_prefix(UNET, "", keys)
    return {key: name for key, name in names.items() if name not in MARKERS}


def fitted(latent: LatentFormat, vae: Vae | None) -> LatentFormat:
    """The format with the downscaling of a file's own autoencoder."""
    return replace(latent, downscale=vae.downscale) if vae else latent


def with_colours(latent: LatentFormat, header: Header) -> LatentFormat:
    """Prefer preview colours that the file itself brings in its metadata."""
    factors, bias = (header.metadata.get(f"latent_rgb_{k}") for k in ("factors", "bias"))
    if not factors:
        return latent
    try:
        rows: Matrix = tuple(tuple(map(float, row)) for row in loads_foreign(factors))
        offset = tuple(map(float, loads_foreign(bias))) if bias else latent.rgb_bias
    except (ValueError, TypeError):  # somebody else's entries of the same names
        return latent
    return replace(latent, rgb_factors=rows, rgb_bias=offset)
