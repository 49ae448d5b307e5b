"""Sampling while the latent grows: consistency steps, each at its own size.

A consistency model jumps to a clean latent and gets fresh noise in every step (Luo et al. 2023,
algorithm 3), so between jump and noise the latent may change its size.

Invariant: the size behind a step follows from the first size and the number of the step, so a
run that was saved goes on at the size it had.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from .state import Denoiser, Sampler, Seen, State, Step

#: Gives ``b c h w`` another width and height.
Resize = Callable[[Tensor, int, int], Tensor]


@dataclass(frozen=True)
class Growth:
    """How the sides of a latent grow, in equal parts.

    Attributes:
        ratio: sides at the end, against those at the beginning.
        steps: in which they grow, from the first on; below 0 all but the last, so that the model
            sees the final size once.
    """

    ratio: float
    steps: int = -1

    def shape(self, first: Sequence[int], step: int, total: int) -> tuple[int, ...]:
        """The shape ``b c h w`` behind a step, numbered from 0, of so many."""
        *kept, height, width = first
        growing = max(total - 1, 1) if self.steps < 0 else min(self.steps, total)
        way = min(step + 1, growing) / growing if growing else 0.0
        factor = 1 + (self.ratio - 1) * way
        return (*kept, max(1, round(height * factor)), max(1, round(width * factor)))


def growing_lcm(growth: Growth, resize: Resize, name: str) -> Sampler:
    """Multistep consistency sampling of a latent that grows.

    Args:
        growth: when and how much.
        resize: changes the size of the clean latent.
        name: tells that function from others.
    """
    step = partial(_jump, resize=resize)
    return Sampler(step, "sequential", name=f"lcm {growth} {name}", growth=growth)


def _jump(s: Step, resize: Resize) -> State:
    """Jump, resize, then noise again; the noise has the size that is to be reached."""
    noise, denoised = s.noise(), s.denoised
    height, width = noise.shape[-2:]
    if denoised.shape != noise.shape:
        denoised = resize(denoised, width, height)
    return s.to(denoised + noise * s.sigma_next)


@dataclass
class BySize:
    """A denoiser for latents whose size changes on the way.

    Attributes:
        make: the denoiser for latents of the size of one.
        first: the latent that the run began with.
        size: of the latents that were seen last.
        denoise: the denoiser for them.
    """

    make: Callable[[Tensor], Denoiser]
    first: Tensor
    size: torch.Size | None = None
    denoise: Denoiser | None = None

    def __call__(self, x: Tensor, sigma: float) -> Tensor | Seen:
        """What is seen in a latent of any size."""
        if self.denoise is None or self.size != x.shape:
            self.size, self.denoise = x.shape, self.make(self._like(x))
        return self.denoise(x, sigma)

    def _like(self, x: Tensor) -> Tensor:
        if self.first.shape == x.shape:
            return self.first
        return F.interpolate(self.first, size=x.shape[-2:], mode="bilinear")
