"""Samplers that remember: Adams-Bashforth, DEIS, exponential multistep, gradient estimation.

Invariant: the first steps are of the order that the history allows; a step to sigma 0 lands on
the clean latent that the model saw.
"""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from torch import Tensor

from .euler import split_ancestral
from .linear_multistep import lagrange_integrals
from .state import State, Step

#: Adams-Bashforth on an even grid, by order: weights of the newest derivative first.
_ADAMS_BASHFORTH = (
    (1.0,),
    (3 / 2, -1 / 2),
    (23 / 12, -16 / 12, 5 / 12),
    (55 / 24, -59 / 24, 37 / 24, -9 / 24),
)


def ipndm(s: Step) -> State:
    """Improved PNDM (Liu et al. 2022; Zhang and Chen 2023): fixed Adams-Bashforth of order 4."""
    if s.sigma_next == 0:
        return s.to(s.denoised)
    slopes = (s.d, *s.history)[:4]
    weights = _ADAMS_BASHFORTH[len(slopes) - 1]
    return s.to(s.x + _mix(slopes, weights) * (s.sigma_next - s.sigma), *slopes[:3])


def ipndm_v(s: Step) -> State:
    """The same with the exact weights of the uneven grid that the noise levels form."""
    return _polynomial(s, 4, lambda nodes: lagrange_integrals(nodes, s.sigma, s.sigma_next))


def deis(s: Step) -> State:
    """DEIS (Zhang and Chen 2023), tAB of order 3: d is a polynomial in the time of VP diffusion."""
    return _polynomial(s, 3, lambda nodes: _deis_weights(tuple(nodes), s.sigma, s.sigma_next))


def _polynomial(s: Step, order: int, weigh: Callable[[list[float]], Sequence[float]]) -> State:
    """Integrate a polynomial through the newest derivatives."""
    if s.sigma_next == 0:
        return s.to(s.denoised)
    slopes = (s.d, *s.history)[:order]
    nodes = [s.sigma, *(s.sigmas[s.i - k] for k in range(1, len(slopes)))]
    return s.to(s.x + _mix(slopes, weigh(nodes)), *slopes[: order - 1])


def _mix(tensors: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    total = tensors[0] * weights[0]
    for tensor, weight in zip(tensors[1:], weights[1:], strict=True):
        total = total + tensor * weight
    return total


@lru_cache(maxsize=4096)
def _deis_weights(nodes: tuple[float, ...], sigma: float, sigma_next: float) -> tuple[float, ...]:
    """Integrals over sigma of the Lagrange polynomials in time (Gauss-Legendre, 64 points)."""
    points, weights = np.polynomial.legendre.leggauss(64)
    middle, half = (sigma + sigma_next) / 2, (sigma_next - sigma) / 2
    times, at = _vp_time(middle + half * points), [float(_vp_time(np.array(n))) for n in nodes]
    integrals = []
    for j, node in enumerate(at):
        others = [other for k, other in enumerate(at) if k != j]
        values = np.prod([(times - o) / (node - o) for o in others], axis=0)
        integrals.append(float(half * np.sum(weights * values)))
    return tuple(integrals)


def _vp_time(sigma: np.ndarray) -> np.ndarray:
    """Time of a variance preserving diffusion with linear beta that has this noise level.

    Its betas are those for which levels of 0.002 and 80 fall on the times 0.001 and 1
    (Karras et al. 2022, table 1).
    """
    low, high, first = 0.002, 80.0, 1e-3
    slope = 2 * (math.log(low**2 + 1) / first - math.log(high**2 + 1)) / (first - 1)
    start = math.log(high**2 + 1) - slope / 2
    return (np.sqrt(start**2 + 2 * slope * np.log(sigma**2 + 1)) - start) / slope


def res_multistep(s: Step) -> State:
    """RES (Zhang et al. 2023, arXiv 2308.02157): exponential, multistep, of second order."""
    return _res(s, 0.0)


def res_multistep_ancestral(s: Step) -> State:
    """:func:`res_multistep` with ancestral noise."""
    return _res(s, 1.0)


def _res(s: Step, eta: float) -> State:
    if s.sigma_next == 0:
        return s.to(s.denoised)
    down, up = split_ancestral(s.sigma, s.sigma_next, eta)
    if not s.history:
        x = s.x + s.d * (down - s.sigma)
    else:
        now, before = res_weights(s, down, eta)
        x = s.x * (down / s.sigma) + s.denoised * now + s.history[0] * before
    return s.to(x + s.noise() * up if up else x, s.denoised)


def res_weights(s: Step, sigma_next: float, eta: float) -> tuple[float, float]:
    """Weights of D now and of D one step before, in going to a noise level.

    The way from there to here counts down to where that step had gone before it added noise:
    noise moves D, too, and must not be taken for a slope.
    """
    h = math.log(s.sigma / sigma_next)
    reached, _ = split_ancestral(s.sigmas[s.i - 1], s.sigma, eta)
    c = -math.log(s.sigmas[s.i - 1] / reached) / h  # where D was seen before, in units of h
    phi_1 = -math.expm1(-h) / h
    phi_2 = (1 - phi_1) / h
    return h * (phi_1 - phi_2 / c), h * phi_2 / c


def gradient_estimation(s: Step) -> State:
    """Gradient estimation (Permenter and Yuan 2024, algorithm 2; gamma = 2)."""
    if s.sigma_next == 0:
        return s.to(s.denoised)
    x = s.x + s.d * (s.sigma_next - s.sigma)
    return s.to(x + gradient_correction(s, s.d), s.d)


def gradient_correction(s: Step, d: Tensor, gamma: float = 2.0) -> Tensor | float:
    """What the change of the derivative adds to Euler's step."""
    if not s.history:
        return 0.0
    return (d - s.history[0]) * ((gamma - 1) * (s.sigma_next - s.sigma))
