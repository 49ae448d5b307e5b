"""Samplers as values, some with options of their own."""

from dataclasses import replace
from functools import partial

from engine.api import Bool, Choice, Float, Int, Model, node
from engine.api import Sampler as SamplerSocket
from engine.diffusion.samplers import SAMPLERS, Sampler
from engine.diffusion.samplers.cfg_pp import (
    euler_ancestral_cfg_pp,
    euler_cfg_pp,
    euler_toward_uncond,
)
from engine.diffusion.samplers.euler import ancestral
from engine.diffusion.samplers.exponential import (
    dpmpp_2m_sde,
    dpmpp_2m_sde_heun,
    dpmpp_2s_ancestral,
    dpmpp_3m_sde,
    dpmpp_sde,
)
from engine.diffusion.samplers.growing import Growth, growing_lcm
from engine.diffusion.samplers.linear_multistep import lms
from engine.diffusion.samplers.singlestep import DpmAdaptive
from engine.diffusion.samplers.stochastic import SaSolver, er_sde
from engine.media.resize import resize

from .sampling import SamplerName

Amount = Float(0.0, 100.0, step=0.01, round=False)
NoiseDevice = Choice(("gpu", "cpu"))
_sampler = partial(node, category="sampling/custom_sampling/samplers", lane="host")


@_sampler("KSamplerSelect")
def ksampler_select(*, sampler_name: SamplerName) -> SamplerSocket:
    """A sampler by its name.

    Args:
        sampler_name: the algorithm.
    """
    return SAMPLERS[sampler_name]


@_sampler("SamplerEulerAncestral")
def sampler_euler_ancestral(*, eta: Amount = 1.0, s_noise: Amount = 1.0) -> SamplerSocket:
    """Euler's method with fresh noise in every step.

    Args:
        eta: share of the noise that is made anew; 0 is plain Euler.
        s_noise: multiplies the noise.
    """
    return _with(ancestral, "sequential", eta=eta, s_noise=s_noise)


@_sampler("SamplerEulerAncestralCFGPP", title="SamplerEulerAncestralCFG++")
def sampler_euler_ancestral_cfgpp(
    *,
    eta: Float(0.0, 1.0, step=0.01, round=False) = 1.0,
    s_noise: Float(0.0, 10.0, step=0.01, round=False) = 1.0,
) -> SamplerSocket:
    """Euler's method with fresh noise, guided by CFG++.

    Args:
        eta: share of the noise that is made anew.
        s_noise: multiplies the noise.
    """
    made = _with(euler_ancestral_cfg_pp, "sequential", eta=eta, s_noise=s_noise)
    return replace(made, both_sides=True)


@node("SamplerEulerCFGpp", category="_for_testing", title="SamplerEulerCFG++", lane="host")
def sampler_euler_cfgpp(*, version: Choice(("regular", "alternative"))) -> SamplerSocket:
    """Euler's method, guided by CFG++.

    Args:
        version: regular goes to the guided picture and adds the unguided noise back;
            alternative goes to the unguided one and adds the guided noise.
    """
    step = euler_cfg_pp if version == "regular" else euler_toward_uncond
    return Sampler(step, both_sides=True, name=f"euler_cfg_pp {version}")


@_sampler("SamplerLCMUpscale")
def sampler_lcm_upscale(
    *,
    scale_ratio: Float(0.1, 20.0, step=0.01) = 1.0,
    scale_steps: Int(-1, 1000, step=1) = -1,
    upscale_method: Choice(("bislerp", "nearest-exact", "bilinear", "area", "bicubic")),
) -> SamplerSocket:
    """Consistency sampling (LCM) of a latent that grows from step to step.

    Areas, masks and controls are laid out anew for every size; areas in pixels stay as they are.
    A latent with a noise mask is refused.

    Args:
        scale_ratio: sides of the result, against those of the latent that is given.
        scale_steps: steps in which it grows, from the first on; -1 is all but the last.
        upscale_method: how to interpolate.
    """
    growth = Growth(scale_ratio, scale_steps)
    return growing_lcm(growth, partial(resize, method=upscale_method), upscale_method)


@_sampler("SamplerLMS")
def sampler_lms(*, order: Int(1, 100) = 4) -> SamplerSocket:
    """Linear multistep: extrapolate from several steps.

    Args:
        order: steps to look back on.
    """
    return _with(lms, order=order)


@_sampler("SamplerDPMPP_2S_Ancestral")
def sampler_dpmpp_2s(*, eta: Amount = 1.0, s_noise: Amount = 1.0) -> SamplerSocket:
    """DPM-Solver++ with two stages and fresh noise in every step.

    Args:
        eta: share of the noise that is made anew.
        s_noise: multiplies the noise.
    """
    return _with(dpmpp_2s_ancestral, "sequential", eta=eta, s_noise=s_noise)


@_sampler("SamplerDPMPP_SDE")
def sampler_dpmpp_sde(
    *, eta: Amount = 1.0, s_noise: Amount = 1.0, r: Amount = 0.5, noise_device: NoiseDevice
) -> SamplerSocket:
    """DPM-Solver++ for the stochastic equation, two stages.

    Args:
        eta: strength of the noise.
        s_noise: multiplies the noise.
        r: where in the step the second stage is; more than 0.
        noise_device: where the noise is drawn; gpu is faster, cpu the same everywhere.
    """
    return _with(dpmpp_sde, _brownian(noise_device), eta=eta, s_noise=s_noise, r=max(r, 0.01))


@_sampler("SamplerDPMPP_2M_SDE")
def sampler_dpmpp_2m_sde(
    *,
    solver_type: Choice(("midpoint", "heun")),
    eta: Amount = 1.0,
    s_noise: Amount = 1.0,
    noise_device: NoiseDevice,
) -> SamplerSocket:
    """DPM-Solver++ for the stochastic equation, looking back one step.

    Args:
        solver_type: how the last step's change is weighed.
        eta: strength of the noise; 0 is the plain solver.
        s_noise: multiplies the noise.
        noise_device: where the noise is drawn; gpu is faster, cpu the same everywhere.
    """
    step = dpmpp_2m_sde if solver_type == "midpoint" else dpmpp_2m_sde_heun
    return _with(step, _brownian(noise_device), eta=eta, s_noise=s_noise)


@_sampler("SamplerDPMPP_3M_SDE")
def sampler_dpmpp_3m_sde(
    *, eta: Amount = 1.0, s_noise: Amount = 1.0, noise_device: NoiseDevice
) -> SamplerSocket:
    """DPM-Solver++ for the stochastic equation, looking back two steps.

    Args:
        eta: strength of the noise; 0 is the plain solver.
        s_noise: multiplies the noise.
        noise_device: where the noise is drawn; gpu is faster, cpu the same everywhere.
    """
    return _with(dpmpp_3m_sde, _brownian(noise_device), eta=eta, s_noise=s_noise)


@_sampler("SamplerDPMAdaptative")
def sampler_dpm_adaptive(
    *,
    order: Int(2, 3) = 3,
    rtol: Amount = 0.05,
    atol: Amount = 0.0078,
    h_init: Amount = 0.05,
    pcoeff: Amount = 0.0,
    icoeff: Amount = 1.0,
    dcoeff: Amount = 0.0,
    accept_safety: Amount = 0.81,
    eta: Amount = 0.0,
    s_noise: Amount = 1.0,
) -> SamplerSocket:
    """DPM-Solver that chooses its steps itself, by the error it sees.

    Args:
        order: of the solution.
        rtol: relative error to tolerate.
        atol: absolute error to tolerate; more than 0.
        h_init: length of the first step, in log sigma.
        pcoeff: proportional part of the step control.
        icoeff: integral part.
        dcoeff: derivative part.
        accept_safety: how sure to be of a step.
        eta: share of the noise that is made anew in every accepted step.
        s_noise: multiplies that noise.
    """
    made = DpmAdaptive(
        order, max(rtol, 1e-6), max(atol, 1e-6), max(h_init, 1e-4), pcoeff, icoeff, dcoeff
    )
    return replace(made, safety=accept_safety, eta=eta, s_noise=s_noise).sampler()


@_sampler("SamplerER_SDE")
def sampler_er_sde(
    *,
    solver_type: Choice(("ER-SDE", "Reverse-time SDE", "ODE")),
    max_stage: Int(1, 3) = 3,
    eta: Amount = 1.0,
    s_noise: Amount = 1.0,
) -> SamplerSocket:
    """Solver of the extended reverse-time equation.

    Args:
        solver_type: which noise is added on the way; ODE adds none.
        max_stage: order.
        eta: strength of the noise of Reverse-time SDE.
        s_noise: multiplies the noise.
    """
    power = {"ER-SDE": None, "Reverse-time SDE": 1 + eta}.get(solver_type, 1.0)
    scale = None if power is None else partial(_power, power)
    return _with(er_sde, "sequential", scale_of=scale, stages=max_stage, s_noise=s_noise)


@_sampler("SamplerSASolver")
def sampler_sa_solver(
    *,
    model: Model,
    eta: Float(0.0, 10.0, step=0.01, round=False) = 1.0,
    sde_start_percent: Float(0.0, 1.0, step=0.001) = 0.2,
    sde_end_percent: Float(0.0, 1.0, step=0.001) = 0.8,
    s_noise: Amount = 1.0,
    predictor_order: Int(1, 6) = 3,
    corrector_order: Int(0, 6) = 4,
    use_pece: Bool(),
    simple_order_2: Bool(),
) -> SamplerSocket:
    """Stochastic Adams: predict, correct, with noise in a part of the run.

    Args:
        model: knows which noise level belongs to which part of the run.
        eta: strength of the noise.
        sde_start_percent: noise from this part of the run on.
        sde_end_percent: and until this one.
        s_noise: multiplies the noise.
        predictor_order: of the prediction.
        corrector_order: of the correction; 0 leaves it out.
        use_pece: look once more after the correction; twice the work.
        simple_order_2: weigh the second order by half the step, not by its exact integral.
    """
    window = (sde_start_percent, sde_end_percent)
    made = SaSolver(use_pece, eta, *window, s_noise, predictor_order, corrector_order)
    return replace(made, simple=simple_order_2).sampler()


def _with(step: object, noise: str = "none", **options: object) -> SamplerSocket:
    name = f"{step.__name__} {sorted((k, str(v)) for k, v in options.items())}"  # type: ignore
    return Sampler(partial(step, **options), noise, name=name)  # type: ignore[arg-type]


def _brownian(device: str) -> str:
    return "brownian_on_device" if device == "gpu" else "brownian"


def _power(power: float, sigma: float) -> float:
    return sigma**power
