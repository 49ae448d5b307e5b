"""Operations on latents that become part of guidance.

Invariant: the negative side stays as it is.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from ..hooks import Guided


@dataclass(frozen=True)
class OnGuidance:
    """Apply an operation to what guidance adds, C - U; without a negative side to C.

    Attributes:
        operation: gives a latent of the same shape, ``b c h w``.
    """

    operation: Callable[[Tensor], Tensor]

    def __call__(self, g: Guided) -> tuple[Tensor, Tensor]:
        """Before guidance."""
        if g.uncond is g.cond:
            changed = self.operation(g.cond)
            return changed, changed
        return g.uncond + self.operation(g.cond - g.uncond), g.uncond
