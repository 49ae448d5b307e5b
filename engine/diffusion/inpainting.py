"""Sampling only a part of a latent.

Invariant: where the mask is 0 the result is the original latent, exactly.
"""

from dataclasses import dataclass

from torch import Tensor

from .parameterization import Discrete
from .samplers import Denoiser


@dataclass(frozen=True)
class MaskedDenoiser:
    """A denoiser that sees the original, noised to the level at hand, outside of its mask.

    Attributes:
        denoise: the model with its conditions.
        sampling: knows how to add noise.
        mask: ``b 1 h w``; 1 means "make anew".
        latent: the original.
        noise: for the original; the same at all levels.
    """

    denoise: Denoiser
    sampling: Discrete
    mask: Tensor
    latent: Tensor
    noise: Tensor

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        """The clean latent: the model's inside the mask, the original outside."""
        original = self.sampling.noised(self.latent, self.noise, sigma)
        seen = x * self.mask + original * (1 - self.mask)
        return self.denoise(seen, sigma) * self.mask + self.latent * (1 - self.mask)
