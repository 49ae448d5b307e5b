"""UniPC (Zhao et al. 2023): a predictor and a corrector of one family, one evaluation a step.

In t = -log sigma with a model that predicts the clean latent. The evaluation that a step
begins with first corrects where the step before has led, and then predicts onwards.

Invariant: ``history`` is (corrected latent of the step before, then its D, then older Ds).
"""

import math
from collections.abc import Sequence

import numpy as np
from torch import Tensor

from .state import State, Step

MAX_ORDER = 3
#: Stands for a final sigma of 0, where t is infinite.
SIGMA_END = 0.001


def uni_pc(s: Step) -> State:
    """UniPC with B(h) = h ("bh1")."""
    return _step(s, bh2=False)


def uni_pc_bh2(s: Step) -> State:
    """UniPC with B(h) = e^h - 1 ("bh2")."""
    return _step(s, bh2=True)


def _step(s: Step, bh2: bool) -> State:
    denoised, older = s.denoised, s.history[1:]
    x = s.x
    if s.history:
        order = _order(s, s.i - 1)
        x = update(s.history[0], [*older[:order]], _ts(s, s.i - 1, order), bh2, denoised)
    known = [denoised, *older]
    order = _order(s, s.i)
    following = update(x, known[:order], _ts(s, s.i, order), bh2)
    return s.to(following, x, *known[:MAX_ORDER])


def update(
    x: Tensor,
    known: Sequence[Tensor],
    ts: Sequence[float],
    bh2: bool,
    arrived: Tensor | None = None,
) -> Tensor:
    """Predict (UniP) or correct (UniC) one step (Zhao et al. 2023, algorithms 5 to 8).

    Args:
        x: latent at the beginning of the step.
        known: clean latents at the beginning and before, newest first.
        ts: t at the end of the step, at its beginning, and before, like ``known``.
        bh2: which B(h).
        arrived: the clean latent at the predicted end; with it, correct.
    """
    h = ts[0] - ts[1]
    growth = math.expm1(-h)
    scale = growth if bh2 else -h
    r = [(t - ts[1]) / h for t in ts[2:]]
    terms = [(m - known[0]) / rk for m, rk in zip(known[1:], r, strict=True)]
    if arrived is not None:
        r, terms = [*r, 1.0], [*terms, arrived - known[0]]
    x = x * math.exp(-h) - known[0] * growth
    for weight, term in zip(_weights(r, h, growth, scale), terms, strict=True):
        x = x - term * (scale * weight)
    return x


def _weights(r: list[float], h: float, growth: float, scale: float) -> list[float]:
    """Solve for the weights that make the step exact for polynomials (equation 9).

    A single unknown is 1/2 by definition, as in the authors' code: exact up to B(h).
    """
    if not r:
        return []
    if len(r) == 1:
        return [0.5]
    rows, right, phi = [], [], growth / -h - 1
    for k in range(1, len(r) + 1):
        rows.append([rk ** (k - 1) for rk in r])
        right.append(phi * math.factorial(k) / scale)
        phi = phi / -h - 1 / math.factorial(k + 1)
    return np.linalg.solve(np.array(rows), np.array(right)).tolist()


def _order(s: Step, i: int) -> int:
    """Order of step ``i``: as many points as are known, falling again towards the end."""
    steps = len(s.sigmas) - 1
    return max(1, min(MAX_ORDER, steps - 1, i + 1, steps - i))


def _ts(s: Step, i: int, order: int) -> list[float]:
    """t at the end of step ``i`` and at ``order`` points from its beginning backwards."""
    return [-math.log(s.sigmas[k] or SIGMA_END) for k in range(i + 1, i + 1 - order - 1, -1)]
