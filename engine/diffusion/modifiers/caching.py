"""Leaving steps out: while little changes, the last answer is used again.

Invariant: everything remembered stands in the memory of the run, so a cached MODEL carries
nothing from one run into the next; the network is asked at least once.
"""

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ..hooks import Watch
from ..samplers.state import Seen, to_d

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Estimate:
    """Whether a step may be left out, by an estimate of how much would change.

    Between two answers, their change is taken to be proportional to the change of what was
    asked (Zhou et al. 2025, EasyCache, arXiv 2507.02860). Steps are left out while the
    estimates since the last answer add up to less than the threshold.

    Attributes:
        threshold: sum of relative changes to tolerate.
        sigma_start: noise level from which steps may be left out.
        sigma_end: and down to which.
        verbose: log every step that is left out.
    """

    threshold: float
    sigma_start: float
    sigma_end: float
    verbose: bool = False

    def skips(self, kept: dict[str, Any], x: Tensor, sigma: float) -> bool:
        """Whether to leave out the step that asks about ``x``; ``kept`` is the run's memory."""
        if "rate" not in kept or not self.sigma_end <= sigma <= self.sigma_start:
            return False
        kept["sum"] += _change(x, kept["x"]) * kept["rate"]
        if kept["sum"] >= self.threshold:
            return False
        kept["x"] = x
        if self.verbose:
            log.warning("left out the step at sigma %.3f (%.3f)", sigma, kept["sum"])
        return True

    def learn(self, kept: dict[str, Any], x: Tensor, out: Tensor) -> None:
        """Remember an answer, and how fast answers change."""
        if "out" in kept and (moved := _change(x, kept["asked"])) > 0:
            kept["rate"] = _change(out, kept["out"]) / moved
        kept.update(x=x, asked=x, out=out, sum=0.0)


@dataclass(frozen=True)
class EasyCache(Estimate):
    """Around the network: its last difference between answer and input is used again.

    Each batch of conditions has an estimate of its own.
    """

    def __call__(
        self, call: Callable[..., Tensor], x: Tensor, *inputs: Any, at: Watch, **more: Any
    ) -> Tensor:
        """The network's answer, or what it would about be."""
        kept = at.memory.setdefault(("easycache", at.roles, tuple(x.shape)), {})
        if self.skips(kept, x, at.sigma):
            return x[:, : kept["difference"].shape[1]] + kept["difference"]
        out = call(x, *inputs, **more)
        self.learn(kept, x, out)
        kept["difference"] = out - x[:, : out.shape[1]]
        return out


@dataclass(frozen=True)
class LazyCache(Estimate):
    """Around everything that a sampler sees: the way goes on as straight as it came.

    One estimate for the whole step, whatever it is made of: guidance, areas, controls.
    """

    def __call__(
        self, see: Callable[[], Seen], x: Tensor, sigma: float, memory: dict[Any, Any]
    ) -> Seen:
        """The clean latents, or those that the last slopes lead to."""
        kept = memory.setdefault(("lazycache", tuple(x.shape)), {})
        scaled = x / math.sqrt(sigma**2 + 1)
        if self.skips(kept, scaled, sigma):
            return Seen(*(x - sigma * slope for slope in kept["slopes"]))
        seen = see()
        kept["slopes"] = [to_d(x, sigma, side) for side in seen]
        self.learn(kept, scaled, kept["slopes"][0])
        return seen


def _change(now: Tensor, before: Tensor) -> float:
    """Mean absolute change, relative to the mean absolute value."""
    scale = before.abs().mean().item()
    return (now - before).abs().mean().item() / scale if scale else 0.0
