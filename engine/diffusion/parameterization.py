"""What a noise level means to a denoiser, and what its output means.

Notation: x = x0 + sigma * noise (variance exploding, Karras et al. 2022); a network trained
in the variance preserving form sees x / sqrt(sigma^2 + 1).

Invariant: pure functions of frozen numbers; tables are computed once per set of numbers.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, Protocol

import torch
from torch import Tensor

#: "Any noise level": larger than every sigma.
INFINITE_SIGMA = 999999999.9


class Sampling(Protocol):
    """What a noise level means to a denoiser, and how its input and output are to be read."""

    @property
    def sigmas(self) -> Tensor:
        """Noise levels, ascending, float32 on the CPU."""

    @property
    def sigma_min(self) -> float:
        """The smallest noise level."""

    @property
    def sigma_max(self) -> float:
        """The largest noise level."""

    def timestep(self, sigma: Tensor) -> Tensor:
        """What the network is told of a noise level; same shape."""

    def sigma(self, timestep: Tensor) -> Tensor:
        """The inverse of :meth:`timestep`."""

    def percent_to_sigma(self, percent: float) -> float:
        """Noise level after a fraction of the run; the ends are open."""

    def scale_input(self, x: Tensor, sigma: float) -> Tensor:
        """What the network is shown."""

    def denoised(self, x: Tensor, out: Tensor, sigma: float) -> Tensor:
        """The clean latent that the network's output stands for."""

    def noised(self, latent: Tensor, noise: Tensor, sigma: float) -> Tensor:
        """A latent with noise of the given level."""

    def finished(self, x: Tensor, sigma: float) -> Tensor:
        """What a run that ended at a noise level hands over."""


@dataclass(frozen=True)
class Discrete:
    """A thousand trained noise levels, as in DDPM (Ho et al. 2020), with beta linear in sqrt.

    Attributes:
        beta_start: variance of the first forward step.
        beta_end: variance of the last forward step.
        steps: number of forward steps.
        prediction: ``eps`` the noise, ``v`` the velocity (Salimans and Ho 2022).
    """

    beta_start: float = 0.00085
    beta_end: float = 0.012
    steps: int = 1000
    prediction: Literal["eps", "v"] = "eps"

    @property
    def sigmas(self) -> Tensor:
        """All noise levels, ascending, float32 on the CPU: ``steps``."""
        return _sigma_table(self.beta_start, self.beta_end, self.steps)

    @property
    def sigma_min(self) -> float:
        """The smallest noise level."""
        return self.sigmas[0].item()

    @property
    def sigma_max(self) -> float:
        """The largest noise level."""
        return self.sigmas[-1].item()

    def timestep(self, sigma: Tensor) -> Tensor:
        """Index of the level nearest to ``sigma`` in logarithm; same shape, float32."""
        table = self.sigmas.to(sigma.device).log()
        return (sigma.log()[..., None] - table).abs().argmin(dim=-1).float()

    def sigma(self, timestep: Tensor) -> Tensor:
        """Noise level of fractional timesteps, log-linear between neighbours."""
        table = self.sigmas.to(timestep.device).log()
        t = timestep.float().clamp(0, self.steps - 1)
        low, high = t.floor().long(), t.ceil().long()
        return torch.lerp(table[low], table[high], t - low).exp()

    def percent_to_sigma(self, percent: float) -> float:
        """Noise level after a fraction of the timesteps; the ends are open."""
        if percent <= 0:
            return INFINITE_SIGMA
        if percent >= 1:
            return 0.0
        return self.sigma(torch.tensor((1 - percent) * (self.steps - 1))).item()

    def scale_input(self, x: Tensor, sigma: float) -> Tensor:
        """What the network is shown."""
        return x / math.sqrt(sigma**2 + 1)

    def denoised(self, x: Tensor, out: Tensor, sigma: float) -> Tensor:
        """The clean latent that the network's output stands for."""
        if self.prediction == "eps":
            return x - out * sigma
        return x / (sigma**2 + 1) - out * (sigma / math.sqrt(sigma**2 + 1))

    def noised(self, latent: Tensor, noise: Tensor, sigma: float) -> Tensor:
        """A latent with noise of the given level.

        From the largest level on, the noise has the variance that a variance preserving
        model starts from.
        """
        full = sigma >= self.sigma_max or math.isclose(sigma, self.sigma_max, rel_tol=1e-5)
        return latent + noise * (math.sqrt(1 + sigma**2) if full else sigma)

    def finished(self, x: Tensor, sigma: float) -> Tensor:
        """What a run that ended at a noise level hands over: the latent as it is."""
        return x


@lru_cache(maxsize=16)
def _sigma_table(beta_start: float, beta_end: float, steps: int) -> Tensor:
    roots = torch.linspace(beta_start**0.5, beta_end**0.5, steps, dtype=torch.float64)
    kept = torch.cumprod(1 - roots**2, dim=0)  # alpha bar
    return ((1 - kept) / kept).sqrt().float()
