"""Samplers that follow the derivative in sigma: Euler, Heun, midpoint, and their ancestral kin.

Invariant: a step to sigma 0 lands on the clean latent that the model saw.
"""

import math

from .state import State, Step, to_d


def split_ancestral(sigma: float, sigma_next: float, eta: float = 1.0) -> tuple[float, float]:
    """Split a step into one further down and the noise that leads back up.

    The noise that keeps the marginal distribution (Song et al. 2021, equation 16); eta 0 adds
    none, eta 1 as much as the forward process.

    Returns:
        ``sigma_down`` and ``sigma_up`` with ``sigma_down^2 + sigma_up^2 = sigma_next^2``.
    """
    removed = math.sqrt(max(sigma**2 - sigma_next**2, 0.0))
    up = min(sigma_next, eta * sigma_next * removed / sigma)
    return math.sqrt(sigma_next**2 - up**2), up


def euler(s: Step) -> State:
    """Euler's method (Karras et al. 2022, algorithm 1 without the second-order correction)."""
    return s.to(s.x + s.d * (s.sigma_next - s.sigma))


def ancestral(s: Step, eta: float = 1.0, s_noise: float = 1.0) -> State:
    """Euler's method with ancestral noise (Song et al. 2021, in the notation of Karras)."""
    if s.sigma_next == 0:
        return s.to(s.denoised)
    down, up = split_ancestral(s.sigma, s.sigma_next, eta)
    return s.to(s.x + s.d * (down - s.sigma) + s.noise() * (up * s_noise))


def heun(s: Step) -> State:
    """Heun's method: Euler, corrected by the slope at its end (Karras et al. 2022, algorithm 1)."""
    if s.sigma_next == 0:
        return euler(s)
    dt = s.sigma_next - s.sigma
    x_end = s.x + s.d * dt
    d_end = to_d(x_end, s.sigma_next, s.denoise(x_end, s.sigma_next))
    return s.to(s.x + (s.d + d_end) / 2 * dt)


def dpm_2(s: Step) -> State:
    """The midpoint rule at the geometric mean (Karras et al. 2022, with DPM-Solver-2's node)."""
    if s.sigma_next == 0:
        return euler(s)
    middle = math.sqrt(s.sigma * s.sigma_next)
    x_middle = s.x + s.d * (middle - s.sigma)
    d_middle = to_d(x_middle, middle, s.denoise(x_middle, middle))
    return s.to(s.x + d_middle * (s.sigma_next - s.sigma))


def dpm_2_ancestral(s: Step) -> State:
    """The midpoint rule of :func:`dpm_2` with ancestral noise."""
    if s.sigma_next == 0:
        return euler(s)
    down, up = split_ancestral(s.sigma, s.sigma_next)
    middle = math.sqrt(s.sigma * down)
    x_middle = s.x + s.d * (middle - s.sigma)
    d_middle = to_d(x_middle, middle, s.denoise(x_middle, middle))
    return s.to(s.x + d_middle * (down - s.sigma) + s.noise() * up)


def lcm(s: Step) -> State:
    """Multistep consistency sampling (Luo et al. 2023, algorithm 3): jump, then noise again."""
    if s.sigma_next == 0:
        return s.to(s.denoised)
    return s.to(s.denoised + s.noise() * s.sigma_next)
