"""What a control network hands to a denoiser, and how several are added up.

Invariant: a control is frozen; what it computes for one run stands in what ``prepare`` gives.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from torch import Tensor


@dataclass(frozen=True)
class Residuals:
    """Feature maps that are added inside of a U-Net; None adds nothing.

    Attributes:
        skips: to the skip connections, in the order of the input blocks.
        middle: to the output of the middle block.
        inputs: to the outputs of the input blocks, in order, before they go on.
    """

    skips: Sequence[Tensor | None] = field(default_factory=tuple)
    middle: Tensor | None = None
    inputs: Sequence[Tensor | None] = field(default_factory=tuple)

    def __add__(self, other: "Residuals") -> "Residuals":
        return Residuals(
            _added(self.skips, other.skips),
            _plus(self.middle, other.middle),
            _added(self.inputs, other.inputs),
        )

    def skip(self, i: int, x: Tensor) -> Tensor:
        """A skip connection with what is added to it."""
        return x if i >= len(self.skips) else _sum(x, self.skips[i])

    def input(self, i: int, x: Tensor) -> Tensor:
        """The output of an input block with what is added to it."""
        return x if i >= len(self.inputs) else _sum(x, self.inputs[i])

    def between(self, x: Tensor) -> Tensor:
        """The output of the middle block with what is added to it."""
        return _sum(x, self.middle)


NO_RESIDUALS = Residuals()


class PreparedControl(Protocol):
    """A control made ready for one run."""

    def __call__(
        self, x: Tensor, sigma: float, timesteps: Tensor, context: Tensor, vector: Tensor | None
    ) -> Residuals | None:
        """What it adds in one call; None outside of its range of noise levels.

        Args:
            x: what the network is shown, ``b c h w``.
            sigma: the noise level.
            timesteps: ``b``.
            context: conditioning tokens, ``b n width``.
            vector: pooled conditioning, if the network has one.
        """


class Control(Protocol):
    """The value of a conditioning's ``control`` option."""

    def prepare(self, situation: Any) -> PreparedControl:
        """Make ready for one run; the argument is a ``conditioning.Situation``."""


def _added(a: Sequence[Tensor | None], b: Sequence[Tensor | None]) -> list[Tensor | None]:
    longest = max(len(a), len(b))
    return [_plus(_at(a, i), _at(b, i)) for i in range(longest)]


def _at(items: Sequence[Tensor | None], i: int) -> Tensor | None:
    return items[i] if i < len(items) else None


def _plus(a: Tensor | None, b: Tensor | None) -> Tensor | None:
    if a is None or b is None:
        return b if a is None else a
    return a + b


def _sum(x: Tensor, added: Tensor | None) -> Tensor:
    return x if added is None else x + added.to(x.dtype)
