"""The models of the latent diffusion paper that read no tokens (Rombach et al. 2022).

Unconditional ones (CelebA-HQ, FFHQ, LSUN), and those that are shown a picture beside the latent:
inpainting (section 4.5), super-resolution (section 4.4) and semantic synthesis (section 4.3.2).
Their U-Nets attend to pixels alone, or to nothing; input channels and attention tell them apart.
The first and last variance of the noise stand in each checkpoint, and so does the scale of latents
where it is not 1.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.errors import InvalidInput

from ..conditioning import Situation
from ..handles import Conditioner, LatentFormat, Vae
from ..networks.condition_stages import ClassMap
from ..parameterization import Discrete
from ..weights import Header, Shapes, Weights, strip_prefix
from .autoencoder import CODEBOOK, describe_vae
from .family import Checkpoint, Family
from .inputs import repeated, same_size
from .parts import SD_LATENT, VAE, describe_unet, in_channels, unet_shapes

STAGE = "cond_stage_model."
CLASS_MAP = f"{STAGE}channel_mapper.weight"
#: First and last variance of most of these models.
BETAS = 0.0015, 0.0195
#: Nobody has published colours of latents with a codebook: their channels stand for them.
_ROWS = ((0.3, 0.0, 0.0), (0.0, 0.3, 0.0), (0.0, 0.0, 0.3), (0.0, 0.0, 0.0))


def sampling(header: Header, start: float = BETAS[0], end: float = BETAS[1]) -> Discrete:
    """The noise levels that a checkpoint was trained with.

    Args:
        header: of the file.
        start: first variance, if the file does not hold the schedule.
        end: last variance, likewise.
    """
    if "betas" in header.shapes:
        betas = header.read("betas")
        start, end = (float(f"{betas[i].item():.6g}") for i in (0, -1))
    return Discrete(start, end)


def latent_format(header: Header, vae: Vae | None) -> LatentFormat:
    """How the denoiser sees latents: with a codebook as they are, else scaled."""
    channels = unet_shapes(header.shapes)["out.2.weight"][0]
    scale = 1.0 if VAE + CODEBOOK in header.shapes or channels == 3 else SD_LATENT.scale
    if "scale_factor" in header.shapes:
        scale = header.read("scale_factor").item()
    if scale != 1.0 and channels == SD_LATENT.channels:
        return replace(SD_LATENT, scale=scale, downscale=vae.downscale if vae else 8)
    rows = (*_ROWS[:channels], *(_ROWS[3],) * (channels - 4))
    return LatentFormat(channels, vae.downscale if vae else 4, scale, rows)


def _alone(shapes: Shapes) -> int:
    """Input channels of a U-Net that reads no tokens; 0 if it is none."""
    unet = unet_shapes(shapes)
    reads = any(".transformer_blocks." in k for k in unet)
    return in_channels(unet) if "out.2.weight" in unet and not reads else 0


def _shown(shapes: Shapes) -> int:
    """Channels that such a U-Net is shown beside the latent; -1 if it is none."""
    return _alone(shapes) - unet_shapes(shapes)["out.2.weight"][0] if _alone(shapes) else -1


def _only_the_middle_attends(shapes: Shapes) -> bool:
    found = [k for k in unet_shapes(shapes) if k.endswith(".1.qkv.weight")]
    return len(found) == 1


def is_unconditional(shapes: Shapes) -> bool:
    """Whether the U-Net sees the latent alone."""
    return _shown(shapes) == 0


def is_inpainting(shapes: Shapes) -> bool:
    """Whether the U-Net is shown another latent and a mask."""
    return _shown(shapes) == 4


def is_semantic(shapes: Shapes) -> bool:
    """Whether the U-Net is shown a map of classes."""
    return _shown(shapes) == 3 and (CLASS_MAP in shapes or _only_the_middle_attends(shapes))


def is_super_resolution(shapes: Shapes) -> bool:
    """Whether the U-Net is shown a small picture."""
    return _shown(shapes) == 3 and not is_semantic(shapes)


def masked(options: Mapping[str, Any], situation: Situation) -> Mapping[str, Tensor]:
    """The latent of the masked picture, and the mask as -1 and 1 (section 4.5)."""
    latent, image = situation.latent, options.get("concat_latent_image")
    mask = options.get("concat_mask", situation.mask)
    if image is None or mask is None:
        raise InvalidInput(
            "This model paints what a mask covers in a picture. Connect the node Latent "
            "Inpainting to positive and negative of the sampler."
        )
    where = (mask.reshape(-1, 1, *mask.shape[-2:]) >= 0.5).to(latent) * 2 - 1
    where = F.interpolate(where, size=latent.shape[-2:], mode="nearest")
    around = same_size(image, latent) * situation.latent_scale
    return {"concat": torch.cat([repeated(around, latent), repeated(where, latent)], dim=1)}


def shown(node: str, options: Mapping[str, Any], situation: Situation) -> Mapping[str, Tensor]:
    """A picture or map in the size of the latent.

    Args:
        node: that makes it, for the error if it is missing.
        options: of the entry.
        situation: the run.
    """
    image = options.get("concat_image")
    if image is None:
        raise InvalidInput(
            f"This model has to be shown a picture. Connect the node {node} to positive and "
            "negative of the sampler."
        )
    return {"concat": repeated(same_size(image, situation.latent), situation.latent)}


_rule_of = {
    "inpainting": masked,
    "super-resolution": partial(shown, "Latent Super-Resolution"),
    "semantic": partial(shown, "Segmentation Conditioning"),
}
#: Last variance of each kind, if a file does not hold the schedule.
_LAST = {"inpainting": 0.0205, "super-resolution": 0.0155, "semantic": 0.0205}


def _describe(kind: str, header: Header) -> Checkpoint:
    vae = describe_vae(header, VAE)
    last = _LAST.get(kind, BETAS[1])
    if not _rule_of.get(kind) and unet_shapes(header.shapes)["out.2.weight"][0] == 4:
        last = 0.0155  # LSUN churches
    levels, form = sampling(header, end=last), latent_format(header, vae)
    rules = {"inputs": _rule_of[kind]} if kind in _rule_of else {}
    model = describe_unet(header, levels, form, **rules)
    return Checkpoint(model, _class_map(header, form), vae)


def _class_map(header: Header, form: LatentFormat) -> Conditioner | None:
    """What scales a map of classes to the latent's size, if the file has it."""
    if CLASS_MAP not in header.shapes:
        return None
    channels, classes = header.shapes[CLASS_MAP][:2]
    halvings = form.downscale.bit_length() - 1
    weights = Weights(
        f"{header.id}:condition",
        header.path,
        "text",
        partial(ClassMap, classes, channels, halvings),
        header.through(partial(strip_prefix, STAGE, "")),
    )
    return Conditioner("segmentation", weights, classes, channels, halvings=halvings)


UNCONDITIONAL = Family("Latent diffusion", is_unconditional, partial(_describe, ""))
INPAINTING = Family("Latent inpainting", is_inpainting, partial(_describe, "inpainting"))
SUPER_RESOLUTION = Family(
    "Latent super-resolution", is_super_resolution, partial(_describe, "super-resolution")
)
SEMANTIC = Family("Latent semantic synthesis", is_semantic, partial(_describe, "semantic"))
