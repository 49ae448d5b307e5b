"""``comfy.model_sampling``: noise levels and predictions, as packs name and change them.

Notation: a network's input and output are read by a mixin (``EPS``, ``V_PREDICTION``, ...), its
noise levels by a base (``ModelSamplingDiscrete``, ...); packs put one of each together.

Invariant: sigmas are tensors here, one number for each item of the batch, and plain numbers in
the engine; :class:`OwnSampling` and :class:`PackSampling` go from one to the other.
"""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from engine.diffusion.parameterization import INFINITE_SIGMA, Sampling


def _wide(sigma: Tensor, x: Tensor) -> Tensor:
    """One number for each item of ``b ...``, ready to be multiplied with it."""
    return sigma.view(sigma.shape[:1] + (1,) * (x.dim() - 1)) if sigma.dim() else sigma


class EPS:
    """The network predicts the noise (Ho et al. 2020)."""

    sigma_data = 1.0
    sigma_max: Any

    def calculate_input(self, sigma: Tensor, noise: Tensor) -> Tensor:
        """What the network is shown of a noisy latent ``b c h w``."""
        return noise / (_wide(sigma, noise) ** 2 + self.sigma_data**2) ** 0.5

    def calculate_denoised(
        self, sigma: Tensor, model_output: Tensor, model_input: Tensor
    ) -> Tensor:
        """The clean latent that the network's output stands for."""
        return model_input - model_output * _wide(sigma, model_output)

    def noise_scaling(
        self, sigma: Tensor, noise: Tensor, latent_image: Tensor, max_denoise: bool = False
    ) -> Tensor:
        """A latent with noise of a level."""
        level = _wide(sigma, noise)
        return latent_image + noise * ((1 + level**2) ** 0.5 if max_denoise else level)

    def inverse_noise_scaling(self, sigma: Tensor, latent: Tensor) -> Tensor:
        """What a run that ended at a level hands over."""
        return latent


class V_PREDICTION(EPS):
    """The network predicts the velocity (Salimans and Ho 2022)."""

    def calculate_denoised(
        self, sigma: Tensor, model_output: Tensor, model_input: Tensor
    ) -> Tensor:
        """The clean latent that the network's output stands for."""
        kept, step = self._parts(_wide(sigma, model_output), model_output, model_input)
        return kept - step

    def _parts(self, sigma: Tensor, out: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        total, data = sigma**2 + self.sigma_data**2, self.sigma_data
        return x * data**2 / total, out * sigma * data / total**0.5


class EDM(V_PREDICTION):
    """The network predicts the negative of the velocity (Karras et al. 2022)."""

    def calculate_denoised(
        self, sigma: Tensor, model_output: Tensor, model_input: Tensor
    ) -> Tensor:
        """The clean latent that the network's output stands for."""
        kept, step = self._parts(_wide(sigma, model_output), model_output, model_input)
        return kept + step


class CONST:
    """The network predicts the direction of a straight path (Liu et al. 2022)."""

    def calculate_input(self, sigma: Tensor, noise: Tensor) -> Tensor:
        """What the network is shown: the mixture as it is."""
        return noise

    def calculate_denoised(
        self, sigma: Tensor, model_output: Tensor, model_input: Tensor
    ) -> Tensor:
        """The clean end of the path."""
        return model_input - model_output * _wide(sigma, model_output)

    def noise_scaling(
        self, sigma: Tensor, noise: Tensor, latent_image: Tensor, max_denoise: bool = False
    ) -> Tensor:
        """A mixture of latent and noise."""
        level = _wide(sigma, noise)
        return level * noise + (1 - level) * latent_image

    def inverse_noise_scaling(self, sigma: Tensor, latent: Tensor) -> Tensor:
        """What a run that ended at a level hands over."""
        return latent / (1 - _wide(sigma, latent))


class X0(EPS):
    """The network predicts the clean latent."""

    def calculate_denoised(
        self, sigma: Tensor, model_output: Tensor, model_input: Tensor
    ) -> Tensor:
        """The output itself."""
        return model_output


class IMG_TO_IMG(X0):
    """The network predicts the clean latent from an input that is not scaled."""

    def calculate_input(self, sigma: Tensor, noise: Tensor) -> Tensor:
        """The input itself."""
        return noise


def _settings(model_config: Any) -> dict[str, Any]:
    return dict(getattr(model_config, "sampling_settings", None) or {})


class ModelSamplingDiscrete(torch.nn.Module):
    """A table of trained noise levels (Ho et al. 2020), with beta linear in its square root."""

    sigmas: Tensor
    log_sigmas: Tensor

    def __init__(self, model_config: Any = None, zsnr: bool | None = None) -> None:
        super().__init__()
        known = _settings(model_config)
        start, end = known.get("linear_start", 0.00085), known.get("linear_end", 0.012)
        self.num_timesteps = int(known.get("timesteps", 1000))
        self.linear_start, self.linear_end = start, end
        roots = torch.linspace(start**0.5, end**0.5, self.num_timesteps, dtype=torch.float64)
        kept = torch.cumprod(1 - roots**2, dim=0)
        self.set_sigmas((((1 - kept) / kept) ** 0.5).float())

    def set_sigmas(self, sigmas: Tensor) -> None:
        """Use other levels, ascending."""
        self.register_buffer("sigmas", sigmas.float())
        self.register_buffer("log_sigmas", sigmas.log().float())

    @property
    def sigma_min(self) -> Tensor:
        """The smallest level."""
        return self.sigmas[0]

    @property
    def sigma_max(self) -> Tensor:
        """The largest level."""
        return self.sigmas[-1]

    def timestep(self, sigma: Tensor) -> Tensor:
        """The index of the nearest level, in logarithm."""
        distance = sigma.log().to(self.log_sigmas)[..., None] - self.log_sigmas
        return distance.abs().argmin(dim=-1).to(sigma.device)

    def sigma(self, timestep: Tensor) -> Tensor:
        """The level of a fractional index."""
        t = timestep.float().to(self.log_sigmas.device).clamp(0, len(self.sigmas) - 1)
        low, high = t.floor().long(), t.ceil().long()
        between = torch.lerp(self.log_sigmas[low], self.log_sigmas[high], t - low)
        return between.exp().to(timestep.device)

    def percent_to_sigma(self, percent: float) -> float:
        """The level after a part of the run; the ends are open."""
        if percent <= 0:
            return INFINITE_SIGMA
        if percent >= 1:
            return 0.0
        return self.sigma(torch.tensor((1 - percent) * (self.num_timesteps - 1))).item()


class ModelSamplingContinuousEDM(torch.nn.Module):
    """Any level between two, told as a quarter of its logarithm (Karras et al. 2022)."""

    sigmas: Tensor

    def __init__(self, model_config: Any = None) -> None:
        super().__init__()
        known = _settings(model_config)
        lowest, highest = known.get("sigma_min", 0.002), known.get("sigma_max", 120.0)
        self.set_parameters(lowest, highest, known.get("sigma_data", 1.0))

    def set_parameters(self, sigma_min: float, sigma_max: float, sigma_data: float) -> None:
        """Use other levels."""
        self.sigma_data = sigma_data
        levels = torch.linspace(math.log(sigma_min), math.log(sigma_max), 1000).exp()
        self.register_buffer("sigmas", levels)
        self.register_buffer("log_sigmas", levels.log())

    @property
    def sigma_min(self) -> Tensor:
        """The smallest level."""
        return self.sigmas[0]

    @property
    def sigma_max(self) -> Tensor:
        """The largest level."""
        return self.sigmas[-1]

    def timestep(self, sigma: Tensor) -> Tensor:
        """A quarter of the logarithm."""
        return 0.25 * sigma.log()

    def sigma(self, timestep: Tensor) -> Tensor:
        """The inverse of :meth:`timestep`."""
        return (timestep / 0.25).exp()

    def percent_to_sigma(self, percent: float) -> float:
        """The level after a part of the way in logarithm; the ends are open."""
        if percent <= 0:
            return INFINITE_SIGMA
        if percent >= 1:
            return 0.0
        low, high = math.log(self.sigma_min), math.log(self.sigma_max)
        return math.exp((high - low) * (1 - percent) + low)


class ModelSamplingContinuousV(ModelSamplingContinuousEDM):
    """Any level between two, told as the angle between signal and noise, 0..1."""

    def timestep(self, sigma: Tensor) -> Tensor:
        """The angle; 1 for pure noise."""
        return sigma.atan() / math.pi * 2

    def sigma(self, timestep: Tensor) -> Tensor:
        """The inverse of :meth:`timestep`."""
        return (timestep * (math.pi / 2)).tan()


class ModelSamplingDiscreteFlow(torch.nn.Module):
    """Levels in 0..1 of a straight path, shifted towards noise (Esser et al. 2024, section 5.3)."""

    sigmas: Tensor

    def __init__(self, model_config: Any = None) -> None:
        super().__init__()
        known = _settings(model_config)
        self.set_parameters(known.get("shift", 1.0), multiplier=known.get("multiplier", 1000))

    def set_parameters(
        self, shift: float = 1.0, timesteps: int = 1000, multiplier: float = 1000
    ) -> None:
        """Use another shift."""
        self.shift, self.multiplier = shift, multiplier
        levels = self.sigma(torch.arange(1, timesteps + 1) / timesteps * multiplier)
        self.register_buffer("sigmas", levels)

    @property
    def sigma_min(self) -> Tensor:
        """The smallest level."""
        return self.sigmas[0]

    @property
    def sigma_max(self) -> Tensor:
        """The largest level."""
        return self.sigmas[-1]

    def timestep(self, sigma: Tensor) -> Tensor:
        """The level times the multiplier."""
        return sigma * self.multiplier

    def sigma(self, timestep: Tensor) -> Tensor:
        """The shifted level of a timestep."""
        t = timestep / self.multiplier
        return self.shift * t / (1 + (self.shift - 1) * t)

    def percent_to_sigma(self, percent: float) -> float:
        """The level after a part of the run."""
        if percent <= 0:
            return 1.0
        if percent >= 1:
            return 0.0
        t = 1 - percent
        return self.shift * t / (1 + (self.shift - 1) * t)


class OwnSampling:
    """The engine's noise levels and predictions, as packs ask for them.

    Attributes:
        own: the engine's.
        sigma_data: deviation of clean latents.
    """

    def __init__(self, own: Sampling) -> None:
        self.own = own
        self.sigma_data = float(getattr(own, "sigma_data", 1.0))
        self.num_timesteps = len(own.sigmas)

    @property
    def sigmas(self) -> Tensor:
        """All levels, ascending."""
        return self.own.sigmas

    @property
    def log_sigmas(self) -> Tensor:
        """Their logarithms."""
        return self.own.sigmas.log()

    @property
    def sigma_min(self) -> Tensor:
        """The smallest level."""
        return torch.tensor(self.own.sigma_min)

    @property
    def sigma_max(self) -> Tensor:
        """The largest level."""
        return torch.tensor(self.own.sigma_max)

    def timestep(self, sigma: Tensor) -> Tensor:
        """What the network is told of a level."""
        return self.own.timestep(sigma)

    def sigma(self, timestep: Tensor) -> Tensor:
        """The inverse of :meth:`timestep`."""
        return self.own.sigma(timestep)

    def percent_to_sigma(self, percent: float) -> float:
        """The level after a part of the run; the ends are open."""
        return self.own.percent_to_sigma(percent)

    def calculate_input(self, sigma: Tensor, noise: Tensor) -> Tensor:
        """What the network is shown of a noisy latent ``b c h w``."""
        return self.own.scale_input(noise, _one(sigma))

    def calculate_denoised(
        self, sigma: Tensor, model_output: Tensor, model_input: Tensor
    ) -> Tensor:
        """The clean latent that the network's output stands for."""
        return self.own.denoised(model_input, model_output, _one(sigma))

    def noise_scaling(
        self, sigma: Tensor, noise: Tensor, latent_image: Tensor, max_denoise: bool = False
    ) -> Tensor:
        """A latent with noise of a level."""
        level = max(_one(sigma), self.own.sigma_max) if max_denoise else _one(sigma)
        return self.own.noised(latent_image, noise, level)

    def inverse_noise_scaling(self, sigma: Tensor, latent: Tensor) -> Tensor:
        """What a run that ended at a level hands over."""
        return self.own.finished(latent, _one(sigma))


def _one(sigma: Tensor | float) -> float:
    return float(sigma.flatten()[0]) if isinstance(sigma, Tensor) else float(sigma)


@dataclass(frozen=True, eq=False)
class PackSampling:
    """Noise levels and predictions of a pack, as the engine asks for them.

    Attributes:
        theirs: an object with the methods of the classes here.
    """

    theirs: Any

    @property
    def sigmas(self) -> Tensor:
        """Noise levels, ascending, float32 on the CPU."""
        levels: Tensor = self.theirs.sigmas
        return levels.float().cpu()

    @property
    def sigma_min(self) -> float:
        """The smallest noise level."""
        return float(self.theirs.sigma_min)

    @property
    def sigma_max(self) -> float:
        """The largest noise level."""
        return float(self.theirs.sigma_max)

    def timestep(self, sigma: Tensor) -> Tensor:
        """What the network is told of a noise level; same shape."""
        told: Tensor = self.theirs.timestep(sigma)
        return told.float()

    def sigma(self, timestep: Tensor) -> Tensor:
        """The inverse of :meth:`timestep`."""
        level: Tensor = self.theirs.sigma(timestep)
        return level

    def percent_to_sigma(self, percent: float) -> float:
        """Noise level after a fraction of the run; the ends are open."""
        return float(self.theirs.percent_to_sigma(percent))

    def scale_input(self, x: Tensor, sigma: float) -> Tensor:
        """What the network is shown."""
        shown: Tensor = self.theirs.calculate_input(_many(sigma, x), x)
        return shown

    def denoised(self, x: Tensor, out: Tensor, sigma: float) -> Tensor:
        """The clean latent that the network's output stands for."""
        clean: Tensor = self.theirs.calculate_denoised(_many(sigma, x), out, x)
        return clean

    def noised(self, latent: Tensor, noise: Tensor, sigma: float) -> Tensor:
        """A latent with noise of the given level."""
        top = self.sigma_max
        is_full = sigma >= top or math.isclose(sigma, top, rel_tol=1e-5)
        level = _many(sigma, latent)
        noisy: Tensor = self.theirs.noise_scaling(level, noise, latent, is_full)
        return noisy

    def finished(self, x: Tensor, sigma: float) -> Tensor:
        """What a run that ended at a noise level hands over."""
        latent: Tensor = self.theirs.inverse_noise_scaling(_many(sigma, x), x)
        return latent


def _many(sigma: float, x: Tensor) -> Tensor:
    return x.new_full((x.shape[0],), sigma)


def shown(sampling: Sampling) -> Any:
    """A sampling as packs see it: their own object, or the face of ours."""
    return sampling.theirs if isinstance(sampling, PackSampling) else OwnSampling(sampling)


def taken(theirs: Any) -> Sampling:
    """What packs hand over, as the engine uses it."""
    if isinstance(theirs, OwnSampling):
        return theirs.own
    own: Sampling = theirs if hasattr(theirs, "scale_input") else PackSampling(theirs)
    return own
