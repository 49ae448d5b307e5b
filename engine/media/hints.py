"""Pictures for ControlNets that read a picture itself: its brightness, its blur, its gaps.

Invariant: pictures are ``b h w c``, before and after, of the same size.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from .layout import cycled
from .resize import resize

#: Weights of linear red, green and blue in brightness (Rec. 709, which sRGB shares).
LINEAR_LUMA = (0.2126, 0.7152, 0.0722)
#: What ControlNets for inpainting were trained to take for "not there".
MISSING = -1.0
#: CIE 1976: where the cube root of lightness turns into a line.
_EPSILON, _KAPPA = 216 / 24389, 24389 / 27


def lightness(image: Tensor) -> Tensor:
    """CIE lightness of sRGB pictures, ``b h w`` in 0..1 (L* of Lab over 100)."""
    x = image[..., :3]
    linear = torch.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)
    y = linear @ torch.tensor(LINEAR_LUMA).to(linear)
    return torch.where(
        y > _EPSILON, 1.16 * y.clamp(min=_EPSILON) ** (1 / 3) - 0.16, y * _KAPPA / 100
    )


def intensity(image: Tensor) -> Tensor:
    """The brightest channel, ``b h w`` (V of HSV)."""
    return image[..., :3].amax(-1)


def coarse(image: Tensor, factor: float) -> Tensor:
    """Pictures without details smaller than ``factor`` pixels."""
    height, width = image.shape[1:3]
    x = image.movedim(-1, 1)
    small = resize(x, max(1, round(width / factor)), max(1, round(height / factor)), "area")
    return resize(small, width, height, "bicubic").clamp(0, 1).movedim(1, -1)


def with_gaps(image: Tensor, mask: Tensor) -> Tensor:
    """Pictures with ``MISSING`` where a mask ``b h w`` of any size is over a half."""
    fitted = F.interpolate(mask[:, None].float(), size=image.shape[1:3], mode="bilinear")
    gaps = cycled(fitted, len(image)).movedim(1, -1) > 0.5
    return torch.where(gaps.to(image.device), MISSING, image[..., :3])
