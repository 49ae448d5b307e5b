"""What an autoencoder loses: pictures against what comes back from their latents.

Invariant: pictures are ``b h w 3`` in 0..1, and both sides are compared in full float32.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.errors import InvalidInput

from . import vae as autoencoder
from .handles import Vae

#: Window and constants of Wang et al. 2004, section III.C.
WINDOW, SIGMA, K1, K2 = 11, 1.5, 0.01, 0.03
#: Rec. 601 weights of red, green and blue in brightness.
LUMA = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class Report:
    """How pictures came back.

    Attributes:
        latent: shape of the latent, ``b c h w``.
        reconstruction: ``b h w 3``.
        psnr: of each picture, in dB.
        ssim: of each picture, 1 is equal.
        errors: root of the mean squared error of the region around each pixel, ``b h w``.
        region: side of a region, in pixels.
    """

    latent: tuple[int, ...]
    reconstruction: Tensor
    psnr: Tensor
    ssim: Tensor
    errors: Tensor
    region: int


def measure(vae: Vae, image: Tensor, region: int, tiled: bool = False) -> Report:
    """Encode and decode pictures, and compare.

    Args:
        vae: the autoencoder.
        image: ``b h w c``; its middle, if the sides are no multiples of a latent cell.
        region: side of the squares in which errors are averaged, in pixels.
        tiled: take less memory.

    Raises:
        InvalidInput: the pictures are too small to be compared.
    """
    seen = autoencoder.crop_to_multiple(image[..., :3], vae.downscale)
    if min(seen.shape[1:3]) < WINDOW:
        raise InvalidInput(
            f"Pictures of {image.shape[2]} x {image.shape[1]} pixels are too small to be "
            f"compared; give some of at least {2 * vae.downscale} pixels a side."
        )
    latent = autoencoder.encode(vae, seen, tiled)
    back = autoencoder.decode(vae, latent, tiled)
    errors = regional(((seen - back) ** 2).mean(-1), region).sqrt()
    return Report(tuple(latent.shape), back, psnr(seen, back), ssim(seen, back), errors, region)


def psnr(a: Tensor, b: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of each picture ``b h w c``, in dB; infinite if equal."""
    return -10 * ((a - b) ** 2).flatten(1).mean(1).log10()


def ssim(a: Tensor, b: Tensor) -> Tensor:
    """Structural similarity of brightness of each picture (Wang et al. 2004, equation 13).

    The mean over all places at which the whole window lies inside.
    """
    x, y = (p.double() @ p.new_tensor(LUMA).double() for p in (a, b))
    mean_x, mean_y = _windowed(x), _windowed(y)
    var_x, var_y = _windowed(x * x) - mean_x**2, _windowed(y * y) - mean_y**2
    covariance = _windowed(x * y) - mean_x * mean_y
    c1, c2 = K1**2, K2**2
    above = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    below = (mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2)
    return (above / below).flatten(1).mean(1).float()


def _windowed(x: Tensor) -> Tensor:
    """Means of ``b h w`` under the round window."""
    at = torch.arange(WINDOW, dtype=x.dtype) - WINDOW // 2
    bell = (-(at**2) / (2 * SIGMA**2)).exp()
    bell = bell / bell.sum()
    rows = F.conv2d(x[:, None], bell[None, None, :, None])
    return F.conv2d(rows, bell[None, None, None, :])[:, 0]


def regional(x: Tensor, region: int) -> Tensor:
    """``b h w`` with each square of so many pixels replaced by its mean; rests count as one."""
    height, width = x.shape[-2:]
    means = F.avg_pool2d(x[:, None], region, ceil_mode=True)[:, 0]
    rows, columns = (torch.arange(n) // region for n in (height, width))
    return means[:, rows][:, :, columns]


def heat(x: Tensor) -> Tensor:
    """Numbers ``b h w`` in 0..1 as colours from black over red and yellow to white."""
    return torch.stack([(3 * x - k).clamp(0, 1) for k in range(3)], dim=-1)


def written(report: Report) -> str:
    """The report for people."""
    count, channels, rows, columns = report.latent
    height, width = report.errors.shape[1:]
    times = height * width * 3 / (channels * rows * columns)
    first = (
        f"{width} x {height} pixels to {columns} x {rows} cells of {channels} numbers: "
        f"{times:.3g} times fewer. PSNR {report.psnr.mean():.2f} dB, "
        f"SSIM {report.ssim.mean():.4f}."
    )
    return "\n".join([first, *(_line(report, i) for i in range(count))])


def _line(report: Report, i: int) -> str:
    errors = report.errors[i]
    top, left = divmod(int(errors.argmax()), errors.shape[1])
    ratio = "no error" if math.isinf(report.psnr[i]) else f"PSNR {report.psnr[i]:.2f} dB"
    return (
        f"picture {i + 1}: {ratio}, SSIM {report.ssim[i]:.4f}, worst at x {left}, y {top}: "
        f"{errors.max():.4f}"
    )
