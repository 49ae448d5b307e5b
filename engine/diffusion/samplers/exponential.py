"""DPM-Solver++ (Lu et al. 2022): exponential integrators in t = -log sigma.

The linear part of the flow is solved exactly: over h = t_next - t, x shrinks by e^-h and the
clean latent comes in with 1 - e^-h. What remains is how D changes within the step, for which
each solver has its own estimate.

Invariant: a step to sigma 0 lands on the clean latent that the model saw; multistep solvers
begin with a first-order step.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from .euler import euler, split_ancestral
from .state import State, Step


def flow(x: Tensor, denoised: Tensor, sigma: float, sigma_next: float) -> Tensor:
    """Exact flow for a constant D: ``x e^-h + D (1 - e^-h)`` (Lu et al. 2022, equation 9)."""
    kept = sigma_next / sigma
    return x * kept + denoised * (1 - kept)


def dpmpp_2s_ancestral(s: Step, eta: float = 1.0, s_noise: float = 1.0) -> State:
    """DPM-Solver++(2S) (algorithm 1 with r = 1/2) with ancestral noise."""
    if s.sigma_next == 0:
        return euler(s)
    down, up = split_ancestral(s.sigma, s.sigma_next, eta)
    if down == 0:
        return s.to(s.denoised + s.noise() * (up * s_noise))
    middle = math.sqrt(s.sigma * down)
    x_middle = flow(s.x, s.denoised, s.sigma, middle)
    d_middle = s.denoise(x_middle, middle)
    return s.to(flow(s.x, d_middle, s.sigma, down) + s.noise() * (up * s_noise))


def dpmpp_sde(s: Step, eta: float = 1.0, s_noise: float = 1.0, r: float = 0.5) -> State:
    """DPM-Solver++ for the SDE, two evaluations a step (as in k-diffusion)."""
    if s.sigma_next == 0:
        return euler(s)
    middle = s.sigma ** (1 - r) * s.sigma_next**r
    down, up = split_ancestral(s.sigma, middle, eta)
    noise = s.noise(s.sigma, middle) * (up * s_noise)
    d_middle = s.denoise(flow(s.x, s.denoised, s.sigma, down) + noise, middle)
    down, up = split_ancestral(s.sigma, s.sigma_next, eta)
    mixed = torch.lerp(s.denoised, d_middle, 1 / (2 * r))
    return s.to(flow(s.x, mixed, s.sigma, down) + s.noise() * (up * s_noise))


def dpmpp_2m(s: Step) -> State:
    """DPM-Solver++(2M) (algorithm 2): D is extrapolated from the step before."""
    denoised = s.denoised
    if s.history and s.sigma_next > 0:
        r = _h(s, -1) / _h(s)
        denoised = denoised + (denoised - s.history[0]) / (2 * r)
    return s.to(flow(s.x, denoised, s.sigma, s.sigma_next), s.denoised)


def dpmpp_2m_sde(s: Step, eta: float = 1.0, s_noise: float = 1.0) -> State:
    """SDE-DPM-Solver++(2M), midpoint form (Lu et al. 2022, appendix D.4)."""
    return _multistep_sde(s, lambda h: 0.5 * -math.expm1(-h), 2, eta, s_noise)


def dpmpp_2m_sde_heun(s: Step, eta: float = 1.0, s_noise: float = 1.0) -> State:
    """SDE-DPM-Solver++(2M), Heun form: the exact weight of a linear change of D."""
    return _multistep_sde(s, _phi_2, 2, eta, s_noise)


def dpmpp_3m_sde(s: Step, eta: float = 1.0, s_noise: float = 1.0) -> State:
    """SDE-DPM-Solver++(3M) (K. Crowson, k-diffusion): D follows a parabola."""
    return _multistep_sde(s, _phi_2, 3, eta, s_noise)


def _multistep_sde(
    s: Step, slope_weight: Callable[[float], float], order: int, eta: float, s_noise: float
) -> State:
    """One step of the reverse SDE: with eta 1 twice the decay of the flow, and fresh noise."""
    if s.sigma_next == 0:
        return s.to(s.denoised)
    h = (1 + eta) * _h(s)
    x = s.x * math.exp(-h) - s.denoised * math.expm1(-h)
    slope, bend = _differences(s)
    if slope is not None:
        x = x + slope * slope_weight(h)
    if bend is not None and order == 3:
        x = x - bend * (_phi_2(h) / h - 0.5)
    keep = (s.denoised, *s.history[: order - 2])
    spread = s.sigma_next * s_noise * math.sqrt(-math.expm1(-2 * eta * _h(s)))
    return s.to(x + s.noise() * spread, *keep)


def _differences(s: Step) -> tuple[Tensor | None, Tensor | None]:
    """First and second divided differences of D in units of this step, as history allows."""
    if not s.history:
        return None, None
    r0 = _h(s, -1) / _h(s)
    slope = (s.denoised - s.history[0]) / r0
    if len(s.history) == 1:
        return slope, None
    r1 = _h(s, -2) / _h(s)
    older = (s.history[0] - s.history[1]) / r1
    bend = (slope - older) / (r0 + r1)
    return slope + bend * r0, bend


def _phi_2(h: float) -> float:
    """Weight of a linear change: 1 - (1 - e^-h) / h."""
    return math.expm1(-h) / h + 1


def _h(s: Step, offset: int = 0) -> float:
    """Length in t of this step, or of one before it."""
    i = s.i + offset
    return math.log(s.sigmas[i] / s.sigmas[i + 1])
