"""Sampling algorithms: one function takes one step, over explicit state.

Invariant: the mathematics knows no models, families, progress bars or devices; the sampler
gets a denoiser and a noise source, and everything it remembers stands in its state.

Notation: x the noisy latent, D = denoise(x, sigma), d = (x - D) / sigma, t = -log sigma
(half the log signal-to-noise ratio), h = t_next - t.
"""

from collections.abc import Mapping
from dataclasses import replace

from .euler import ancestral as euler_ancestral
from .euler import dpm_2, dpm_2_ancestral, euler, heun, lcm
from .exponential import (
    dpmpp_2m,
    dpmpp_2m_sde,
    dpmpp_2m_sde_heun,
    dpmpp_2s_ancestral,
    dpmpp_3m_sde,
    dpmpp_sde,
)
from .linear_multistep import lms
from .state import Denoiser, Sampler, Seen, State, Step, advance
from .unipc import uni_pc, uni_pc_bh2

__all__ = ["SAMPLERS", "Denoiser", "Sampler", "Seen", "State", "Step", "advance"]

_ALL = {
    "euler": Sampler(euler),
    "euler_ancestral": Sampler(euler_ancestral, "sequential"),
    "heun": Sampler(heun),
    "dpm_2": Sampler(dpm_2, skip_penultimate=True),
    "dpm_2_ancestral": Sampler(dpm_2_ancestral, "sequential", skip_penultimate=True),
    "lms": Sampler(lms),
    "dpmpp_2s_ancestral": Sampler(dpmpp_2s_ancestral, "sequential"),
    "dpmpp_sde": Sampler(dpmpp_sde, "brownian"),
    "dpmpp_sde_gpu": Sampler(dpmpp_sde, "brownian_on_device"),
    "dpmpp_2m": Sampler(dpmpp_2m),
    "dpmpp_2m_sde": Sampler(dpmpp_2m_sde, "brownian"),
    "dpmpp_2m_sde_gpu": Sampler(dpmpp_2m_sde, "brownian_on_device"),
    "dpmpp_2m_sde_heun": Sampler(dpmpp_2m_sde_heun, "brownian"),
    "dpmpp_2m_sde_heun_gpu": Sampler(dpmpp_2m_sde_heun, "brownian_on_device"),
    "dpmpp_3m_sde": Sampler(dpmpp_3m_sde, "brownian"),
    "dpmpp_3m_sde_gpu": Sampler(dpmpp_3m_sde, "brownian_on_device"),
    # The posterior of DDPM (Ho et al. 2020, equation 7) is the ancestral Euler step.
    "ddpm": Sampler(euler_ancestral, "sequential"),
    "lcm": Sampler(lcm, "sequential"),
    # DDIM (Song et al. 2021) without noise is Euler's method in sigma.
    "ddim": Sampler(euler, inpaint_seed_offset=1),
    "uni_pc": Sampler(uni_pc, skip_penultimate=True),
    "uni_pc_bh2": Sampler(uni_pc_bh2, skip_penultimate=True),
}

#: Samplers by name, in the order in which clients show them; the first is the default.
SAMPLERS: Mapping[str, Sampler] = {n: replace(sampler, name=n) for n, sampler in _ALL.items()}
