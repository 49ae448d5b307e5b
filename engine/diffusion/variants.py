"""The networks of one run: the model's own, and those that hooks on weights ask for.

Invariant: of variants whose strength follows a schedule only those of the present noise level
are kept; what the next one shares with them is not built again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from torch import nn

from . import residency
from .handles import Model
from .patches import Patch

Patches = tuple[Patch, ...]


@dataclass
class Variants:
    """Loads a model's network with further patches.

    Attributes:
        model: the denoiser.
        ready: what is done to a network before it is called.
        sigma: noise level of the last request.
        asked: variants that were asked for at that level.
        before: those of the level before.
    """

    model: Model
    ready: Callable[[nn.Module], nn.Module]
    sigma: float | None = None
    asked: dict[Patches, nn.Module] = field(default_factory=dict)
    before: dict[Patches, nn.Module] = field(default_factory=dict)

    def __call__(self, more: Patches, sigma: float) -> nn.Module:
        """The network with more patches, at a noise level."""
        if sigma != self.sigma:
            self._forget(self.before.keys() - self.asked.keys())
            self.sigma, self.before, self.asked = sigma, self.asked, {}
        if more not in self.asked:
            self.asked[more] = self.before.get(more) or self._load(more)
        return self.asked[more]

    def _load(self, more: Patches) -> nn.Module:
        return self.ready(residency.load(self.model.weights, (*self.model.patches, *more)))

    def _forget(self, gone: set[Patches]) -> None:
        for more in gone:
            residency.release(self.model.weights, (*self.model.patches, *more))
