"""Schedules without a model, and operations on schedules, against their formulas."""

import math

import pytest
import torch

from engine.diffusion import levels
from engine.diffusion.parameterization import Discrete
from engine.diffusion.schedules import exponential, karras
from tests.diffusion.k_diffusion_reference import load_k_diffusion

LOW, HIGH = Discrete().sigma_min, Discrete().sigma_max


def test_equal_k_diffusion() -> None:
    k = load_k_diffusion()
    pairs = [
        (levels.karras(10, HIGH, LOW, 7.0), k.get_sigmas_karras(10, LOW, HIGH, 7.0)),
        (levels.polyexponential(10, HIGH, LOW, 1.0), k.get_sigmas_exponential(10, LOW, HIGH)),
        (
            levels.polyexponential(10, HIGH, LOW, 2.0),
            k.get_sigmas_polyexponential(10, LOW, HIGH, 2),
        ),
        (levels.variance_preserving(10, 19.9, 0.1, 1e-3), k.get_sigmas_vp(10)),
    ]
    for ours, theirs in pairs:
        assert torch.allclose(ours, theirs, rtol=1e-3)  # theirs loses digits at low levels
    assert torch.allclose(levels.karras(10, HIGH, LOW, 7.0), karras(Discrete(), 10), rtol=1e-5)
    assert torch.allclose(
        levels.polyexponential(10, HIGH, LOW, 1.0), exponential(Discrete(), 10), rtol=1e-5
    )


def test_laplace_falls_between_its_ends_around_its_centre() -> None:
    found = levels.laplace(21, HIGH, LOW, 0.0, 0.5)
    assert (found.diff() <= 0).all() and found[0] == pytest.approx(HIGH, rel=1e-5)
    assert found[10] == pytest.approx(1.0, abs=1e-4) and len(found) == 21
    assert found[5] == pytest.approx(math.exp(-0.5 * math.log(0.5 + 1e-5)), rel=1e-5)


def test_turbo_visits_every_hundredth_timestep() -> None:
    found = levels.turbo(Discrete(), 4, 1.0)
    assert torch.allclose(found[:-1], Discrete().sigmas[[999, 899, 799, 699]]) and found[-1] == 0
    assert torch.allclose(levels.turbo(Discrete(), 1, 0.5)[0], Discrete().sigmas[499])


def test_aligned_steps_are_the_published_ones_and_their_interpolation() -> None:
    ten = levels.align_your_steps("SDXL", 10, 1.0)
    assert torch.allclose(ten[:-1], torch.tensor(levels.ALIGNED["SDXL"][:-1])) and ten[-1] == 0
    twenty = levels.align_your_steps("SD1", 20, 1.0)
    assert torch.allclose(twenty[0:20:2], torch.tensor(levels.ALIGNED["SD1"][:-1]))
    middle = (twenty[0] * twenty[2]).sqrt()
    assert torch.allclose(twenty[1], middle)
    assert len(levels.align_your_steps("SD1", 10, 0.5)) == 6
    assert len(levels.align_your_steps("SD1", 10, 0.0)) == 0


def test_schedules_are_cut_turned_and_changed() -> None:
    sigmas = torch.tensor([8.0, 4.0, 2.0, 1.0, 0.0])
    high, low = levels.split(sigmas, 1)
    assert (high.tolist(), low.tolist()) == ([8.0, 4.0], [4.0, 2.0, 1.0, 0.0])
    high, low = levels.split_denoise(sigmas, 0.5)
    assert (high.tolist(), low.tolist()) == ([8.0, 4.0, 2.0], [2.0, 1.0, 0.0])
    assert levels.split_denoise(sigmas, 1.0)[1].tolist() == sigmas.tolist()
    turned = [pytest.approx(v) for v in (0.0001, 1.0, 2.0, 4.0, 8.0)]
    assert levels.flipped(sigmas).tolist() == turned
    assert levels.with_first(sigmas, 9.0).tolist() == [9.0, 4.0, 2.0, 1.0, 0.0]
    assert sigmas.tolist() == [8.0, 4.0, 2.0, 1.0, 0.0]
    assert levels.flipped(sigmas[:0]).tolist() == []


@pytest.mark.parametrize("spacing", ["linear", "cosine", "sine"])
def test_steps_between_two_levels_are_cut_into_smaller_ones(spacing: str) -> None:
    sigmas = torch.tensor([16.0, 8.0, 4.0, 0.0])
    found = levels.extended(sigmas, 2, 8.0, 4.0, spacing)
    assert len(found) == 6 and set(sigmas.tolist()) <= set(found.tolist())
    assert (found.diff() < 0).all()
    way = {"linear": 0.5, "cosine": math.sin(math.pi / 4), "sine": 1 - math.cos(math.pi / 4)}
    assert found[2].item() == pytest.approx(8 - 4 * way[spacing])
    assert torch.equal(levels.extended(sigmas, 1, -1, 0, spacing), sigmas)
