"""Schedules that fit the shape of sampling trajectories (GITS).

Chen et al. 2024, "On the Trajectory Regularity of ODE-based Diffusion Sampling" (arXiv
2405.11326, section 4): whatever is drawn, the way from noise to picture bends in the same
manner, so the steps that hurt least can be found once, by dynamic programming over the costs
of all steps between the points of a slow teacher.

Their publication has no table for Stable Diffusion. The costs beside this module are ours: 192
trajectories of 60 DPM-Solver++ steps of the embedded model under guidance, between the noise
levels of Stable Diffusion (``tools/measure_trajectories.py``). So the schedules are not the
tables that other programs ship: the method is the same, the trajectories are not.

Invariant: the result depends on the arguments and on the file of costs alone.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .levels import last_part
from .parameterization import Discrete
from .schedules import normal

COSTS = Path(__file__).parent / "trajectory_costs.txt"


def gits(coefficient: float, steps: int, denoise: float = 1.0) -> Tensor:
    """The schedule of so many steps that departs least from the teacher.

    More steps than the teacher took are interpolated in log sigma.

    Args:
        coefficient: weight of a step's error against that of the step before it; above 1 there
            are more steps at low noise, below 1 at high noise.
        steps: of the whole schedule.
        denoise: part of it to run, from its end.
    """
    matrix = costs()
    teacher = normal(Discrete(), len(matrix))[:-1]
    way = cheapest(matrix, min(steps, len(matrix) - 1), coefficient)
    levels = teacher[way].double().log().numpy()
    at = np.linspace(0, 1, steps + 1)
    sigmas = np.exp(np.interp(at, np.linspace(0, 1, len(levels)), levels))
    return last_part(torch.tensor(sigmas, dtype=torch.float32), denoise)


def cheapest(matrix: np.ndarray, steps: int, coefficient: float) -> list[int]:
    """Which points to visit on the way from the first to the last (section 4.2).

    The cost of a way is that of its first step and, times the coefficient, of what is left.

    Args:
        matrix: cost of the step from each point to each later one, infinite elsewhere.
        steps: to take, at least one and at most one less than there are points.
        coefficient: see :func:`gits`.
    """
    last = len(matrix) - 1
    rest, onward = matrix[:, last], [np.full(len(matrix), last)]
    for _ in range(steps - 1):
        whole = matrix + coefficient * rest
        onward.append(whole.argmin(axis=1))
        rest = whole.min(axis=1)
    way = [0]
    for following in reversed(onward):
        way.append(int(following[way[-1]]))
    return way


@lru_cache(maxsize=1)
def costs() -> np.ndarray:
    """The measured cost of each step between two points of the teacher, ``point point``."""
    rows = [[float(v) for v in line.split()] for line in COSTS.read_text().splitlines()]
    matrix = np.full((len(rows) + 1, len(rows) + 1), np.inf)
    for i, row in enumerate(rows):
        matrix[i, i + 1 :] = row
    return matrix
