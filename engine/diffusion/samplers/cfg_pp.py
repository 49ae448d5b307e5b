"""CFG++ (Chung et al. 2024, arXiv 2406.08070): go to the guided latent, renoise by the other.

The direction back to the noise is that of the *unguided* clean latent U, so that guidance
does not push the picture off the manifold: x = D + sigma_next (x - U) / sigma.

Invariant: with D = U each of these is the sampler that it is named after.
"""

import math

from torch import Tensor

from .euler import split_ancestral
from .exponential import flow
from .multistep import gradient_correction, res_weights
from .state import State, Step


def euler_cfg_pp(s: Step) -> State:
    """Euler's method, as CFG++ takes it (algorithm 2)."""
    return s.to(s.denoised + s.d_uncond * s.sigma_next)


def euler_toward_uncond(s: Step) -> State:
    """The other way round: Euler's step in the guided direction, from the unguided latent."""
    return s.to(s.uncond + s.d * s.sigma_next)


def euler_ancestral_cfg_pp(s: Step, eta: float = 1.0, s_noise: float = 1.0) -> State:
    """:func:`euler_cfg_pp` with ancestral noise."""
    if s.sigma_next == 0:
        return s.to(s.denoised)
    down, up = split_ancestral(s.sigma, s.sigma_next, eta)
    return s.to(s.denoised + s.d_uncond * down + s.noise() * (up * s_noise))


def dpmpp_2s_ancestral_cfg_pp(s: Step) -> State:
    """DPM-Solver++(2S) with ancestral noise, renoised by the unguided latent."""
    if s.sigma_next == 0:
        return s.to(s.denoised)
    down, up = split_ancestral(s.sigma, s.sigma_next)
    middle = math.sqrt(s.sigma * down)
    x = _shifted(s)
    d_middle = s.denoise(flow(x, s.denoised, s.sigma, middle), middle)
    return s.to(flow(x, d_middle, s.sigma, down) + s.noise() * up)


def dpmpp_2m_cfg_pp(s: Step) -> State:
    """DPM-Solver++(2M): the change of D is taken against the unguided latent before."""
    x = flow(_shifted(s), s.denoised, s.sigma, s.sigma_next)
    if s.history and s.sigma_next > 0:
        h = math.log(s.sigma / s.sigma_next)
        r = math.log(s.sigmas[s.i - 1] / s.sigma) / h
        x = x - (s.denoised - s.history[0]) * (math.expm1(-h) / (2 * r))
    return s.to(x, s.uncond)


def res_multistep_cfg_pp(s: Step) -> State:
    """:func:`.multistep.res_multistep`, renoised by the unguided latent."""
    return _res(s, 0.0)


def res_multistep_ancestral_cfg_pp(s: Step) -> State:
    """:func:`res_multistep_cfg_pp` with ancestral noise."""
    return _res(s, 1.0)


def _res(s: Step, eta: float) -> State:
    if s.sigma_next == 0:
        return s.to(s.denoised)
    down, up = split_ancestral(s.sigma, s.sigma_next, eta)
    if not s.history:
        x = s.denoised + s.d_uncond * down
    else:
        now, before = res_weights(s, down, eta)
        x = _shifted(s) * (down / s.sigma) + s.uncond * now + s.history[0] * before
        x = x + (s.denoised - s.uncond) * (1 - down / s.sigma)
    return s.to(x + s.noise() * up if up else x, s.uncond)


def gradient_estimation_cfg_pp(s: Step) -> State:
    """:func:`.multistep.gradient_estimation` with the unguided derivative."""
    if s.sigma_next == 0:
        return s.to(s.denoised)
    x = s.denoised + s.d_uncond * s.sigma_next
    return s.to(x + gradient_correction(s, s.d_uncond), s.d_uncond)


def _shifted(s: Step) -> Tensor:
    """The noisy latent whose flow to D has the unguided direction."""
    return s.x + (s.denoised - s.uncond)
