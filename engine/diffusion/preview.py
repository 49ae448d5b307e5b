"""Rough pictures of latents, cheap enough to show while sampling.

Invariant: one small matrix product, or one pass of a tiny decoder made for the same latents; the
autoencoder is not touched, and no network in memory has to give way.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Literal, cast

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from engine.errors import ModelFileError

from .checkpoints import build
from .families.tiny import describe_tiny, format_of
from .handles import LatentFormat, Vae
from .networks.tiny_autoencoder import TinyAutoencoder
from .residency import choose_dtype
from .weights import read_header

#: ``auto`` takes a decoder where it is quick, ``taesd`` wherever there is one.
Method = Literal["auto", "latent2rgb", "taesd"]
#: Longest side of a preview in pixels.
MAX_SIDE = 512
#: Latent cells times the square of a decoder's width that a CPU decodes in a tenth of a second.
QUICK = 2**19

_decoders: Callable[[], Mapping[str, Path]] = dict
_method: Method = "latent2rgb"


def use(method: Method, decoders: Callable[[], Mapping[str, Path]]) -> None:
    """Choose how this process makes previews; without a choice, by a matrix.

    Args:
        method: what is tried.
        decoders: tells which files of tiny decoders there are, by the names of their kinds.
    """
    global _decoders, _method
    _method, _decoders = method, decoders


def decoder_of(form: LatentFormat) -> Vae | None:
    """The tiny decoder for such latents, if this process uses them and there is one."""
    if _method == "latent2rgb":
        return None
    for name, path in _decoders().items():
        try:
            header = read_header(path)
        except ModelFileError:
            continue
        if format_of(header, name).rgb_factors == form.rgb_factors:
            return describe_tiny(header, name)
    return None


@torch.no_grad()
def preview(
    latent: Tensor, form: LatentFormat, max_side: int = MAX_SIDE, decoder: Vae | None = None
) -> np.ndarray:
    """The first picture of a scaled latent ``b c h w``, as uint8 RGB ``h w 3`` on the CPU."""
    first = latent[:1].float()
    rgb = _decoded(first, form, decoder) if decoder else None
    if rgb is None:
        rgb = _coloured(first, form)
    pixels = ((rgb + 1) * 127.5).clamp(0, 255)
    longest = max(latent.shape[-2:])
    scale = min(form.downscale, max_side / longest)
    size = [max(1, round(n * scale)) for n in latent.shape[-2:]]
    if list(pixels.shape[-2:]) != size:
        pixels = F.interpolate(pixels, size=size, mode="bilinear")
    return pixels[0].byte().movedim(0, -1).cpu().numpy()


def _coloured(latent: Tensor, form: LatentFormat) -> Tensor:
    """One colour for each cell: ``1 c h w -> 1 3 h w``."""
    factors = torch.tensor(form.rgb_factors, device=latent.device)
    bias = torch.tensor(form.rgb_bias, device=latent.device)
    return torch.einsum("bchw,cr->brhw", latent, factors) + bias[:, None, None]


def _decoded(latent: Tensor, form: LatentFormat, decoder: Vae) -> Tensor | None:
    """The decoder's picture, or None if it would take long: ``1 c h w -> 1 3 8h 8w``."""
    network = _network(decoder, latent.device)
    work = latent[0, 0].numel() * network.config.width**2
    if _method == "auto" and latent.device.type == "cpu" and work > QUICK:
        return None
    dtype = next(network.parameters()).dtype
    return network.decode(form.unscaled(latent).to(dtype)).float()


@lru_cache(maxsize=2)
def _network(decoder: Vae, device: torch.device) -> TinyAutoencoder:
    """Kept here and not with the others: too small to count, and it must not push one out."""
    network = build(decoder.weights, device, choose_dtype("vae", device))
    return cast(TinyAutoencoder, network)
