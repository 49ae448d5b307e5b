"""Which noise levels a run visits.

A scheduler turns a number of steps into descending sigmas, usually ending in 0. Invariant:
the result is a float32 vector on the CPU that depends on nothing but its arguments.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from .parameterization import Sampling

Scheduler = Callable[[Sampling, int], Tensor]


def simple(model: Sampling, steps: int) -> Tensor:
    """Trained levels at equal distances, from the largest."""
    table = model.sigmas
    return _end_in_zero([table[-(1 + i * len(table) // steps)].item() for i in range(steps)])


def sgm_uniform(model: Sampling, steps: int) -> Tensor:
    """Equal distances in time, without the smallest level (Stability's generative-models)."""
    first, last = _time_range(model)
    return _end_in_zero(model.sigma(torch.linspace(first, last, steps + 1)[:-1]))


def karras(model: Sampling, steps: int, rho: float = 7.0) -> Tensor:
    """Equal distances in sigma^(1/rho) (Karras et al. 2022, equation 5)."""
    low, high = model.sigma_min ** (1 / rho), model.sigma_max ** (1 / rho)
    ramp = torch.linspace(0, 1, steps)
    return _end_in_zero((high + ramp * (low - high)) ** rho)


def exponential(model: Sampling, steps: int) -> Tensor:
    """Equal distances in log sigma."""
    high, low = math.log(model.sigma_max), math.log(model.sigma_min)
    return _end_in_zero(torch.linspace(high, low, steps).exp())


def ddim_uniform(model: Sampling, steps: int) -> Tensor:
    """Every k-th trained level (Song et al. 2021); more than ``steps`` if k is rounded down."""
    stride = max(len(model.sigmas) // steps, 1)
    return _end_in_zero(model.sigmas[1::stride].flip(0))


def beta(model: Sampling, steps: int, a: float = 0.6, b: float = 0.6) -> Tensor:
    """Trained levels at quantiles of a beta distribution (Lee et al. 2024, arXiv 2407.12173).

    Levels that coincide are visited once, so there may be fewer than ``steps``.
    """
    import numpy as np
    from scipy.special import betaincinv

    quantiles = betaincinv(a, b, 1 - np.linspace(0, 1, steps, endpoint=False))
    indices = np.rint(quantiles * (len(model.sigmas) - 1)).astype(int)
    return _end_in_zero(model.sigmas[list(dict.fromkeys(indices.tolist()))])


def normal(model: Sampling, steps: int) -> Tensor:
    """Equal distances in time, both ends included."""
    first, last = _time_range(model)
    if model.sigma(torch.tensor(last)).item() < 1e-5:  # the schedule itself ends in zero
        return model.sigma(torch.linspace(first, last, steps + 1))
    return _end_in_zero(model.sigma(torch.linspace(first, last, steps)))


def linear_quadratic(model: Sampling, steps: int, threshold: float = 0.025) -> Tensor:
    """Half of the steps in the first 2.5 % of the way, then ever longer ones (Genmo Mochi)."""
    if steps == 1:
        return torch.tensor([model.sigma_max, 0.0])
    half = steps // 2
    i = torch.arange(steps + 1, dtype=torch.float64)
    bend = (1 - threshold * steps / half) / (steps - half) ** 2
    way = threshold * i / half + bend * (i - half).clamp(min=0) ** 2
    return ((1 - way) * model.sigma_max).float()


def kl_optimal(model: Sampling, steps: int) -> Tensor:
    """Equal distances in the angle whose tangent is sigma (Sabour et al. 2024, theorem 3.1)."""
    high, low = math.atan(model.sigma_max), math.atan(model.sigma_min)
    return _end_in_zero(torch.linspace(high, low, steps).tan())


#: Schedulers by name, in the order in which clients show them; the first is the default.
SCHEDULERS: dict[str, Scheduler] = {
    "simple": simple,
    "sgm_uniform": sgm_uniform,
    "karras": karras,
    "exponential": exponential,
    "ddim_uniform": ddim_uniform,
    "beta": beta,
    "normal": normal,
    "linear_quadratic": linear_quadratic,
    "kl_optimal": kl_optimal,
}


def by_tokens(
    steps: int,
    tokens: int,
    base_shift: float = 0.95,
    max_shift: float = 2.05,
    terminal: float | None = 0.1,
) -> Tensor:
    """Levels of a flow that stay high for longer, the larger the latent (LTX-Video).

    Args:
        steps: to take.
        tokens: cells of the latent.
        base_shift: shift for 1024 tokens, in log odds.
        max_shift: shift for 4096.
        terminal: the last level before zero is stretched to this; None leaves it.
    """
    slope = (max_shift - base_shift) / (4096 - 1024)
    shift = base_shift + (tokens - 1024) * slope
    t = torch.linspace(1.0, 0.0, steps + 1, dtype=torch.float64)[:-1]
    sigmas = math.exp(shift) / (math.exp(shift) + (1 / t - 1))
    if terminal is not None and steps > 1:
        sigmas = 1 - (1 - sigmas) * ((1 - terminal) / (1 - sigmas[-1]))
    return _end_in_zero(sigmas.float())


def sigmas_for(
    model: Sampling,
    scheduler: str,
    steps: int,
    denoise: float = 1.0,
    skip_penultimate: bool = False,
) -> Tensor:
    """The noise levels of a run: ``n + 1`` of them for n steps; none if there is nothing to do.

    Args:
        model: whose noise levels.
        scheduler: a name of ``SCHEDULERS``.
        steps: steps to take.
        denoise: part of the schedule to run, from its end; the steps stay as many.
        skip_penultimate: leave out the last level before zero, for samplers that it harms.
    """
    if denoise <= 0:
        return torch.zeros(0)
    total = steps if denoise > 0.9999 else int(steps / denoise)
    sigmas = SCHEDULERS[scheduler](model, total + skip_penultimate)
    if skip_penultimate:
        sigmas = torch.cat([sigmas[:-2], sigmas[-1:]])
    return sigmas if denoise > 0.9999 else sigmas[-(steps + 1) :]


def window(sigmas: Tensor, start: int = 0, last: int | None = None, finish: bool = False) -> Tensor:
    """The part of a schedule between two steps.

    Args:
        sigmas: the whole schedule.
        start: first step to take.
        last: step to stop before; None runs to the end.
        finish: go to zero in the last step although the schedule does not.
    """
    if last is not None and last < len(sigmas) - 1:
        sigmas = sigmas[: last + 1].clone()
        if finish and len(sigmas):
            sigmas[-1] = 0.0
    return sigmas[start:] if start < len(sigmas) - 1 else sigmas[:0]


def _time_range(model: Sampling) -> tuple[float, float]:
    ends = model.timestep(torch.tensor([model.sigma_max, model.sigma_min]))
    return ends[0].item(), ends[1].item()


def _end_in_zero(sigmas: Tensor | list[float]) -> Tensor:
    return torch.cat([torch.as_tensor(sigmas, dtype=torch.float32), torch.zeros(1)])
