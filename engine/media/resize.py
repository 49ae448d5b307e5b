"""Changing the size of pictures and latents, ``b c h w``.

Invariant: pixel centres stay aligned (no ``align_corners``), and nothing is smoothed before
shrinking except by ``area`` and ``lanczos``: pictures come out as everywhere else.
"""

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

METHODS = ("nearest-exact", "bilinear", "area", "bicubic")
IMAGE_METHODS = (*METHODS, "lanczos")
LATENT_METHODS = (*METHODS, "bislerp")
CROPS = ("disabled", "center")


def resize(x: Tensor, width: int, height: int, method: str, crop: str = "disabled") -> Tensor:
    """Resize ``b c h w``.

    Args:
        x: pictures or latents.
        width: new width.
        height: new height.
        method: one of ``IMAGE_METHODS`` or ``LATENT_METHODS``.
        crop: ``center`` cuts the longer side first, so that proportions stay.
    """
    if crop == "center":
        x = crop_to_proportion(x, width, height)
    if method == "lanczos":
        return _lanczos(x, width, height)
    if method == "bislerp":
        return bislerp(x, width, height)
    return F.interpolate(x, size=(height, width), mode=method)


def fill_in(width: int, height: int, old_width: int, old_height: int) -> tuple[int, int]:
    """A size in which one zero means "keep the proportion", and two "keep the size"."""
    if width == 0 and height == 0:
        return old_width, old_height
    if width == 0:
        return max(1, round(old_width * height / old_height)), height
    if height == 0:
        return width, max(1, round(old_height * width / old_width))
    return width, height


def crop_to_proportion(x: Tensor, width: int, height: int) -> Tensor:
    """Cut equal parts off both ends of the side that is too long."""
    h, w = x.shape[-2:]
    old, new = w / h, width / height
    left = round((w - w * (new / old)) / 2) if old > new else 0
    top = round((h - h * (old / new)) / 2) if old < new else 0
    return x[..., top : h - top, left : w - left]


def bislerp(x: Tensor, width: int, height: int) -> Tensor:
    """Spherical interpolation of the channel vectors, along the width and then the height.

    Directions are interpolated on the sphere and lengths linearly, so that latents keep
    their norm where linear interpolation would shrink it.
    """
    rows = _slerp_last(x.float(), width)
    return _slerp_last(rows.transpose(-1, -2), height).transpose(-1, -2).to(x.dtype)


def _slerp_last(x: Tensor, size: int) -> Tensor:
    n = x.shape[-1]
    centres = (torch.arange(size, device=x.device) + 0.5) * (n / size) - 0.5
    centres = centres.clamp(0, n - 1)
    low = centres.floor().long()
    high = (low + 1).clamp(max=n - 1)
    return _slerp(x[..., low], x[..., high], centres - low)


def _slerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """Between vectors along axis 1 (Shoemake 1985); linear if they are parallel or opposite."""
    norm_a, norm_b = a.norm(dim=1, keepdim=True), b.norm(dim=1, keepdim=True)
    unit_a, unit_b = a / norm_a.clamp(min=1e-12), b / norm_b.clamp(min=1e-12)
    cosine = (unit_a * unit_b).sum(dim=1, keepdim=True).clamp(-1, 1)
    angle = cosine.acos()
    sine = angle.sin().clamp(min=1e-12)
    on_sphere = unit_a * (((1 - t) * angle).sin() / sine) + unit_b * ((t * angle).sin() / sine)
    between = on_sphere * torch.lerp(norm_a, norm_b, t)
    return torch.where(cosine.abs() > 1 - 1e-5, torch.lerp(a, b, t), between)


def _lanczos(x: Tensor, width: int, height: int) -> Tensor:
    """Pillow's Lanczos filter on 8-bit pictures, which is what others compare with."""
    pixels = (x.movedim(1, -1) * 255).clamp(0, 255).byte().cpu().numpy()
    done = [_lanczos_picture(p, width, height) for p in pixels]
    return torch.from_numpy(np.stack(done)).movedim(-1, 1).to(x) / 255


def _lanczos_picture(pixels: np.ndarray, width: int, height: int) -> np.ndarray:
    planes = (
        Image.fromarray(np.ascontiguousarray(pixels[..., c])) for c in range(pixels.shape[-1])
    )
    return np.stack(
        [np.asarray(p.resize((width, height), Image.Resampling.LANCZOS)) for p in planes], axis=-1
    )
