"""Sampling algorithms: one function takes one step, over explicit state.

Invariant: the mathematics knows no models, families, progress bars or devices; the sampler
gets a denoiser and a noise source, and everything it remembers stands in its state.

Notation: x the noisy latent, D = denoise(x, sigma), d = (x - D) / sigma, t = -log sigma
(half the log signal-to-noise ratio), h = t_next - t.
"""

from dataclasses import replace

from .cfg_pp import (
    dpmpp_2m_cfg_pp,
    dpmpp_2s_ancestral_cfg_pp,
    euler_ancestral_cfg_pp,
    euler_cfg_pp,
    gradient_estimation_cfg_pp,
    res_multistep_ancestral_cfg_pp,
    res_multistep_cfg_pp,
)
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
from .multistep import (
    deis,
    gradient_estimation,
    ipndm,
    ipndm_v,
    res_multistep,
    res_multistep_ancestral,
)
from .singlestep import DPM_ADAPTIVE, DPM_FAST, heunpp2
from .state import Denoiser, Sampler, Seen, State, Step, advance
from .stochastic import (
    SA_SOLVER,
    SA_SOLVER_PECE,
    er_sde,
    exp_heun_2_x0,
    exp_heun_2_x0_sde,
    seeds_2,
    seeds_3,
)
from .unipc import uni_pc, uni_pc_bh2

__all__ = ["SAMPLERS", "Denoiser", "Sampler", "Seen", "State", "Step", "advance"]

_ALL = {
    "euler": Sampler(euler),
    "euler_cfg_pp": Sampler(euler_cfg_pp, both_sides=True),
    "euler_ancestral": Sampler(euler_ancestral, "sequential"),
    "euler_ancestral_cfg_pp": Sampler(euler_ancestral_cfg_pp, "sequential", both_sides=True),
    "heun": Sampler(heun),
    "heunpp2": Sampler(heunpp2),
    "dpm_2": Sampler(dpm_2, skip_penultimate=True),
    "dpm_2_ancestral": Sampler(dpm_2_ancestral, "sequential", skip_penultimate=True),
    "lms": Sampler(lms),
    "dpm_fast": DPM_FAST,
    "dpm_adaptive": DPM_ADAPTIVE,
    "dpmpp_2s_ancestral": Sampler(dpmpp_2s_ancestral, "sequential"),
    "dpmpp_2s_ancestral_cfg_pp": Sampler(dpmpp_2s_ancestral_cfg_pp, "sequential", both_sides=True),
    "dpmpp_sde": Sampler(dpmpp_sde, "brownian"),
    "dpmpp_sde_gpu": Sampler(dpmpp_sde, "brownian_on_device"),
    "dpmpp_2m": Sampler(dpmpp_2m),
    "dpmpp_2m_cfg_pp": Sampler(dpmpp_2m_cfg_pp, both_sides=True),
    "dpmpp_2m_sde": Sampler(dpmpp_2m_sde, "brownian"),
    "dpmpp_2m_sde_gpu": Sampler(dpmpp_2m_sde, "brownian_on_device"),
    "dpmpp_2m_sde_heun": Sampler(dpmpp_2m_sde_heun, "brownian"),
    "dpmpp_2m_sde_heun_gpu": Sampler(dpmpp_2m_sde_heun, "brownian_on_device"),
    "dpmpp_3m_sde": Sampler(dpmpp_3m_sde, "brownian"),
    "dpmpp_3m_sde_gpu": Sampler(dpmpp_3m_sde, "brownian_on_device"),
    # The posterior of DDPM (Ho et al. 2020, equation 7) is the ancestral Euler step.
    "ddpm": Sampler(euler_ancestral, "sequential"),
    "lcm": Sampler(lcm, "sequential"),
    "ipndm": Sampler(ipndm),
    "ipndm_v": Sampler(ipndm_v),
    "deis": Sampler(deis),
    "res_multistep": Sampler(res_multistep),
    "res_multistep_cfg_pp": Sampler(res_multistep_cfg_pp, both_sides=True),
    "res_multistep_ancestral": Sampler(res_multistep_ancestral, "sequential"),
    "res_multistep_ancestral_cfg_pp": Sampler(
        res_multistep_ancestral_cfg_pp, "sequential", both_sides=True
    ),
    "gradient_estimation": Sampler(gradient_estimation),
    "gradient_estimation_cfg_pp": Sampler(gradient_estimation_cfg_pp, both_sides=True),
    "er_sde": Sampler(er_sde, "sequential"),
    "seeds_2": Sampler(seeds_2, "sequential"),
    "seeds_3": Sampler(seeds_3, "sequential"),
    "sa_solver": SA_SOLVER,
    "sa_solver_pece": SA_SOLVER_PECE,
    # DDIM (Song et al. 2021) without noise is Euler's method in sigma.
    "ddim": Sampler(euler, inpaint_seed_offset=1),
    "uni_pc": Sampler(uni_pc, skip_penultimate=True),
    "uni_pc_bh2": Sampler(uni_pc_bh2, skip_penultimate=True),
    "exp_heun_2_x0": Sampler(exp_heun_2_x0),
    "exp_heun_2_x0_sde": Sampler(exp_heun_2_x0_sde, "sequential"),
}

#: Samplers by name, in the order in which clients show them; the first is the default.
SAMPLERS: dict[str, Sampler] = {n: replace(sampler, name=n) for n, sampler in _ALL.items()}
