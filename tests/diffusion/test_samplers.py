"""Every sampler: against a reference, resumed from every step, and on an exactly solvable flow."""

import copy
import io
import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from engine.diffusion.noise import BrownianNoise, Noise, SequentialNoise
from engine.diffusion.parameterization import Discrete
from engine.diffusion.samplers import SAMPLERS, Sampler, State, advance
from engine.diffusion.samplers.euler import split_ancestral
from engine.diffusion.samplers.linear_multistep import lagrange_integrals
from engine.diffusion.schedules import karras, sigmas_for
from tests.diffusion.k_diffusion_reference import load_k_diffusion

BOUND = 1e-5
SEED = 123
#: Each algorithm once: names that differ only in where noise is drawn compute the same here.
ALGORITHMS = [name for name in SAMPLERS if not name.endswith("_gpu")]


def denoise(x: Tensor, sigma: float | Tensor) -> Tensor:
    """A smooth, nonlinear model that depends on the noise level."""
    sigma = sigma.flatten()[0].item() if isinstance(sigma, Tensor) else sigma
    return torch.tanh(x / math.sqrt(sigma**2 + 1)) * 0.8 + 0.1 * torch.sin(x.roll(1, -1))


def start(sigma: float) -> Tensor:
    return torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(7)) * sigma


def noise_for(sampler: Sampler, x: Tensor, sigmas: Tensor) -> Noise | None:
    if sampler.noise == "none":
        return None
    if sampler.noise == "sequential":
        return SequentialNoise(x, SEED)
    return BrownianNoise(x, sigmas, SEED)


def run(name: str, sigmas: Tensor, model: Callable = denoise, x: Tensor | None = None) -> Tensor:
    sampler, levels = fitted(name, sigmas)
    state = State(start(sigmas[0].item()) if x is None else x)
    noise = noise_for(sampler, state.x, sigmas)
    while not sampler.is_done(state, levels):
        state, _ = advance(sampler, state, levels, model, noise)
    return state.x


def fitted(name: str, sigmas: Tensor) -> tuple[Sampler, list[float]]:
    sampler, levels = SAMPLERS[name], sigmas.tolist()
    return sampler.fit(Discrete(), levels) if sampler.fit else (sampler, levels)


def relative_error(ours: Tensor, theirs: Tensor) -> float:
    error = ((ours - theirs).abs().max() / theirs.abs().max()).item()
    print(f"max relative error {error:.1e}")
    return error


K_DIFFUSION = {
    "euler": ("sample_euler", {}),
    "euler_ancestral": ("sample_euler_ancestral", {}),
    "heun": ("sample_heun", {}),
    "dpm_2": ("sample_dpm_2", {}),
    "dpm_2_ancestral": ("sample_dpm_2_ancestral", {}),
    "lms": ("sample_lms", {}),
    "dpmpp_2s_ancestral": ("sample_dpmpp_2s_ancestral", {}),
    "dpmpp_sde": ("sample_dpmpp_sde", {}),
    "dpmpp_2m": ("sample_dpmpp_2m", {}),
    "dpmpp_2m_sde": ("sample_dpmpp_2m_sde", {"solver_type": "midpoint"}),
    "dpmpp_2m_sde_heun": ("sample_dpmpp_2m_sde", {"solver_type": "heun"}),
    "dpmpp_3m_sde": ("sample_dpmpp_3m_sde", {}),
    "ddim": ("sample_euler", {}),
    # With one side only, CFG++ is what it is named after.
    "euler_cfg_pp": ("sample_euler", {}),
    "euler_ancestral_cfg_pp": ("sample_euler_ancestral", {}),
    "dpmpp_2s_ancestral_cfg_pp": ("sample_dpmpp_2s_ancestral", {}),
    "dpmpp_2m_cfg_pp": ("sample_dpmpp_2m", {}),
}


@pytest.mark.filterwarnings("ignore:Should have")
@pytest.mark.parametrize("name", K_DIFFUSION)
def test_equals_k_diffusion(name: str) -> None:
    """Ten Karras steps with the same noise; without the last level where k-diffusion's own
    linear multistep would divide by zero."""
    k = load_k_diffusion()
    sigmas = karras(Discrete(), 10)
    sigmas = sigmas[:-1] if name == "lms" else sigmas
    x = start(sigmas[0].item())
    function, options = K_DIFFUSION[name]
    options = dict(options)
    if SAMPLERS[name].noise == "sequential":
        generator = torch.Generator().manual_seed(SEED)
        options["noise_sampler"] = lambda a, b: torch.randn(x.shape, generator=generator)
    elif SAMPLERS[name].noise == "brownian":
        low, high = sigmas[sigmas > 0].min(), sigmas.max()
        options["noise_sampler"] = k.BrownianTreeNoiseSampler(x, low, high, SEED)
    reference = getattr(k, function)(denoise, x.clone(), sigmas, disable=True, **options)
    assert relative_error(run(name, sigmas), reference) < BOUND


@pytest.mark.filterwarnings("ignore:Should have")
@pytest.mark.parametrize("steps", [3, 4, 5, 12])
def test_dpm_fast_equals_k_diffusion(steps: int) -> None:
    """As many evaluations as the schedule has steps, down to its last positive level."""
    k, sigmas = load_k_diffusion(), karras(Discrete(), steps)
    x, ends = start(sigmas[0].item()), (sigmas[-2].item(), sigmas[0].item())
    reference = k.sample_dpm_fast(denoise, x.clone(), *ends, steps, disable=True)
    assert relative_error(run("dpm_fast", sigmas), reference) < BOUND


@pytest.mark.filterwarnings("ignore:Should have")
def test_dpm_adaptive_equals_k_diffusion() -> None:
    """The same attempts, accepted and refused alike."""
    k, sigmas = load_k_diffusion(), karras(Discrete(), 10)
    x, ends = start(sigmas[0].item()), (sigmas[-2].item(), sigmas[0].item())
    reference, info = k.sample_dpm_adaptive(
        denoise, x.clone(), *ends, disable=True, return_info=True
    )
    sampler, levels = fitted("dpm_adaptive", sigmas)
    state = State(x)
    while not sampler.is_done(state, levels):
        state, _ = advance(sampler, state, levels, denoise)
    assert state.step == info["steps"] >= 10
    assert sampler.progress(state, levels) == (100, 100)
    assert relative_error(state.x, reference) < BOUND


@pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")
@pytest.mark.parametrize(("name", "kind"), [("uni_pc", "bh1"), ("uni_pc_bh2", "bh2")])
@pytest.mark.parametrize("steps", [2, 3, 10])
def test_unipc_equals_diffusers(name: str, kind: str, steps: int) -> None:
    """The same levels, given to diffusers' scheduler in its variance preserving coordinates."""
    diffusers = pytest.importorskip("diffusers")
    sigmas = karras(Discrete(), steps)
    theirs = diffusers.UniPCMultistepScheduler(
        solver_order=max(1, min(3, steps - 1)),
        solver_type=kind,
        prediction_type="sample",
        lower_order_final=True,
    )
    theirs.set_timesteps(steps)
    theirs.sigmas = torch.cat([sigmas[:-1], torch.tensor([0.001])])
    x = start(sigmas[0].item()) / (sigmas[0] ** 2 + 1).sqrt()
    for t, sigma in zip(theirs.timesteps, sigmas[:-1], strict=True):
        out = denoise(x * (sigma**2 + 1).sqrt(), sigma)
        x = theirs.step(out, t, x).prev_sample
    assert relative_error(run(name, sigmas), x * math.sqrt(1 + 0.001**2)) < BOUND


def test_lcm_jumps_and_adds_noise() -> None:
    """Algorithm 3 of the paper, written out for two steps."""
    sigmas = torch.tensor([10.0, 2.0, 0.0])
    x = start(10.0)
    clean = denoise(x, 10.0)
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(SEED))
    assert torch.allclose(run("lcm", sigmas), denoise(clean + 2.0 * noise, 2.0))


def test_ddpm_is_the_posterior_of_the_forward_process() -> None:
    """Equation 7 of Ho et al. 2020 in its own coordinates, for one step."""
    sigmas = torch.tensor([3.0, 1.5], dtype=torch.float64)
    x = start(3.0).double()
    a, b = (1 / (1 + s**2) for s in sigmas)  # alpha bar now and after the step
    alpha = a / b
    x0, xt = denoise(x, 3.0), x * a.sqrt()
    mean = (b.sqrt() * (1 - alpha) * x0 + alpha.sqrt() * (1 - b) * xt) / (1 - a)
    generator = torch.Generator().manual_seed(SEED)
    noise = torch.randn(x.shape, generator=generator, dtype=torch.float64)
    expected = (mean + ((1 - b) / (1 - a) * (1 - alpha)).sqrt() * noise) / b.sqrt()
    assert relative_error(run("ddpm", sigmas, x=x), expected) < BOUND


@pytest.mark.parametrize("name", SAMPLERS)
def test_resumes_bit_exactly_from_every_step(name: str) -> None:
    """A state from disk and new objects for all else end in the same bits."""
    sigmas = karras(Discrete(), 6)
    sampler, levels = fitted(name, sigmas)
    whole = run(name, sigmas)
    state = State(start(sigmas[0].item()))
    noise = noise_for(sampler, state.x, sigmas)
    while not sampler.is_done(state, levels):
        state, _ = advance(sampler, state, levels, denoise, noise)
        saved = io.BytesIO()
        torch.save(vars(state), saved)
        saved.seek(0)
        resumed = State(**torch.load(saved))
        fresh = noise_for(sampler, resumed.x, sigmas)
        while not sampler.is_done(resumed, levels):
            resumed, _ = advance(sampler, resumed, levels, denoise, fresh)
        assert torch.equal(resumed.x, whole)


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_step_changes_nothing_it_was_given(name: str) -> None:
    """The same state can be advanced twice, with the same result."""
    sigmas = karras(Discrete(), 4)
    sampler, levels = fitted(name, sigmas)
    state = State(start(sigmas[0].item()))
    noise = noise_for(sampler, state.x, sigmas)
    for _ in range(min(3, len(levels) - 1)):
        before = copy.deepcopy(state)
        first, _ = advance(sampler, state, levels, denoise, noise)
        second, _ = advance(sampler, state, levels, denoise, noise)
        assert torch.equal(first.x, second.x)
        assert torch.equal(before.x, state.x)
        state = first


def gaussian(x: Tensor, sigma: float) -> Tensor:
    """The ideal denoiser of data with standard deviation 0.5; its flow is x ~ sqrt(s^2 + 1/4)."""
    return x * 0.25 / (sigma**2 + 0.25)


#: How much smaller the error gets when steps are doubled: 2^order, with room below.
ORDERS = {
    "euler": 1.8,
    "ddim": 1.8,
    "heun": 3.3,
    "dpm_2": 3.3,
    "lms": 6.0,
    "dpmpp_2m": 3.3,
    "heunpp2": 1.8,  # its weights are those of no consistent rule of higher order
    "dpmpp_2m_cfg_pp": 3.3,
    "euler_cfg_pp": 1.8,
    "ipndm_v": 6.0,
    "deis": 6.0,
    "res_multistep": 3.3,
    "res_multistep_cfg_pp": 3.3,
    "gradient_estimation": 1.8,
    "exp_heun_2_x0": 3.3,
    "uni_pc": 3.3,  # its last steps are of lower order
    "uni_pc_bh2": 3.3,
}


@pytest.mark.parametrize("name", ORDERS)
def test_converges_to_the_exact_flow_at_its_order(name: str) -> None:
    """Halving the steps of a deterministic sampler shrinks its error as its order says."""
    errors = []
    for steps in (40, 80):
        sigmas = torch.logspace(1, -1, steps + 1, dtype=torch.float64)
        x = torch.ones(1, 1, 1, 1, dtype=torch.float64) * 10
        exact = 10 * math.sqrt((0.1**2 + 0.25) / (10**2 + 0.25))
        errors.append(abs(run(name, sigmas, gaussian, x).item() - exact))
    print(f"error falls by {errors[0] / errors[1]:.2f}")
    assert errors[0] / errors[1] > ORDERS[name]


#: LCM is not among them: the ideal denoiser is no consistency model.
STOCHASTIC = [n for n in ALGORITHMS if SAMPLERS[n].noise != "none" and n != "lcm"]


@pytest.mark.parametrize("name", STOCHASTIC)
def test_stochastic_samplers_keep_the_distribution(name: str) -> None:
    """From noise, the ideal denoiser must give data of standard deviation 0.5."""
    sigmas = karras(Discrete(), 40)
    x = torch.randn(1, 1, 100, 100, generator=torch.Generator().manual_seed(1)) * sigmas[0]
    result = run(name, sigmas, gaussian, x)
    assert result.std().item() == pytest.approx(0.5, rel=0.1)


#: How often the model is asked in 8 steps, if not once a step.
EVALUATIONS = {
    **dict.fromkeys(["heun", "dpm_2", "dpm_2_ancestral", "dpmpp_2s_ancestral"], 15),
    **dict.fromkeys(["dpmpp_sde", "dpmpp_2s_ancestral_cfg_pp", "seeds_2"], 15),
    **dict.fromkeys(["exp_heun_2_x0", "exp_heun_2_x0_sde", "sa_solver_pece"], 15),
    **{"heunpp2": 21, "seeds_3": 22, "dpm_fast": 8, "dpm_adaptive": 24},
}


@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_run_ends_on_the_clean_latent_and_costs_what_it_should(name: str) -> None:
    """A model that knows the answer is believed; samplers with stages evaluate more often."""
    answer, calls = torch.full((1, 4, 8, 8), 0.3), []

    def knows(x: Tensor, sigma: float) -> Tensor:
        calls.append(sigma)
        return answer.clone()

    sigmas = sigmas_for(Discrete(), "normal", 8)
    result = run(name, sigmas, knows, torch.randn(1, 4, 8, 8) * sigmas[0])
    # UniPC ends at sigma 0.001; the first DPM-Solvers end at the last positive level.
    left = 5 * sigmas[-2] if name.startswith("dpm_") and name in EVALUATIONS else 0.02
    assert (result - answer).abs().max() < left
    assert len(calls) == EVALUATIONS.get(name, 8)


def test_ancestral_split_keeps_the_variance() -> None:
    """down^2 + up^2 = next^2; eta 0 adds no noise."""
    down, up = split_ancestral(3.0, 2.0)
    assert down**2 + up**2 == pytest.approx(4.0)
    assert split_ancestral(3.0, 2.0, eta=0.0) == (2.0, 0.0)


def test_multistep_weights_integrate_polynomials_exactly() -> None:
    """Three nodes are exact for a parabola."""
    nodes = [2.0, 3.0, 5.0]
    weights = lagrange_integrals(nodes, 2.0, 1.0)
    assert sum(w * n**2 for w, n in zip(weights, nodes, strict=True)) == pytest.approx((1 - 8) / 3)
