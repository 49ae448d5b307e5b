"""A Gaussian mixture: its ideal denoiser, and the exact solution of its probability flow.

In one dimension the flow moves points so that their quantile stays the same, whatever the data.
So where a point ends is found by inverting a distribution function, to rounding, and owes nothing
to any sampler.
"""

import math

import torch
from torch import Tensor

MEANS = (-1.0, 0.25, 1.5)
WEIGHTS = (0.3, 0.5, 0.2)
STD = 0.4


def denoise(x: Tensor, sigma: float | Tensor) -> Tensor:
    """The mean of the data that ``x`` may have come from."""
    sigma = sigma.flatten()[0].item() if isinstance(sigma, Tensor) else sigma
    variance = STD**2 + sigma**2
    means, weights = (torch.tensor(v, dtype=torch.float64) for v in (MEANS, WEIGHTS))
    apart = x.double()[..., None] - means
    share = (weights.log() - apart**2 / (2 * variance)).softmax(-1)
    expected = (apart * STD**2 / variance + means) * share
    return expected.sum(-1).to(x.dtype)


def quantile(x: Tensor, sigma: float) -> Tensor:
    """The part of the noisy data that lies below."""
    spread = math.sqrt(2 * (STD**2 + sigma**2))
    means, weights = (torch.tensor(v, dtype=torch.float64) for v in (MEANS, WEIGHTS))
    return (0.5 * torch.erfc((means - x[..., None]) / spread) * weights).sum(-1)


def flow(x: Tensor, sigma: float, sigma_end: float) -> Tensor:
    """Where the flow carries points from one noise level to another, float64."""
    wanted = quantile(x, sigma)
    low, high = torch.full_like(x, -100.0), torch.full_like(x, 100.0)
    for _ in range(80):
        middle = (low + high) / 2
        below = quantile(middle, sigma_end) < wanted
        low, high = torch.where(below, middle, low), torch.where(below, high, middle)
    return (low + high) / 2
