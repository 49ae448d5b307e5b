"""Noise levels and predictions against the published formulas, written out in float64."""

import math

import pytest
import torch
from torch import Tensor

from engine.diffusion.parameterization import (
    INFINITE_SIGMA,
    ContinuousEDM,
    ContinuousV,
    Discrete,
    RectifiedEDM,
)


def alphas(start: float, end: float) -> list[float]:
    """Ho et al. 2020: products of 1 - beta, with sqrt(beta) at equal distances."""
    kept, found = 1.0, []
    for i in range(1000):
        root = start**0.5 + (end**0.5 - start**0.5) * i / 999
        kept *= 1 - root**2
        found.append(kept)
    return found


def close(ours: Tensor, theirs: list[float], rel: float = 1e-6) -> bool:
    reference = torch.tensor(theirs, dtype=torch.float64)
    return bool(((ours.double() - reference).abs() <= rel * reference.abs()).all())


@pytest.mark.parametrize(("start", "end"), [(0.00085, 0.012), (0.0001, 0.02)])
def test_discrete_levels(start: float, end: float) -> None:
    """The schedules of SD and of the x4 upscaler."""
    expected = [math.sqrt((1 - a) / a) for a in alphas(start, end)]
    assert close(Discrete(start, end).sigmas, expected)


def test_zero_terminal_levels() -> None:
    """Lin et al. 2023, algorithm 1; the first level stays, the last is nearly pure noise."""
    roots = [math.sqrt(a) for a in alphas(0.00085, 0.012)]
    first, last = roots[0], roots[-1]
    kept = [((r - last) * first / (first - last)) ** 2 for r in roots]
    kept[-1] = 4.8973451890853435e-08
    sampling = Discrete(prediction="v", zero_terminal=True)
    assert close(sampling.sigmas, [math.sqrt((1 - a) / a) for a in kept])
    assert sampling.sigma_min == pytest.approx(Discrete().sigma_min, rel=1e-5)
    assert 4000 < sampling.sigma_max < 5000


def test_distilled_levels_are_every_twentieth() -> None:
    """LCM was distilled at timesteps 19, 39, ... 999 (Luo et al. 2023)."""
    few, all_levels = Discrete(prediction="lcm", kept=50), Discrete().sigmas
    assert torch.equal(few.sigmas, all_levels[19::20])
    assert few.timestep(few.sigmas).tolist() == [20.0 * i + 19 for i in range(50)]
    assert torch.allclose(few.sigma(torch.tensor([19.0, 999.0])), all_levels[[19, 999]])


def test_continuous_levels_and_times() -> None:
    """Karras et al. 2022: c_noise = ln(sigma) / 4; Salimans and Ho: the angle."""
    edm, v = ContinuousEDM(), ContinuousV()
    for sampling in (edm, v):
        low, high = math.log(sampling.lowest), math.log(sampling.highest)
        expected = [math.exp(low + (high - low) * i / 999) for i in range(1000)]
        assert close(sampling.sigmas, expected, rel=1e-5)
        middle = sampling.percent_to_sigma(0.25)
        assert middle == pytest.approx(math.exp(low + (high - low) * 0.75))
        assert sampling.percent_to_sigma(0) == INFINITE_SIGMA and sampling.percent_to_sigma(1) == 0
    assert edm.timestep(torch.tensor(7.0)).item() == pytest.approx(0.25 * math.log(7))
    assert v.timestep(torch.tensor(7.0)).item() == pytest.approx(math.atan(7) * 2 / math.pi)


@pytest.mark.parametrize("sampling", [Discrete(), ContinuousEDM(), ContinuousV(), RectifiedEDM()])
def test_times_and_levels_are_inverse(sampling: Discrete) -> None:
    """On every level of the table."""
    sigmas = sampling.sigmas[:990]
    assert torch.allclose(sampling.sigma(sampling.timestep(sigmas)), sigmas, rtol=1e-3)


@pytest.mark.parametrize("sigma", [0.03, 0.7, 14.6])
@pytest.mark.parametrize("data", [1.0, 0.5])
def test_a_perfect_network_gives_the_clean_latent_back(sigma: float, data: float) -> None:
    """The output that each prediction is trained for stands for the latent, in float64."""
    x0, eps = torch.randn(2, 4, 3, 3, dtype=torch.float64).unbind(0)
    x = x0 + sigma * eps
    total = math.sqrt(sigma**2 + data**2)
    v = (data**2 * eps - sigma * x0) / (total * data)  # Salimans and Ho 2022, appendix D
    outputs = {"eps": eps, "v": v, "edm": -v, "x0": x0}
    for prediction, out in outputs.items():
        sampling = Discrete(prediction=prediction, sigma_data=data)  # type: ignore[arg-type]
        assert torch.allclose(sampling.denoised(x, out, sigma), x0, atol=1e-10), prediction
        assert torch.allclose(sampling.scale_input(x, sigma), x / total)
    image = Discrete(prediction="image")
    assert image.scale_input(x, sigma) is x and image.denoised(x, x0, sigma) is x0
    path = RectifiedEDM()
    assert torch.allclose(path.denoised(x, eps - x0, sigma), x0, atol=1e-10)
    assert torch.allclose(path.scale_input(x, sigma), (x0 + sigma * eps) / (1 + sigma))


def test_a_distilled_model_keeps_what_has_no_noise() -> None:
    """c_skip and c_out of Song et al. 2023 at ten times the timestep, data 0.5."""
    sampling = Discrete(prediction="lcm", kept=50)
    x, out, sigma = torch.ones(1), torch.full((1,), 0.5), sampling.sigma_min
    t = 190.0
    expected = (1 - 0.5 * sigma) * t / math.sqrt(t**2 + 0.25) + 0.25 / (t**2 + 0.25)
    assert sampling.denoised(x, out, sigma).item() == pytest.approx(expected)


def test_runs_from_pure_noise_start_with_its_variance() -> None:
    """From the largest level on, noise has the variance of signal and noise together."""
    sampling = ContinuousEDM(highest=80.0)
    zero, one = torch.zeros(1), torch.ones(1)
    assert sampling.noised(zero, one, sampling.sigma_max).item() == pytest.approx(
        math.sqrt(1 + sampling.sigma_max**2)
    )
    assert sampling.noised(zero, one, 5.0).item() == 5.0
