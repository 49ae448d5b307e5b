"""Noise levels: the table, the nine schedulers, windows."""

import math

import numpy as np
import pytest
import torch

from engine.diffusion.parameterization import INFINITE_SIGMA, Discrete
from engine.diffusion.schedules import SCHEDULERS, karras, sigmas_for, window
from tests.diffusion.k_diffusion_reference import load_k_diffusion

MODEL = Discrete()
TABLE = MODEL.sigmas


def test_the_table_of_stable_diffusion() -> None:
    """The ends everybody knows, and the whole table written out from DDPM's definition."""
    assert MODEL.sigma_min == pytest.approx(0.0291672, rel=1e-5)
    assert MODEL.sigma_max == pytest.approx(14.614642, rel=1e-6)
    betas = np.linspace(math.sqrt(0.00085), math.sqrt(0.012), 1000) ** 2
    alpha_bar = np.cumprod(1 - betas)
    expected = np.sqrt(1 / alpha_bar - 1)
    assert np.abs(TABLE.numpy() / expected - 1).max() < 1e-6


def test_timesteps_and_sigmas_are_inverse_on_the_table() -> None:
    """Every trained level is found again; between levels it is log-linear, outside clamped."""
    t = torch.arange(1000.0)
    assert torch.equal(MODEL.timestep(TABLE), t)
    assert torch.allclose(MODEL.sigma(t), TABLE, rtol=1e-6)
    middle = MODEL.sigma(torch.tensor(10.5)).item()
    assert middle == pytest.approx(math.sqrt(TABLE[10] * TABLE[11]), rel=1e-6)
    assert MODEL.sigma(torch.tensor(2000.0)).item() == pytest.approx(MODEL.sigma_max)


def test_percents() -> None:
    """0 and below is any level, 1 and above none, the middle the level of timestep 499.5."""
    assert MODEL.percent_to_sigma(0.0) == INFINITE_SIGMA
    assert MODEL.percent_to_sigma(1.0) == 0.0
    expected = math.sqrt(TABLE[499] * TABLE[500])
    assert MODEL.percent_to_sigma(0.5) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("prediction", ["eps", "v"])
def test_a_perfect_prediction_gives_the_clean_latent(prediction: str) -> None:
    """Noise a latent, predict what was added by definition, get the latent back."""
    model = Discrete(prediction=prediction)  # type: ignore[arg-type]
    latent, noise, sigma = torch.randn(2, 4, 8, 8), torch.randn(2, 4, 8, 8), 2.5
    x = model.noised(latent, noise, sigma)
    alpha = 1 / math.sqrt(1 + sigma**2)
    out = noise if prediction == "eps" else alpha * noise - alpha * sigma * latent
    assert torch.allclose(model.denoised(x, out, sigma), latent, atol=1e-5)
    assert torch.allclose(model.scale_input(x, sigma), alpha * (latent + sigma * noise))


def test_from_the_largest_level_on_noise_has_full_variance() -> None:
    """sqrt(1 + sigma^2) at the top, sigma below."""
    noise, zero = torch.ones(1), torch.zeros(1)
    top = MODEL.sigma_max
    assert MODEL.noised(zero, noise, top).item() == pytest.approx(math.sqrt(1 + top**2))
    assert MODEL.noised(zero, noise, 14.0).item() == pytest.approx(14.0)


@pytest.mark.parametrize("steps", [1, 2, 7, 20, 50])
@pytest.mark.parametrize("name", SCHEDULERS)
def test_every_schedule_descends_to_zero(name: str, steps: int) -> None:
    """Float32, strictly descending, from at most the largest level."""
    if name == "kl_optimal" and steps == 1:
        return  # one angle has no two ends
    sigmas = SCHEDULERS[name](MODEL, steps)
    assert sigmas.dtype == torch.float32 and sigmas[-1] == 0
    assert (sigmas[:-1] > sigmas[1:]).all()
    assert sigmas[0] <= MODEL.sigma_max * (1 + 1e-6)
    if name not in ("ddim_uniform", "beta"):
        assert len(sigmas) == steps + 1


def test_equal_to_k_diffusion() -> None:
    """Karras and exponential, at the ends of this model."""
    k = load_k_diffusion()
    ends = (MODEL.sigma_min, MODEL.sigma_max)
    for n in (5, 20):
        ours, theirs = karras(MODEL, n), k.get_sigmas_karras(n, *ends)
        assert torch.allclose(ours, theirs, rtol=1e-5)
        ours, theirs = SCHEDULERS["exponential"](MODEL, n), k.get_sigmas_exponential(n, *ends)
        assert torch.allclose(ours, theirs, rtol=1e-5)


def test_values_written_out_by_hand() -> None:
    """Each formula for few steps, from its definition."""
    t, log = TABLE.tolist(), TABLE.double().log().numpy()

    def between(x: float) -> float:
        return math.exp(np.interp(x, np.arange(1000), log))

    expected = {
        "simple": [t[999], t[749], t[499], t[249]],
        "sgm_uniform": [t[999], *(between(999 * f) for f in (0.75, 0.5, 0.25))],
        "normal": [t[999], t[666], t[333], t[0]],
        "ddim_uniform": [t[751], t[501], t[251], t[1]],
        "kl_optimal": [
            math.tan(math.atan(t[999]) * (1 - f) + math.atan(t[0]) * f)
            for f in (0, 1 / 3, 2 / 3, 1)
        ],
        "linear_quadratic": [t[999] * (1 - f) for f in (0, 0.0125, 0.025, 0.275)],
    }
    for name, values in expected.items():
        found = SCHEDULERS[name](MODEL, 4)[:-1].tolist()
        assert found == pytest.approx(values, rel=2e-5), name


def test_beta_follows_scipys_distribution() -> None:
    """Quantiles of Beta(0.6, 0.6) by another function of scipy."""
    from scipy.stats import beta

    at = np.rint(beta.ppf(1 - np.arange(10) / 10, 0.6, 0.6) * 999).astype(int)
    assert SCHEDULERS["beta"](MODEL, 10)[:-1].tolist() == TABLE[at.tolist()].tolist()


def test_ddim_uniform_may_take_more_steps_than_asked() -> None:
    """30 does not divide 1000: 31 steps, as elsewhere."""
    assert len(SCHEDULERS["ddim_uniform"](MODEL, 30)) == 32


def test_denoise_runs_the_end_of_a_longer_schedule() -> None:
    """Half of the noise in ten steps is the second half of twenty."""
    assert torch.equal(
        sigmas_for(MODEL, "normal", 10, denoise=0.5), sigmas_for(MODEL, "normal", 20)[-11:]
    )
    assert len(sigmas_for(MODEL, "normal", 10, denoise=0.0)) == 0
    assert len(sigmas_for(MODEL, "normal", 10, denoise=1.0)) == 11


def test_the_penultimate_level_is_left_out() -> None:
    """One level more is computed, and the last before zero dropped."""
    longer = sigmas_for(MODEL, "karras", 11)
    short = sigmas_for(MODEL, "karras", 10, skip_penultimate=True)
    assert torch.equal(short, torch.cat([longer[:10], longer[-1:]]))


def test_windows() -> None:
    """Two windows meet; an early end may be forced to zero; an empty window has no steps."""
    sigmas = sigmas_for(MODEL, "normal", 10)
    first, second = window(sigmas, 0, 4), window(sigmas, 4)
    assert torch.equal(torch.cat([first, second[1:]]), sigmas)
    assert window(sigmas, 0, 4, finish=True)[-1] == 0 and sigmas[4] != 0
    assert len(window(sigmas, 10)) == 0
    assert torch.equal(window(sigmas, 0, 10000), sigmas)
