"""Schedules by the costs of steps: the dynamic programming, the measure, and what they give."""

import itertools
import math

import numpy as np
import pytest
import torch

from engine.diffusion.parameterization import Discrete
from engine.diffusion.trajectories import cheapest, costs, gits
from tools.measure_trajectories import costs as measured

TABLE = Discrete()


@pytest.mark.parametrize("coefficient", [0.8, 1.0, 1.2, 1.5])
@pytest.mark.parametrize("steps", range(1, 8))
def test_the_way_found_is_the_cheapest_of_all(steps: int, coefficient: float) -> None:
    """Every way through eight points is tried, its cost summed as the paper writes it."""
    matrix = np.triu(np.random.default_rng(steps).random((8, 8)), 1)
    matrix[np.tril_indices(8)] = math.inf

    def cost(way: tuple[int, ...]) -> float:
        pairs = enumerate(itertools.pairwise(way))
        return float(sum(coefficient**k * matrix[i, j] for k, (i, j) in pairs))

    between = itertools.combinations(range(1, 7), steps - 1)
    best = min(((0, *middle, 7) for middle in between), key=cost)
    assert tuple(cheapest(matrix, steps, coefficient)) == best


def test_a_step_costs_how_much_farther_than_the_teacher_it_lands_from_the_line() -> None:
    """The distance from a line by its other formula: a parallelogram's area over its base."""
    g = torch.Generator().manual_seed(1)
    points = torch.randn(5, 3, 2, 4, 4, generator=g, dtype=torch.float64)
    slopes = torch.randn(4, 3, 2, 4, 4, generator=g, dtype=torch.float64)
    sigmas = torch.tensor([8.0, 5.0, 3.0, 1.0, 0.5], dtype=torch.float64)
    found = measured(sigmas, points, slopes).numpy()

    def distance(x: torch.Tensor, item: int) -> float:
        a = (x - points[-1])[item].flatten().numpy()
        b = (points[0] - points[-1])[item].flatten().numpy()
        return math.sqrt(a @ a * (b @ b) - (a @ b) ** 2) / math.sqrt(b @ b)

    worst = 0.0
    for i, j in itertools.combinations(range(5), 2):
        landed = points[i] + (sigmas[j] - sigmas[i]) * slopes[i]
        expected = np.mean([distance(landed, n) - distance(points[j], n) for n in range(3)])
        worst = max(worst, abs(found[i, j] - expected))
    assert worst < 1e-12  # 7e-15 measured
    assert not np.tril(found).any()


@pytest.mark.parametrize("coefficient", np.arange(0.8, 1.51, 0.05).round(2).tolist())
def test_schedules_visit_levels_of_the_teacher(coefficient: float) -> None:
    """Strictly descending from the largest level to zero, for every setting of the widget."""
    teacher = TABLE.sigma(torch.linspace(999, 0, 61))
    for steps in range(2, 21):
        sigmas = gits(coefficient, steps)
        assert len(sigmas) == steps + 1 and sigmas.dtype == torch.float32
        assert (sigmas.diff() < 0).all() and sigmas[-1] == 0
        assert sigmas[0].item() == pytest.approx(TABLE.sigma_max, rel=1e-6)
        off = (sigmas[:-1, None] / teacher - 1).abs().min(dim=1).values
        assert off.max() < 1e-5  # 0 measured


def test_a_larger_coefficient_takes_more_steps_at_low_noise() -> None:
    middles = [gits(c, 10)[5].item() for c in (0.8, 1.0, 1.2, 1.5)]
    assert middles == sorted(middles, reverse=True) and len(set(middles)) == 4


def test_all_points_of_the_teacher_and_more() -> None:
    """60 steps are the teacher's own; 120 lie on and halfway between them, in log sigma."""
    teacher = TABLE.sigma(torch.linspace(999, 0, 61))
    assert torch.allclose(gits(1.2, 60)[:-1], teacher[:-1], rtol=1e-5)
    longer = gits(1.2, 120)
    assert torch.allclose(longer[0:120:2], teacher[:-1], rtol=1e-5)
    assert torch.allclose(longer[1:118:2] ** 2, longer[0:117:2] * longer[2:119:2], rtol=1e-4)
    assert len(costs()) == 61


def test_denoise_runs_the_end() -> None:
    assert torch.equal(gits(1.2, 10, 0.5), gits(1.2, 10)[-6:])
    assert len(gits(1.2, 10, 0.0)) == 0
