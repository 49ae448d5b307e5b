"""Pictures in the size of the latents that they steer.

Invariant: a picture is cropped around its centre and never squeezed.
"""

from collections.abc import Sequence

from torch import Tensor
from torch.nn import functional as F


def fit_picture(picture: Tensor, sides: Sequence[int], multiple: int) -> Tensor:
    """A picture ``b h w c`` as ``b 3 h w`` of given sides, rounded up to a multiple.

    The nearest pixels are taken, so that edges and labels keep their values.
    """
    height, width = (-(-side // multiple) * multiple for side in sides)
    x = picture[..., :3].movedim(-1, 1).float()
    x = x.expand(-1, 3, -1, -1) if x.shape[1] == 1 else x
    return F.interpolate(centred(x, width / height), size=(height, width), mode="nearest-exact")


def centred(x: Tensor, aspect: float) -> Tensor:
    """The largest part of ``b c h w`` around the centre with an aspect (width by height)."""
    h, w = x.shape[-2:]
    left = round((w - w * (aspect / (w / h))) / 2) if w / h > aspect else 0
    top = round((h - h * ((w / h) / aspect)) / 2) if w / h < aspect else 0
    return x[..., top : h - top, left : w - left]
