"""Samplers that look ahead within a step: Heun++, DPM-Solver in eps form, fixed and adaptive.

Invariant: nothing is remembered but what the state says, so each can be stopped after any step.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from torch import Tensor

from ..parameterization import Sampling
from .euler import split_ancestral
from .state import Sampler, State, Step, to_d


def heunpp2(s: Step) -> State:
    """Heun++ (three slopes, weighted by their noise level; two and one near the end)."""
    last, levels = s.sigmas[-1], s.sigmas[s.i : s.i + 3]
    dt = s.sigma_next - s.sigma
    if s.sigma_next == last:
        return s.to(s.x + s.d * dt)
    x_2 = s.x + s.d * dt
    d_2 = to_d(x_2, s.sigma_next, s.denoise(x_2, s.sigma_next))
    if levels[2] == last:
        w_2 = s.sigma_next / (2 * s.sigmas[0])
        return s.to(s.x + (s.d * (1 - w_2) + d_2 * w_2) * dt)
    x_3 = x_2 + d_2 * (levels[2] - levels[1])
    d_3 = to_d(x_3, levels[2], s.denoise(x_3, levels[2]))
    w_2, w_3 = (level / (3 * s.sigmas[0]) for level in levels[1:])
    return s.to(s.x + (s.d * (1 - w_2 - w_3) + d_2 * w_2 + d_3 * w_3) * dt)


def fit_dpm_fast(sampling: Sampling, sigmas: Sequence[float]) -> tuple[Sampler, list[float]]:
    """DPM-Solver-fast (Lu et al. 2022, arXiv 2206.00927, section 3.4) for so many evaluations.

    As many as the schedule has steps; they are spread over steps of order 3, 2 and 1 that are
    equally long in log sigma, down to the last positive noise level.
    """
    evaluations = len(sigmas) - 1
    low = min(level for level in sigmas if level > 0)
    full, rest = divmod(evaluations, 3)
    orders = [3] * full + [rest] if rest else [3] * (full - 1) + [2, 1]
    t, t_end = -math.log(sigmas[0]), -math.log(low)
    levels = [math.exp(-(t + (t_end - t) * i / len(orders))) for i in range(len(orders) + 1)]
    return Sampler(partial(_of_order, orders=tuple(orders)), name="dpm_fast"), levels


def _of_order(s: Step, orders: tuple[int, ...]) -> State:
    x = s.x
    match orders[s.i]:
        case 1:
            return s.to(_first(s, x, s.sigma, s.sigma_next, s.d))
        case 2:
            return s.to(_second(s, s.sigma_next, 1 / 2))
        case _:
            return s.to(_third(s, s.sigma_next))


@dataclass(frozen=True)
class DpmAdaptive:
    """DPM-Solver-12/23 (Lu et al. 2022, appendix C) from the first to the last positive level.

    Attributes:
        order: 2 or 3; of the better of two solutions, whose difference is the error.
        rtol: relative error to tolerate.
        atol: absolute error to tolerate.
        h_init: length of the first step in log sigma.
        p: proportional part of the controller of the length.
        i: its integral part.
        d: its derivative part.
        safety: smallest factor of the controller with which a step is accepted.
        eta: share of the noise that is made anew in every accepted step.
        s_noise: multiplies that noise.
    """

    order: int = 3
    rtol: float = 0.05
    atol: float = 0.0078
    h_init: float = 0.05
    p: float = 0.0
    i: float = 1.0
    d: float = 0.0
    safety: float = 0.81
    eta: float = 0.0
    s_noise: float = 1.0

    def fit(self, sampling: Sampling, sigmas: Sequence[float]) -> tuple[Sampler, list[float]]:
        """From the first level to the last positive one."""
        low = min(level for level in sigmas if level > 0)
        return replace(self.sampler(), fit=None), [sigmas[0], low]

    def sampler(self) -> Sampler:
        """The sampler, to be fitted to its levels."""
        noise = "sequential" if self.eta else "none"
        return Sampler(self.step, noise, name=str(self), adaptive=True, fit=self.fit)

    def step(self, s: Step) -> State:
        """One attempt, accepted if both orders agree; the length of the next follows.

        History: the worse solution of the last accepted step, and the inverse errors of the
        last two as a tensor, newest first.
        """
        h = s.h or self.h_init
        sigma_next = max(s.sigmas[-1], s.sigma * math.exp(-h))
        before = s.history[0] if s.history else s.x
        down, _ = split_ancestral(s.sigma, sigma_next, self.eta)
        down = max(down, s.sigmas[-1])  # noise fills up what the last level leaves
        low, high = self._solutions(s, down)
        scale = (low.abs().maximum(before.abs()) * self.rtol).clamp(min=self.atol)
        inverse = 1 / (((low - high) / scale).square().mean().sqrt().item() + 1e-8)
        last = s.history[1].tolist() if s.history else [inverse, inverse]
        factor = 1 + math.atan(self._wish(inverse, *last) - 1)
        if factor < self.safety:
            return s.to_level(s.x, s.sigma, h * factor, before, s.x.new_tensor(last))
        if self.eta:
            up = math.sqrt(max(sigma_next**2 - down**2, 0.0))
            high = high + s.noise() * (up * self.s_noise)
        return s.to_level(high, sigma_next, h * factor, low, s.x.new_tensor([inverse, last[0]]))

    def _wish(self, now: float, last: float, older: float) -> float:
        """The factor that a PID controller asks for (Soederlind 2003)."""
        order = 1.5 if self.eta else self.order
        p, i, d = (gain / order for gain in (self.p, self.i, self.d))
        return float(now ** (p + i + d) * last ** -(p + 2 * d) * older**d)

    def _solutions(self, s: Step, sigma_next: float) -> tuple[Tensor, Tensor]:
        if self.order == 2:
            low = _first(s, s.x, s.sigma, sigma_next, s.d)
            return low, _second(s, sigma_next, 1 / 2)
        return _second(s, sigma_next, 1 / 3), _third(s, sigma_next)


def _first(s: Step, x: Tensor, a: float, b: float, eps: Tensor) -> Tensor:
    """The exact flow of a constant eps (equation 3.7)."""
    return x + eps * (b - a)


def _second(s: Step, sigma_next: float, r: float) -> Tensor:
    """DPM-Solver-2 (algorithm 4 of the paper's appendix, any r)."""
    h = math.log(s.sigma / sigma_next)
    inner = s.sigma * math.exp(-r * h)
    u = _first(s, s.x, s.sigma, inner, s.d)
    change = to_d(u, inner, s.denoise(u, inner)) - s.d
    reach = sigma_next * math.expm1(h)
    return s.x - s.d * reach - change * (reach / (2 * r))


def _third(s: Step, sigma_next: float) -> Tensor:
    """DPM-Solver-3 (algorithm 2) with r of 1/3 and 2/3."""
    h = math.log(s.sigma / sigma_next)
    first, second = s.sigma * math.exp(-h / 3), s.sigma * math.exp(-2 * h / 3)
    u_1 = _first(s, s.x, s.sigma, first, s.d)
    change_1 = to_d(u_1, first, s.denoise(u_1, first)) - s.d
    part = math.expm1(2 * h / 3)
    u_2 = s.x - s.d * (second * part) - change_1 * (second * 2 * (part / (2 * h / 3) - 1))
    change_2 = to_d(u_2, second, s.denoise(u_2, second)) - s.d
    whole = math.expm1(h)
    return s.x - s.d * (sigma_next * whole) - change_2 * (sigma_next * 1.5 * (whole / h - 1))


DPM_FAST = Sampler(lambda s: _of_order(s, (1,) * len(s.sigmas)), fit=fit_dpm_fast)
DPM_ADAPTIVE = DpmAdaptive().sampler()
