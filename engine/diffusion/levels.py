"""Noise levels without a model: schedules with their own ends, and operations on schedules.

Invariant: every function gives a float32 vector on the CPU and leaves its arguments alone.
"""

import itertools
import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from .parameterization import Sampling

#: Align Your Steps (Sabour et al. 2024, appendix), ten steps for each kind of model.
ALIGNED: Mapping[str, tuple[float, ...]] = {
    "SD1": (14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029),
    "SDXL": (14.615, 6.315, 3.771, 2.181, 1.342, 0.862, 0.555, 0.380, 0.234, 0.113, 0.029),
    "SVD": (700.00, 54.5, 15.886, 7.977, 4.248, 1.789, 0.981, 0.403, 0.173, 0.034, 0.002),
}


def ended(levels: Tensor) -> Tensor:
    """A schedule with a last step to zero."""
    return torch.cat([levels.float(), torch.zeros(1)])


def karras(steps: int, sigma_max: float, sigma_min: float, rho: float) -> Tensor:
    """Equal distances in sigma^(1/rho) (Karras et al. 2022, equation 5)."""
    low, high = sigma_min ** (1 / rho), sigma_max ** (1 / rho)
    return ended((high + torch.linspace(0, 1, steps) * (low - high)) ** rho)


def polyexponential(steps: int, sigma_max: float, sigma_min: float, rho: float) -> Tensor:
    """Distances in log sigma that grow with a power; rho 1 is exponential (K. Crowson)."""
    ramp = torch.linspace(1, 0, steps) ** rho
    return ended((ramp * math.log(sigma_max / sigma_min) + math.log(sigma_min)).exp())


def variance_preserving(steps: int, beta_d: float, beta_min: float, eps_s: float) -> Tensor:
    """Equal distances in the time of the VP diffusion (Song et al. 2021, with linear beta)."""
    t = torch.linspace(1, eps_s, steps)
    return ended(torch.expm1(beta_d * t**2 / 2 + beta_min * t).sqrt())


def laplace(steps: int, sigma_max: float, sigma_min: float, mu: float, beta: float) -> Tensor:
    """Quantiles of a Laplace distribution of log sigma (Hang and Gu 2024); no step to zero."""
    x = torch.linspace(0, 1, steps)
    way = 1 - 2 * (0.5 - x).abs() + 1e-5
    return (mu - beta * (0.5 - x).sign() * way.log()).exp().clamp(sigma_min, sigma_max)


def turbo(sampling: Sampling, steps: int, denoise: float) -> Tensor:
    """Every hundredth timestep from the last, as SD Turbo was distilled at (Sauer et al. 2023)."""
    first = 10 - int(10 * denoise)
    times = torch.arange(10, 0, -1)[first : first + steps] * 100.0 - 1
    return ended(sampling.sigma(times))


def align_your_steps(kind: str, steps: int, denoise: float) -> Tensor:
    """The ten levels of a kind of model, interpolated in log sigma to so many steps."""
    known = ALIGNED[kind]
    at = np.linspace(0, 1, steps + 1)
    levels = np.exp(np.interp(at, np.linspace(0, 1, len(known)), np.log(known)))
    return last_part(torch.tensor(levels, dtype=torch.float32), denoise)


def last_part(levels: Tensor, denoise: float) -> Tensor:
    """The part of a schedule that a denoise runs, its last level made zero; none for 0 steps.

    Args:
        levels: one more than there are steps; the last one is positive.
        denoise: share of the steps to take.
    """
    steps = len(levels) - 1
    total = steps if denoise >= 1 else round(steps * denoise)
    return ended(levels[-(total + 1) : -1]) if total > 0 else torch.zeros(0)


def split(sigmas: Tensor, step: int) -> tuple[Tensor, Tensor]:
    """The part up to a step and the part from it on; both hold its level."""
    return sigmas[: step + 1], sigmas[step:]


def split_denoise(sigmas: Tensor, denoise: float) -> tuple[Tensor, Tensor]:
    """The part that a denoise below 1 leaves out, and the part that it runs."""
    steps = max(len(sigmas) - 1, 0)
    return split(sigmas, steps - round(steps * denoise))


def flipped(sigmas: Tensor) -> Tensor:
    """The schedule backwards, from the picture to the noise."""
    if not len(sigmas):
        return sigmas
    turned = sigmas.flip(0)
    turned[0] = turned[0] if turned[0] > 0 else 0.0001
    return turned


def with_first(sigmas: Tensor, sigma: float) -> Tensor:
    """The schedule with another first level."""
    changed = sigmas.clone()
    changed[:1] = sigma
    return changed


def extended(sigmas: Tensor, steps: int, start: float, end: float, spacing: str) -> Tensor:
    """Every step that begins between two levels, cut into smaller ones.

    Args:
        sigmas: the schedule.
        steps: pieces of each such step.
        start: highest level; below 0 there is none.
        end: lowest level.
        spacing: linear, cosine (smaller pieces at the end) or sine (at the beginning).
    """
    high = math.inf if start < 0 else start
    way = torch.linspace(0, 1, steps + 1)[1:-1]
    shapes = {"linear": way, "cosine": (way * math.pi / 2).sin()}
    shape = shapes.get(spacing, 1 - (way * math.pi / 2).cos())
    pieces = [sigmas[:1]]
    for a, b in itertools.pairwise(sigmas):
        if end <= a <= high:
            pieces.append(a + (b - a) * shape)
        pieces.append(b[None])
    return torch.cat(pieces)
