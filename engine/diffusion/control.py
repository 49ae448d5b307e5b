"""What a control network hands to a denoiser, and how several are added up.

Invariant: a control is frozen; what it computes for one run stands in what ``prepare`` gives.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from torch import Tensor
from torch.nn import functional as F

Conditioning = Sequence[Sequence[Any]]


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

    def scaled(self, strength: float) -> "Residuals":
        """All of them times a number."""
        return self.mapped(lambda x: x * strength)

    def averaged(self) -> "Residuals":
        """Each averaged over its height and width."""
        return self.mapped(lambda x: x.mean((2, 3), keepdim=True).expand_as(x))

    def masked(self, mask: Tensor) -> "Residuals":
        """Each times a mask ``b h w``, resized to it."""
        return self.mapped(lambda x: x * _mask_for(x, mask))

    def mapped(self, change: Callable[[Tensor], Tensor]) -> "Residuals":
        """A function of each."""
        skips, inputs = ([None if x is None else change(x) for x in s] for s in self._lists())
        return Residuals(skips, None if self.middle is None else change(self.middle), inputs)

    def _lists(self) -> tuple[Sequence[Tensor | None], Sequence[Tensor | None]]:
        return self.skips, self.inputs

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


def _mask_for(x: Tensor, mask: Tensor) -> Tensor:
    """A mask ``b h w`` in the size, type and batch of a feature map."""
    rows = F.interpolate(mask[:, None].float(), size=x.shape[-2:], mode="bilinear").to(x)
    return rows.repeat(-(-len(x) // len(rows)), 1, 1, 1)[: len(x)]


def share_controls(sides: Mapping[str, Conditioning]) -> Mapping[str, Conditioning]:
    """Let controls of the positive side count on the others too, where they say so.

    Entries that have a control of their own keep it.
    """
    shared = [o["control"] for _, o in sides.get("positive", ()) if _is_shared(o)]
    if not shared:
        return sides
    return {
        role: [[v, o if "control" in o else {**o, "control": shared[0]}] for v, o in side]
        for role, side in sides.items()
    }


def _is_shared(options: Mapping[str, Any]) -> bool:
    return "control" in options and bool(options.get("control_apply_to_uncond"))


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
