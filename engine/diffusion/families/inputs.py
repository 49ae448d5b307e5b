"""What families give their networks besides latent, time and tokens.

Invariant: pure functions of an entry's options and of the run; what the options leave out has
the value that the models were trained to expect.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.errors import InvalidInput

from ..conditioning import NetworkInputs, Situation, no_inputs
from ..networks.layers import timestep_embedding

#: Features of each number in a vector of sizes.
FEATURES = 256
#: Pixels a side of one latent cell, where sizes are taken from the latent.
CELL = 8
#: A black picture as a scaled latent of SD, for inpainting models that are given no picture.
BLANK = (0.8223, -0.6876, 0.6364, 0.1380)
#: How beautiful people found a picture: what the refiner is told unless the prompt says.
GOOD_SCORE, POOR_SCORE = 6.0, 2.5

Options = Mapping[str, Any]


def together(*rules: NetworkInputs) -> NetworkInputs:
    """What several rules give."""
    chosen = tuple(rule for rule in rules if rule is not no_inputs)
    return chosen[0] if len(chosen) == 1 else partial(_together, chosen)


def _together(
    rules: tuple[NetworkInputs, ...], options: Options, situation: Situation
) -> Mapping[str, Tensor]:
    found: dict[str, Tensor] = {}
    for rule in rules:
        found |= rule(options, situation)
    return found


def for_channels(channels: int, edited_is_scaled: bool = False) -> NetworkInputs:
    """The rule of a network that is shown so many channels: 4 latent ones, the rest others.

    9: where to paint, and the picture around (inpainting). 8: the picture to edit
    (InstructPix2Pix). 5: a depth map.
    """
    rules = {9: inpainting, 8: partial(editing, edited_is_scaled), 5: depth}
    return rules.get(channels, no_inputs)


def inpainting(options: Options, situation: Situation) -> Mapping[str, Tensor]:
    """The mask and the latent of the masked picture (Rombach et al. 2022, section 4.5)."""
    latent = situation.latent
    image, mask = options.get("concat_latent_image"), options.get("concat_mask", situation.mask)
    if mask is None:
        where = torch.ones_like(latent[:, :1])
        around = latent.new_tensor(BLANK)[:, None, None].expand(*latent.shape)
    else:
        where = same_size(mask.reshape(-1, 1, *mask.shape[-2:]), latent).round()
        around = latent
    if image is not None:
        around = same_size(image, latent) * situation.latent_scale
    return {"concat": torch.cat([repeated(where, latent), repeated(around, latent)], dim=1)}


def editing(scaled: bool, options: Options, situation: Situation) -> Mapping[str, Tensor]:
    """The latent of the picture to edit (Brooks et al. 2023); zeros without one."""
    latent, image = situation.latent, options.get("concat_latent_image")
    if image is None:
        return {"concat": torch.zeros_like(latent)}
    scale = situation.latent_scale if scaled else 1.0
    return {"concat": repeated(same_size(image, latent) * scale, latent)}


def depth(options: Options, situation: Situation) -> Mapping[str, Tensor]:
    """A depth map in -1..1, far to near; a flat one if there is none."""
    latent, image = situation.latent, options.get("concat_image")
    if image is None:
        return {"concat": torch.zeros_like(latent[:, :1])}
    return {"concat": repeated(same_size(image[:, :1], latent), latent)}


def sizes(width: int, options: Options, situation: Situation) -> Mapping[str, Tensor]:
    """The pooled vector, original size, crop and target size (Podell et al. 2023, section 2.2).

    Args:
        width: of the pooled vector.
        options: of the entry.
        situation: the run.
    """
    height, breadth = _size(options, situation)
    target = options.get("target_height", height), options.get("target_width", breadth)
    crop = options.get("crop_h", 0), options.get("crop_w", 0)
    return {"vector": _vector(width, options, (height, breadth, *crop, *target))}


def sizes_and_score(width: int, options: Options, situation: Situation) -> Mapping[str, Tensor]:
    """The pooled vector, original size, crop and aesthetic score, which SDXL's refiner reads."""
    usual = POOR_SCORE if situation.role == "negative" else GOOD_SCORE
    crop = options.get("crop_h", 0), options.get("crop_w", 0)
    score = options.get("aesthetic_score", usual)
    return {"vector": _vector(width, options, (*_size(options, situation), *crop, score))}


def same_size(image: Tensor, latent: Tensor) -> Tensor:
    """``b c h w`` in the height and width of a latent: what does not fit is cut off evenly."""
    h, w = latent.shape[-2:]
    scale = max(h / image.shape[-2], w / image.shape[-1])
    y, x = (round((n - m / scale) / 2) for n, m in zip(image.shape[-2:], (h, w), strict=True))
    cut = image[..., y : image.shape[-2] - y, x : image.shape[-1] - x].to(latent)
    return cut if cut.shape[-2:] == (h, w) else F.interpolate(cut, size=(h, w), mode="bilinear")


def _size(options: Options, situation: Situation) -> tuple[float, float]:
    """Height and width in pixels."""
    h, w = situation.latent.shape[-2:]
    return options.get("height", h * CELL), options.get("width", w * CELL)


def _vector(width: int, options: Options, numbers: tuple[float, ...]) -> Tensor:
    """``b (width + numbers * 256)``."""
    pooled = options.get("pooled_output")
    pooled = torch.zeros(1, width) if pooled is None else pooled
    if pooled.shape[-1] != width:
        raise InvalidInput(
            f"The prompt was encoded to a pooled vector of {pooled.shape[-1]} numbers, but the "
            f"model reads {width}: text encoder and model belong to different families. Encode "
            "the prompt with the text encoder of this model's checkpoint."
        )
    features = timestep_embedding(torch.tensor(numbers, dtype=torch.float32), FEATURES)
    told = features.reshape(1, -1).expand(len(pooled), -1)
    return torch.cat([pooled.float(), told.to(pooled.device)], dim=1)


def repeated(tensor: Tensor, latent: Tensor) -> Tensor:
    """Repeat or cut the batch to that of a latent."""
    times = -(-len(latent) // len(tensor))
    return tensor.repeat(times, 1, 1, 1)[: len(latent)]
