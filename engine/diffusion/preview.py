"""Rough pictures of latents, cheap enough to show after every step.

Invariant: one small matrix product; the autoencoder is not touched.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from .handles import LatentFormat

#: Longest side of a preview in pixels.
MAX_SIDE = 512


@torch.no_grad()
def preview(latent: Tensor, form: LatentFormat, max_side: int = MAX_SIDE) -> np.ndarray:
    """The first picture of a scaled latent ``b c h w``, as uint8 RGB ``h w 3`` on the CPU."""
    factors = torch.tensor(form.rgb_factors, device=latent.device)
    bias = torch.tensor(form.rgb_bias, device=latent.device)
    rgb = torch.einsum("chw,cr->rhw", latent[0].float(), factors) + bias[:, None, None]
    pixels = ((rgb + 1) * 127.5).clamp(0, 255)
    longest = max(latent.shape[-2:])
    scale = min(form.downscale, max_side / longest)
    size = [max(1, round(n * scale)) for n in latent.shape[-2:]]
    large = F.interpolate(pixels[None], size=size, mode="bilinear")[0]
    return large.byte().movedim(0, -1).cpu().numpy()
