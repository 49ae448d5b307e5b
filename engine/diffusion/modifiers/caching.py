"""Leaving steps out: while little changes, the network's last answer is used again.

Invariant: everything remembered stands in the memory of the run, so a cached MODEL carries
nothing from one run into the next; the network is asked at least once.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ..hooks import Watch

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EasyCache:
    """EasyCache (Zhou et al. 2025, arXiv 2507.02860): skip by an estimate of how much would change.

    Between two answers of the network, its change is taken to be proportional to the change of
    its input; while the estimates since the last answer add up to less than the threshold,
    the last difference between answer and input is used again.

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

    def __call__(
        self, call: Callable[..., Tensor], x: Tensor, *inputs: Any, at: Watch, **more: Any
    ) -> Tensor:
        """Around the network."""
        kept = at.memory.setdefault(("easycache", at.roles, tuple(x.shape)), {})
        applies = self.sigma_end <= at.sigma <= self.sigma_start
        if applies and "rate" in kept:
            change = _change(x, kept["x"]) * kept["rate"]
            kept["sum"] += change
            if kept["sum"] < self.threshold:
                kept["x"] = x
                if self.verbose:
                    log.warning("left out the step at sigma %.3f (%.3f)", at.sigma, kept["sum"])
                return x[:, : kept["difference"].shape[1]] + kept["difference"]
        out = call(x, *inputs, **more)
        if "out" in kept and (moved := _change(x, kept["asked"])) > 0:
            kept["rate"] = _change(out, kept["out"]) / moved
        shown = x[:, : out.shape[1]]
        kept.update(x=x, asked=x, out=out, difference=out - shown, sum=0.0)
        return out


def _change(now: Tensor, before: Tensor) -> float:
    """Mean absolute change, relative to the mean absolute value."""
    scale = before.abs().mean().item()
    return (now - before).abs().mean().item() / scale if scale else 0.0
