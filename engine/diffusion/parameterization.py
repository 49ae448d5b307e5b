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


Prediction = Literal["eps", "v", "edm", "x0", "image", "lcm"]

#: What is left of the signal at the last step of a schedule that ends in pure noise.
TERMINAL_KEPT = 4.8973451890853435e-08


class _Exploding:
    """How input and output are read when noise is added to a latent whose size stays.

    Karras et al. 2022, section 5 and table 1, with ``sigma_data`` the deviation of the latents
    (1 in the variance preserving form).

    Attributes:
        prediction: ``eps`` the noise, ``v`` the velocity (Salimans and Ho 2022), ``edm`` its
            negative, ``x0`` the clean latent, ``image`` the same from an input that is not
            scaled, ``lcm`` the noise, of a model that was distilled to be consistent (Luo et
            al. 2023).
        sigma_data: deviation of the clean latents.
    """

    prediction: Prediction
    sigma_data: float

    @property
    def sigmas(self) -> Tensor:
        """All noise levels, ascending, float32 on the CPU."""
        raise NotImplementedError

    def timestep(self, sigma: Tensor) -> Tensor:
        """What the network is told of a noise level; same shape."""
        raise NotImplementedError

    @property
    def sigma_min(self) -> float:
        """The smallest noise level."""
        return self.sigmas[0].item()

    @property
    def sigma_max(self) -> float:
        """The largest noise level."""
        return self.sigmas[-1].item()

    def scale_input(self, x: Tensor, sigma: float) -> Tensor:
        """What the network is shown."""
        return x if self.prediction == "image" else x / math.hypot(sigma, self.sigma_data)

    def denoised(self, x: Tensor, out: Tensor, sigma: float) -> Tensor:
        """The clean latent that the network's output stands for."""
        match self.prediction:
            case "eps":
                return x - out * sigma
            case "x0" | "image":
                return out
            case "lcm":
                return self._consistent(x, x - out * sigma, sigma)
        total = sigma**2 + self.sigma_data**2
        step = out * (sigma * self.sigma_data / math.sqrt(total))
        kept = x * (self.sigma_data**2 / total)
        return kept - step if self.prediction == "v" else kept + step

    def _consistent(self, x: Tensor, x0: Tensor, sigma: float) -> Tensor:
        """Consistency models keep what has no noise (Song et al. 2023, section 3; data 0.5)."""
        t = self.timestep(torch.tensor(sigma)).item() * 10
        skip, out = 0.25 / (t**2 + 0.25), t / math.sqrt(t**2 + 0.25)
        return x0 * out + x * skip

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


@dataclass(frozen=True)
class Discrete(_Exploding):
    """A thousand trained noise levels, as in DDPM (Ho et al. 2020), with beta linear in sqrt.

    Attributes:
        beta_start: variance of the first forward step.
        beta_end: variance of the last forward step.
        steps: number of forward steps.
        prediction: what the network's output stands for.
        zero_terminal: the last level is (nearly) pure noise (Lin et al. 2023, algorithm 1).
        kept: so many of the levels were used when the model was distilled; None: all.
        sigma_data: deviation of the clean latents.
    """

    beta_start: float = 0.00085
    beta_end: float = 0.012
    steps: int = 1000
    prediction: Prediction = "eps"
    zero_terminal: bool = False
    kept: int | None = None
    sigma_data: float = 1.0

    @property
    def sigmas(self) -> Tensor:
        """All noise levels, ascending, float32 on the CPU."""
        table = _sigma_table(self.beta_start, self.beta_end, self.steps, self.zero_terminal)
        return table[self._stride - 1 :: self._stride]

    @property
    def _stride(self) -> int:
        return self.steps // self.kept if self.kept else 1

    def timestep(self, sigma: Tensor) -> Tensor:
        """Index of the level nearest to ``sigma`` in logarithm; same shape, float32."""
        table = self.sigmas.to(sigma.device).log()
        nearest = (sigma.log()[..., None] - table).abs().argmin(dim=-1)
        return (nearest * self._stride + self._stride - 1).float()

    def sigma(self, timestep: Tensor) -> Tensor:
        """Noise level of fractional timesteps, log-linear between neighbours."""
        table = self.sigmas.to(timestep.device).log()
        t = (timestep.float() - (self._stride - 1)) / self._stride
        t = t.clamp(0, len(table) - 1)
        low, high = t.floor().long(), t.ceil().long()
        return torch.lerp(table[low], table[high], t - low).exp()

    def percent_to_sigma(self, percent: float) -> float:
        """Noise level after a fraction of the timesteps; the ends are open."""
        if percent <= 0:
            return INFINITE_SIGMA
        if percent >= 1:
            return 0.0
        return self.sigma(torch.tensor((1 - percent) * (self.steps - 1))).item()


@dataclass(frozen=True)
class ContinuousEDM(_Exploding):
    """Any noise level between two, told as a quarter of its logarithm (Karras et al. 2022).

    Attributes:
        lowest: the smallest noise level.
        highest: the largest one.
        prediction: what the network's output stands for.
        sigma_data: deviation of the clean latents.
    """

    lowest: float = 0.002
    highest: float = 120.0
    prediction: Prediction = "edm"
    sigma_data: float = 1.0

    @property
    def sigmas(self) -> Tensor:
        """A thousand levels at equal distances in logarithm, ascending, float32 on the CPU."""
        return _log_table(self.lowest, self.highest)

    def timestep(self, sigma: Tensor) -> Tensor:
        """A quarter of the logarithm; same shape."""
        return 0.25 * sigma.log()

    def sigma(self, timestep: Tensor) -> Tensor:
        """The inverse of :meth:`timestep`."""
        return (timestep / 0.25).exp()

    def percent_to_sigma(self, percent: float) -> float:
        """Noise level after a fraction of the way in logarithm; the ends are open."""
        if percent <= 0:
            return INFINITE_SIGMA
        if percent >= 1:
            return 0.0
        low, high = math.log(self.lowest), math.log(self.highest)
        return math.exp((high - low) * (1 - percent) + low)


@dataclass(frozen=True)
class ContinuousV(ContinuousEDM):
    """Any noise level, told as the angle between signal and noise in 0..1 (Salimans and Ho).

    Attributes:
        lowest: the smallest noise level.
        highest: the largest one.
        prediction: what the network's output stands for.
        sigma_data: deviation of the clean latents.
    """

    lowest: float = 0.03
    highest: float = 500.0
    prediction: Prediction = "v"

    def timestep(self, sigma: Tensor) -> Tensor:
        """The angle, 1 for pure noise; same shape."""
        return sigma.atan() / math.pi * 2

    def sigma(self, timestep: Tensor) -> Tensor:
        """The inverse of :meth:`timestep`."""
        return (timestep * (math.pi / 2)).tan()


@dataclass(frozen=True)
class RectifiedEDM(ContinuousEDM):
    """The same levels for a network that was trained on straight paths (Liu et al. 2022).

    Attributes:
        lowest: the smallest noise level.
        highest: the largest one.
        prediction: not asked; the output is the direction of the path.
        sigma_data: not asked.
    """

    def timestep(self, sigma: Tensor) -> Tensor:
        """Share of noise on the path, in 0..1; same shape."""
        return sigma / (sigma + 1)

    def sigma(self, timestep: Tensor) -> Tensor:
        """The inverse of :meth:`timestep`; the end of the path is the largest level."""
        finite = timestep < 1
        return torch.where(finite, timestep / (1 - timestep.clamp(max=0.999999)), self.highest)

    def scale_input(self, x: Tensor, sigma: float) -> Tensor:
        """What the network is shown: the mixture of signal and noise."""
        return x / (sigma + 1)

    def denoised(self, x: Tensor, out: Tensor, sigma: float) -> Tensor:
        """The clean latent at the beginning of the path."""
        return (x - out * sigma) / (sigma + 1)

    def noised(self, latent: Tensor, noise: Tensor, sigma: float) -> Tensor:
        """A latent with noise of the given level."""
        return latent + noise * sigma


@lru_cache(maxsize=16)
def _sigma_table(beta_start: float, beta_end: float, steps: int, zero_terminal: bool) -> Tensor:
    roots = torch.linspace(beta_start**0.5, beta_end**0.5, steps, dtype=torch.float64)
    kept = torch.cumprod(1 - roots**2, dim=0)  # alpha bar
    kept = _without_rest(kept) if zero_terminal else kept
    return ((1 - kept) / kept).sqrt().float()


def _without_rest(kept: Tensor) -> Tensor:
    """Shift the roots so that the last is 0, and stretch them so that the first stays."""
    roots = kept.sqrt()
    first, last = roots[0].clone(), roots[-1].clone()
    rescaled = ((roots - last) * first / (first - last)) ** 2
    rescaled[-1] = TERMINAL_KEPT
    return rescaled


@lru_cache(maxsize=16)
def _log_table(lowest: float, highest: float) -> Tensor:
    return torch.linspace(math.log(lowest), math.log(highest), 1000).exp()
