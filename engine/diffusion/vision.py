"""Pictures as CLIP sees them.

Invariant: a picture is prepared as the published encoders were trained: the shorter side to
their size, 8 bits, normalised by the statistics of their training set.
"""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor
from torch.nn import functional as F

from . import residency
from .handles import ClipVision
from .networks.clip_vision import ClipVision as Network

#: Mean and deviation of the pictures that CLIP was trained on (Radford et al. 2021).
MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)


@dataclass(frozen=True)
class VisionOutput:
    """What an encoder saw; float32 on the CPU.

    Attributes:
        image_embeds: the vector shared with text, ``b projection``.
        last_hidden_state: states behind the last layer, ``b (1 + patches) width``.
        penultimate_hidden_states: states behind the layer before.
    """

    image_embeds: Tensor
    last_hidden_state: Tensor
    penultimate_hidden_states: Tensor


@torch.no_grad()
def see(vision: ClipVision, image: Tensor, crop: bool = True) -> VisionOutput:
    """Encode pictures.

    Args:
        vision: the encoder.
        image: ``b h w c`` in 0..1, of which the first three channels are used.
        crop: cut off what is not in the middle square, instead of squeezing all into it.
    """
    network = cast(Network, residency.load(vision.weights))
    pixels = prepared(image, vision.image_size, crop).to(next(network.parameters()))
    return VisionOutput(*(t.float().cpu() for t in network(pixels)))


@torch.no_grad()
def see_nothing(vision: ClipVision) -> VisionOutput:
    """What an encoder sees where every pixel is the mean of those that it was trained on."""
    network = cast(Network, residency.load(vision.weights))
    pixels = next(network.parameters()).new_zeros(1, 3, vision.image_size, vision.image_size)
    return VisionOutput(*(t.float().cpu() for t in network(pixels)))


def prepared(image: Tensor, size: int, crop: bool = True) -> Tensor:
    """Pictures ``b h w c`` as an encoder is shown them: ``b 3 size size``, normalised."""
    x = image[..., :3].movedim(-1, 1).float()
    h, w = x.shape[-2:]
    sides = (size * h // min(h, w), size * w // min(h, w)) if crop else (size, size)
    if (h, w) != sides:
        x = F.interpolate(x, size=sides, mode="bicubic", antialias=True)
    y, left = (sides[0] - size) // 2, (sides[1] - size) // 2
    x = (x[..., y : y + size, left : left + size] * 255).clamp(0, 255).round() / 255
    mean, std = (x.new_tensor(v)[:, None, None] for v in (MEAN, STD))
    return (x - mean) / std
