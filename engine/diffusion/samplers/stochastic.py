"""Solvers of the reverse SDE of higher order: SEEDS, ER-SDE, SA-Solver.

Invariant: without noise (eta or tau 0) each is a solver of the probability flow; a step to
sigma 0 lands on the clean latent that the model saw.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
import torch
from torch import Tensor

from ..parameterization import Sampling
from .state import Sampler, State, Step


def seeds_2(s: Step, eta: float = 1.0, r: float = 0.5) -> State:
    """SEEDS-2 (Gonzalez et al. 2023, arXiv 2305.14267): two stages that share their noise."""
    if s.sigma_next == 0:
        return s.to(s.denoised)
    h = math.log(s.sigma / s.sigma_next)
    inner = s.sigma * math.exp(-r * h)
    noises = [s.noise(s.sigma, inner), s.noise(inner, s.sigma_next)] if eta else []
    parts = [r * h, (1 - r) * h]
    d_2 = s.denoise(_stage(s, s.denoised, inner, r * h, eta, parts, noises[:1]), inner)
    mixed = s.denoised + (d_2 - s.denoised) / (2 * r)
    return s.to(_stage(s, mixed, s.sigma_next, h, eta, parts, noises))


def seeds_3(s: Step, eta: float = 1.0) -> State:
    """SEEDS-3 (Gonzalez et al. 2023): three stages at thirds of the step."""
    if s.sigma_next == 0:
        return s.to(s.denoised)
    h = math.log(s.sigma / s.sigma_next)
    first, second = s.sigma * math.exp(-h / 3), s.sigma * math.exp(-2 * h / 3)
    ends = [(s.sigma, first), (first, second), (second, s.sigma_next)]
    noises = [s.noise(a, b) for a, b in ends] if eta else []
    parts = [h / 3] * 3
    d_2 = s.denoise(_stage(s, s.denoised, first, h / 3, eta, parts, noises[:1]), first)
    x_3 = _stage(s, s.denoised, second, 2 * h / 3, eta, parts, noises[:2])
    d_3 = s.denoise(x_3 + (d_2 - s.denoised) * (2 * _psi(2 * h / 3 * (1 + eta))), second)
    x = _stage(s, s.denoised, s.sigma_next, h, eta, parts, noises)
    return s.to(x + (d_3 - s.denoised) * (1.5 * _psi(h * (1 + eta))))


def exp_heun_2_x0(s: Step, eta: float = 0.0) -> State:
    """Heun's method for exponential integrators (Hochbruck and Ostermann 2005, order 2, c = 1)."""
    if s.sigma_next == 0:
        return s.to(s.denoised)
    h = math.log(s.sigma / s.sigma_next)
    noises = [s.noise()] if eta else []
    x = _stage(s, s.denoised, s.sigma_next, h, eta, [h], noises)
    d_2 = s.denoise(x, s.sigma_next)
    return s.to(x + (d_2 - s.denoised) * _psi(h * (1 + eta)))


def exp_heun_2_x0_sde(s: Step) -> State:
    """:func:`exp_heun_2_x0` for the reverse SDE."""
    return exp_heun_2_x0(s, eta=1.0)


def _stage(
    s: Step,
    denoised: Tensor,
    sigma: float,
    h: float,
    eta: float,
    parts: Sequence[float],
    noises: Sequence[Tensor],
) -> Tensor:
    """The state at ``sigma``, ``h`` further in log sigma, for a constant D.

    Each of the noises was drawn in one of the parts of the step, and has decayed since.
    """
    x = s.x * (sigma / s.sigma * math.exp(-h * eta)) - denoised * math.expm1(-h * (1 + eta))
    left = h
    for part, noise in zip(parts, noises, strict=False):
        left = max(left - part, 0.0)
        spread = -math.exp(-2 * left * eta) * math.expm1(-2 * part * eta)
        x = x + noise * (sigma * math.sqrt(spread))
    return x


def _psi(h: float) -> float:
    """Weight of a change of D that grows linearly over a step: 1 - (1 - e^-h) / h."""
    return math.expm1(-h) / h + 1


#: Points of the integrals of ER-SDE.
_POINTS = 200


def er_sde(s: Step, scale_of: "Scale | None" = None, stages: int = 3, s_noise: float = 1) -> State:
    """ER-SDE-Solver-3 (Cui et al. 2023, arXiv 2309.06169).

    Args:
        s: the step.
        scale_of: noise scale; None is the paper's fifth. ``sigma`` itself gives the flow,
            ``sigma^2`` the reverse SDE.
        stages: order, 1 to 3.
        s_noise: multiplies the noise.
    """
    if s.sigma_next == 0:
        return s.to(s.denoised)
    of = scale_of or _noise_scale
    scale, scale_next = of(s.sigma), of(s.sigma_next)
    r = scale_next / scale
    x = s.x * r + s.denoised * (1 - r)
    keep: tuple[Tensor, ...] = (s.denoised,)
    if s.history and stages > 1:
        dt = s.sigma_next - s.sigma
        linear, bent = _er_integrals(s.sigma, s.sigma_next, of)
        slope = (s.denoised - s.history[0]) / (s.sigma - s.sigmas[s.i - 1])
        x = x + slope * (dt + linear * scale_next)
        keep = (s.denoised, slope)
        if len(s.history) > 1 and stages > 2:
            bend = (slope - s.history[1]) / ((s.sigma - s.sigmas[s.i - 2]) / 2)
            x = x + bend * (dt**2 / 2 + bent * scale_next)
    spread = max(s.sigma_next**2 - (s.sigma * r) ** 2, 0.0)
    return s.to(x + s.noise() * (s_noise * math.sqrt(spread)) if spread else x, *keep)


#: Noise scale of a level; what is added between two of them follows from it.
Scale = Callable[[float], float]


def _noise_scale(sigma: float) -> float:
    return sigma * (math.exp(sigma**0.3) + 10)


@lru_cache(maxsize=4096)
def _er_integrals(sigma: float, sigma_next: float, of: Scale) -> tuple[float, float]:
    step = (sigma - sigma_next) / _POINTS
    levels = sigma_next + np.arange(_POINTS) * step
    scales = np.array([of(float(level)) for level in levels])
    return float(np.sum(1 / scales) * step), float(np.sum((levels - sigma) / scales) * step)


@dataclass(frozen=True)
class SaSolver:
    """SA-Solver (Xue et al. 2023, arXiv 2309.05019) with noise in a part of the run.

    Attributes:
        again: evaluate once more after the correction (PECE).
        eta: strength of the noise.
        start: noise from this part of the run on.
        end: and until this one.
        s_noise: multiplies the noise.
        predictor: order of the prediction.
        corrector: order of the correction; 0 leaves it out.
        simple: at order 2 weigh the change of D by half the step, not by its exact integral.
    """

    again: bool = False
    eta: float = 1.0
    start: float = 0.2
    end: float = 0.8
    s_noise: float = 1.0
    predictor: int = 3
    corrector: int = 4
    simple: bool = False

    def fit(self, sampling: Sampling, sigmas: Sequence[float]) -> tuple[Sampler, list[float]]:
        """Find out where in the run noise is added."""
        high, low = (sampling.percent_to_sigma(percent) for percent in (self.start, self.end))
        tau: Tau = lambda sigma: self.eta if low <= sigma <= high else 0.0  # noqa: E731
        name = f"{self} {low} {high}"
        step = partial(sa_solver, tau=tau, how=self)
        return Sampler(step, "sequential", name=name), list(sigmas)

    def sampler(self) -> Sampler:
        """The sampler, to be fitted to a model."""
        step = partial(sa_solver, tau=lambda sigma: 0.0, how=self)
        return Sampler(step, name=str(self), fit=self.fit)


#: Strength of the noise at a level.
Tau = Callable[[float], float]


def sa_solver(s: Step, tau: Tau, how: SaSolver) -> State:
    """Correct the latent that was predicted for this level, then predict the next.

    History: the latent and the noise of the step before, and clean latents, newest first.
    """
    x, seen, clean = s.x, s.denoised, (s.denoised,)
    if s.history:
        before, noise, *earlier = s.history
        if how.corrector:
            nodes = [s.sigmas[s.i - k] for k in range(min(how.corrector, len(earlier) + 1))]
            points = (seen, *earlier)[: len(nodes)]
            x = _adams(before, s.sigmas[s.i - 1], s.sigma, nodes, points, tau, noise, how.simple)
            seen = s.denoise(x, s.sigma) if how.again else seen
        clean = (seen, *earlier)
    if s.sigma_next == 0:
        return s.to(seen)
    nodes = [s.sigmas[s.i - k] for k in range(min(how.predictor, len(clean)))]
    noise = s.noise() * how.s_noise if tau(s.sigma_next) else torch.zeros_like(x)
    ends = (s.sigma, s.sigma_next)
    predicted = _adams(x, *ends, nodes, clean[: len(nodes)], tau, noise, how.simple)
    longest = max(how.predictor, how.corrector)
    return s.to(predicted, x, noise, *clean[: max(longest - 1, 1)])


def _adams(
    x: Tensor,
    sigma: float,
    sigma_next: float,
    nodes: Sequence[float],
    clean: Sequence[Tensor],
    tau: Tau,
    noise: Tensor,
    simple: bool,
) -> Tensor:
    """Stochastic Adams step with a polynomial in log sigma through clean latents (equation 14)."""
    t = tau(sigma_next) ** 2
    h = math.log(sigma / sigma_next)
    result = x * (sigma_next / sigma * math.exp(-t * h))
    weights = _adams_weights(sigma, sigma_next, tuple(nodes), t)
    if simple and len(nodes) == 2:
        first = _adams_weights(sigma, sigma_next, (nodes[0],), t)[0]
        slope = first * h / 2 / math.log(nodes[1] / nodes[0])
        weights = (first + slope, -slope)
    for weight, d in zip(weights, clean, strict=True):
        result = result + d * weight
    return result + noise * (sigma_next * math.sqrt(-math.expm1(-2 * t * h))) if t else result


@lru_cache(maxsize=4096)
def _adams_weights(
    sigma: float, sigma_next: float, nodes: tuple[float, ...], t: float
) -> tuple[float, ...]:
    """Integrals of Lagrange polynomials against the kernel (1 + t) e^(-(1 + t) (l_end - l))."""
    points, weights = np.polynomial.legendre.leggauss(32)
    start, end = -math.log(sigma), -math.log(sigma_next)
    at, half = (start + end) / 2 + (end - start) / 2 * points, (end - start) / 2
    kernel = (1 + t) * np.exp(-(1 + t) * (end - at))
    places = [-math.log(node) for node in nodes]
    found = []
    for j, place in enumerate(places):
        others = [other for k, other in enumerate(places) if k != j]
        basis = np.prod([(at - o) / (place - o) for o in others], axis=0)
        found.append(float(half * np.sum(weights * kernel * basis)))
    return tuple(found)


SA_SOLVER = SaSolver().sampler()
SA_SOLVER_PECE = SaSolver(again=True).sampler()
