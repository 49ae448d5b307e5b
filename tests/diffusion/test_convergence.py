"""Every sampler under every scheduler, against an exact solution; and the table in the docs.

The model is the ideal denoiser of a Gaussian mixture (``mixture.py``). Deterministic samplers are
compared with the exact flow point by point, stochastic ones with the exact distribution by the
Kolmogorov-Smirnov distance, whose 99 % quantile for 10,000 independent points is 0.016.
"""

import math
import re
from pathlib import Path

import pytest
import torch
from torch import Tensor

from engine.diffusion.parameterization import Discrete
from engine.diffusion.samplers import SAMPLERS, State, advance
from engine.diffusion.schedules import SCHEDULERS, sigmas_for
from tests.diffusion.k_diffusion_reference import load_k_diffusion
from tests.diffusion.mixture import denoise, flow, quantile
from tests.diffusion.test_samplers import (
    ALGORITHMS,
    BOUND,
    K_DIFFUSION,
    SEED,
    fitted,
    noise_for,
    relative_error,
    start,
)
from tests.diffusion.test_samplers import denoise as smooth
from tests.diffusion.test_samplers import run as run_smooth

DOCS = Path(__file__).parents[2] / "docs" / "samplers.md"
ROW = re.compile(r"\| `(\w+)` \| ([\w.]+) \| ([\w.]+) \| (yes|no) \|")
#: Name to order, evaluations a step, and whether it is stochastic, as documented.
TABLE = {m[1]: (m[2], m[3], m[4] == "yes") for m in ROW.finditer(DOCS.read_text("utf-8"))}
DETERMINISTIC = [n for n, (_, _, stochastic) in TABLE.items() if not stochastic]
STOCHASTIC = [n for n in ALGORITHMS if n in TABLE and TABLE[n][2]]
MODEL = Discrete()
#: Steps of a run; those of ``linear_quadratic`` are long at the end, so that it needs more.
STEPS = {"linear_quadratic": 160}
#: Largest error of a deterministic sampler, of points that end within -2.8 to 3.3. Measured:
#: 0.076, and 0.33 under ``linear_quadratic``, whose last step before zero is the longest.
FLOW_BOUND = 0.09
LONG_END_BOUND = 0.4
#: Distance between distributions. Measured: 0.033.
KS_BOUND = 0.04
#: Where it is larger. The ideal denoiser is no consistency model, so LCM ends elsewhere; and
#: multistep rules extrapolate over the last, longest step in log sigma of these schedules.
KS_BOUNDS = {
    ("dpmpp_3m_sde", "ddim_uniform"): 0.08,
    ("dpmpp_3m_sde", "normal"): 0.13,
    ("dpmpp_2m_sde_heun", "normal"): 0.06,
    ("res_multistep_ancestral", "normal"): 0.06,
    ("res_multistep_ancestral_cfg_pp", "normal"): 0.06,
    **{(name, "linear_quadratic"): 0.08 for name in ("euler_ancestral", "ddpm")},
    **{(name, "linear_quadratic"): 0.08 for name in ("euler_ancestral_cfg_pp", "dpm_2_ancestral")},
    **{("lcm", scheduler): 0.13 for scheduler in SCHEDULERS},
}
#: k-diffusion integrates the weights of ``lms`` numerically, to 1e-4 (measured: 1.4e-5), and
#: ``dpmpp_sde`` asks the Brownian path at levels between steps, which k-diffusion rounds to
#: float32; a path moves by the root of such a difference (measured: 4.3e-4).
K_BOUNDS = {"lms": 1e-4, "dpmpp_sde": 1e-3}


def run(name: str, sigmas: Tensor, x: Tensor) -> tuple[Tensor, int]:
    """The end of a run, float64, and how often the model was asked."""
    calls: list[float] = []

    def counted(x: Tensor, sigma: float) -> Tensor:
        calls.append(sigma)
        return denoise(x, sigma)

    sampler, levels = fitted(name, sigmas)
    state, noise = State(x), noise_for(sampler, x, sigmas)
    while not sampler.is_done(state, levels):
        state, _ = advance(sampler, state, levels, counted, noise)
    return state.x, len(calls)


def schedule(name: str, sampler: str) -> Tensor:
    skip = SAMPLERS[sampler].skip_penultimate
    return sigmas_for(MODEL, name, STEPS.get(name, 40), skip_penultimate=skip)


def test_the_documented_samplers_are_all_there_are() -> None:
    """In the order in which clients show them, and told apart by the noise that they draw."""
    assert list(TABLE) == list(SAMPLERS)
    sigmas = torch.logspace(1, -1, 9)
    for name, (_, _, stochastic) in TABLE.items():
        assert (fitted(name, sigmas)[0].noise != "none") is stochastic, name


@pytest.mark.parametrize("name", [n for n in DETERMINISTIC if TABLE[n][0] != "adaptive"])
def test_converges_at_the_documented_order(name: str) -> None:
    """Halved steps shrink the error by 2^order, from 192 to 384 steps between sigma 10 and 0.1."""
    x = torch.linspace(-12, 12, 7, dtype=torch.float64).reshape(1, 1, 1, 7)
    exact, errors = flow(x, 10.0, 0.1), []
    for steps in (192, 384):
        sigmas = torch.logspace(1, -1, steps + 1, dtype=torch.float64)
        found, calls = run(name, sigmas, x)
        errors.append((found - exact).abs().max().item())
    order = math.log2(errors[0] / errors[1])
    print(f"{name}: order {order:.3f}, {calls / 384:.2f} evaluations a step")
    assert order == pytest.approx(float(TABLE[name][0]), abs=0.06)


@pytest.mark.parametrize("name", [n for n in TABLE if TABLE[n][1] != "adaptive"])
def test_a_step_costs_the_documented_evaluations(name: str) -> None:
    """In the long run; first and last steps may cost less."""
    x = torch.ones(1, 1, 2, 2)
    _, calls = run(name, torch.logspace(1, -1, 97), x)
    assert round(calls / 96) == int(TABLE[name][1])


@pytest.mark.parametrize("scheduler", SCHEDULERS)
@pytest.mark.parametrize("name", DETERMINISTIC)
def test_follows_the_exact_flow_under_every_schedule(name: str, scheduler: str) -> None:
    """40 steps from the largest level of Stable Diffusion to the clean data."""
    sigmas = schedule(scheduler, name)
    x = torch.linspace(-30, 30, 9, dtype=torch.float64).reshape(1, 1, 1, 9)
    found, _ = run(name, sigmas, x)
    error = (found - flow(x, sigmas[0].item(), 0.0)).abs().max().item()
    print(f"{name} {scheduler}: {error:.1e}")
    assert error < (LONG_END_BOUND if scheduler == "linear_quadratic" else FLOW_BOUND)


@pytest.mark.parametrize("scheduler", SCHEDULERS)
@pytest.mark.parametrize("name", STOCHASTIC)
def test_ends_in_the_exact_distribution_under_every_schedule(name: str, scheduler: str) -> None:
    """From 10,000 points of pure noise."""
    sigmas = schedule(scheduler, name)
    x = torch.randn(1, 1, 100, 100, generator=torch.Generator().manual_seed(1))
    found, _ = run(name, sigmas, x.double() * sigmas[0].item())
    below = quantile(found.flatten().double().sort().values, 0.0)
    even = (torch.arange(len(below)) + 0.5) / len(below)
    distance = (below - even).abs().max().item()
    print(f"{name} {scheduler}: {distance:.3f}")
    assert distance < KS_BOUNDS.get((name, scheduler), KS_BOUND)


@pytest.mark.filterwarnings("ignore:Should have")
@pytest.mark.parametrize("scheduler", SCHEDULERS)
@pytest.mark.parametrize("name", K_DIFFUSION)
def test_equals_k_diffusion_under_every_schedule(name: str, scheduler: str) -> None:
    """Seven steps with the same noise; without the last level where its ``lms`` divides by 0."""
    k = load_k_diffusion()
    sigmas = sigmas_for(MODEL, scheduler, 7)
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
    reference = getattr(k, function)(smooth, x.clone(), sigmas, disable=True, **options)
    assert relative_error(run_smooth(name, sigmas), reference) < K_BOUNDS.get(name, BOUND)
