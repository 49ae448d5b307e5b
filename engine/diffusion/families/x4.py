"""The x4 upscaler of SD 2: it paints a picture four times as large as one that it is shown.

Its first attention looks at the prompt too except at the deepest level, its classes are the
noise levels of the small picture, and a latent cell is four pixels a side.
"""

from dataclasses import replace

from ..handles import LatentFormat
from ..parameterization import Discrete
from ..weights import Header, Shapes
from .autoencoder import describe_vae
from .family import Checkpoint, Family
from .noise_augmentation import small_picture
from .parts import VAE, describe_unet, fitted, in_channels, unet_shapes
from .sd2 import TEXT
from .sizes import unet_config
from .text_encoders import describe_text_encoder, join

HEADS = 8
#: Nobody has published colours of these latents: the first three channels stand for them.
LATENT = LatentFormat(
    channels=4,
    downscale=4,
    scale=0.08333,
    rgb_factors=((0.3, 0.0, 0.0), (0.0, 0.3, 0.0), (0.0, 0.0, 0.3), (0.0, 0.0, 0.0)),
)


def matches(shapes: Shapes) -> bool:
    """A U-Net with a table of classes that is shown a latent and a picture."""
    unet = unet_shapes(shapes)
    return in_channels(unet) == 7 and "label_emb.weight" in unet


def describe(header: Header) -> Checkpoint:
    """The handles of a checkpoint of this family."""
    config = replace(unet_config(unet_shapes(header.shapes)), heads=HEADS)
    vae, sampling = describe_vae(header, VAE), Discrete(0.0001, 0.02, prediction="v")
    model = describe_unet(header, sampling, fitted(LATENT, vae), small_picture, config)
    found = (describe_text_encoder(header, prefix, "h") for prefix in TEXT)
    return Checkpoint(model, join(next(filter(None, found), None)), vae)


X4_UPSCALER = Family("Stable Diffusion x4 upscaler", matches, describe)
