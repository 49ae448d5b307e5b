"""Sampling only a part of a latent.

Invariant: where the mask is 0 the result is the original latent, exactly.
"""

from dataclasses import dataclass

from torch import Tensor

from .hooks import MaskRule
from .parameterization import Sampling
from .samplers import Denoiser, Seen


@dataclass(frozen=True)
class MaskedDenoiser:
    """A denoiser that sees the original, noised to the level at hand, outside of its mask.

    Attributes:
        denoise: the model with its conditions.
        sampling: knows how to add noise.
        mask: ``b 1 h w``; 1 means "make anew".
        latent: the original.
        noise: for the original; the same at all levels.
        rule: changes the mask with the noise level, if the model brings one.
        sigmas: all levels of the run.
    """

    denoise: Denoiser
    sampling: Sampling
    mask: Tensor
    latent: Tensor
    noise: Tensor
    rule: MaskRule | None = None
    sigmas: tuple[float, ...] = ()

    def __call__(self, x: Tensor, sigma: float) -> Seen:
        """The clean latents: the model's inside the mask, the original outside."""
        mask = self.rule(sigma, self.mask, self.sigmas) if self.rule else self.mask
        original = self.sampling.noised(self.latent, self.noise, sigma)
        seen = self.denoise(x * mask + original * (1 - mask), sigma)
        sides = seen if isinstance(seen, Seen) else (seen, seen)
        return Seen(*(side * mask + self.latent * (1 - mask) for side in sides))
