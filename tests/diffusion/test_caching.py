"""Which steps are left out, and what stands in for them, against the rule written out again."""

import itertools
import math

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.diffusion.modifiers.caching import LazyCache
from engine.diffusion.parameterization import Discrete
from engine.diffusion.samplers import SAMPLERS, Seen, State, advance
from engine.diffusion.schedules import sigmas_for

SIGMAS = sigmas_for(Discrete(), "karras", 24).double().tolist()
SPREAD = torch.linspace(0.2, 3.0, 16, dtype=torch.float64).reshape(1, 1, 4, 4)
START = torch.randn(1, 1, 4, 4, generator=torch.Generator().manual_seed(3)).double() * 14.6


def gaussian(x: Tensor, sigma: float) -> Tensor:
    """What a perfect model of independent Gaussians sees."""
    return x * SPREAD**2 / (SPREAD**2 + sigma**2)


def with_cache(cache: LazyCache) -> tuple[Tensor, list[float]]:
    """The end of a run of Euler's method, and the levels at which the model was asked."""
    asked: list[float] = []
    memory: dict[object, object] = {}

    def denoise(x: Tensor, sigma: float) -> Seen:
        def see() -> Seen:
            asked.append(sigma)
            return Seen(gaussian(x, sigma), gaussian(x, sigma) / 2)

        return cache(see, x, sigma, memory)

    state = State(START)
    while state.step < len(SIGMAS) - 1:
        state, _ = advance(SAMPLERS["euler"], state, SIGMAS, denoise)
    return state.x, asked


def written_out(threshold: float, high: float, low: float) -> tuple[np.ndarray, list[float]]:
    """The same in numpy: change of slope is change of input times their last ratio."""
    x, spread = START.numpy().ravel(), SPREAD.numpy().ravel()
    asked: list[float] = []
    slope = asked_at = ratio = seen_at = None
    total = 0.0

    def change(now: np.ndarray, before: np.ndarray) -> float:
        return float(np.abs(now - before).sum() / np.abs(before).sum())

    for sigma, following in itertools.pairwise(SIGMAS):
        scaled = x / math.sqrt(1 + sigma**2)
        if ratio is not None and low <= sigma <= high:
            total += change(scaled, seen_at) * ratio
        if ratio is None or total >= threshold or not low <= sigma <= high:
            new = (x - x * spread**2 / (spread**2 + sigma**2)) / sigma
            if slope is not None:
                ratio = change(new, slope) / change(scaled, asked_at)
            slope, asked_at, total = new, scaled, 0.0
            asked.append(sigma)
        seen_at = scaled
        x = x + slope * (following - sigma)
    return x, asked


@pytest.mark.parametrize("threshold", [0.0, 0.05, 0.2, 1.0])
@pytest.mark.parametrize("span", [(math.inf, 0.0), (5.0, 0.5)])
def test_whole_steps_are_left_out_by_the_rule(threshold: float, span: tuple[float, float]) -> None:
    found, asked = with_cache(LazyCache(threshold, *span))
    expected, expected_asked = written_out(threshold, *span)
    assert asked == expected_asked and len(asked) >= 2
    error = np.abs(found.numpy().ravel() - expected).max() / np.abs(expected).max()
    assert error < 1e-12  # 2e-16 measured
    assert (len(asked) < len(SIGMAS) - 1) == (threshold > 0)


def test_the_more_is_tolerated_the_fewer_steps_are_asked_and_the_larger_the_error() -> None:
    exact, _ = with_cache(LazyCache(0.0, math.inf, 0.0))
    ends = [with_cache(LazyCache(t, math.inf, 0.0)) for t in (0.02, 0.1, 0.5)]
    calls = [len(asked) for _, asked in ends]
    errors = [(x - exact).norm().item() for x, _ in ends]
    assert calls == sorted(calls, reverse=True) and calls[0] > calls[-1]
    assert errors == sorted(errors) and errors[0] > 0
