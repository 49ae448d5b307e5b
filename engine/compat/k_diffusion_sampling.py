"""``comfy.k_diffusion.sampling``: samplers as loops over all steps, and what loops are made of."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from engine.diffusion.noise import BrownianNoise
from engine.diffusion.samplers import SAMPLERS

from .loops import as_loop
from .missing import Missing


def append_zero(x: Tensor) -> Tensor:
    """Levels with a zero at their end."""
    return torch.cat([x, x.new_zeros([1])])


def append_dims(x: Tensor, target_dims: int) -> Tensor:
    """A tensor with more axes at its end."""
    return x[(...,) + (None,) * (target_dims - x.dim())]


def to_d(x: Tensor, sigma: Tensor, denoised: Tensor) -> Tensor:
    """The derivative that points away from the clean latent (Karras et al. 2022, equation 3)."""
    return (x - denoised) / append_dims(sigma, x.dim())


def get_sigmas_karras(
    n: int, sigma_min: float, sigma_max: float, rho: float = 7.0, device: Any = "cpu"
) -> Tensor:
    """Levels at equal distances in their ``rho``-th root (equation 5), and a zero."""
    low, high = sigma_min ** (1 / rho), sigma_max ** (1 / rho)
    ramp = torch.linspace(0, 1, n, device=device)
    return append_zero((high + ramp * (low - high)) ** rho)


def get_sigmas_exponential(
    n: int, sigma_min: float, sigma_max: float, device: Any = "cpu"
) -> Tensor:
    """Levels at equal distances in logarithm, and a zero."""
    ramp = torch.linspace(math.log(sigma_max), math.log(sigma_min), n, device=device)
    return append_zero(ramp.exp())


def get_ancestral_step(sigma_from: Any, sigma_to: Any, eta: float = 1.0) -> tuple[Any, Any]:
    """Level to step down to, and level of the noise to add then, for an ancestral step."""
    if not eta:
        return sigma_to, 0.0
    variance = sigma_to**2 * (sigma_from**2 - sigma_to**2) / sigma_from**2
    up = min(sigma_to, eta * variance**0.5)
    return (sigma_to**2 - up**2) ** 0.5, up


def default_noise_sampler(x: Tensor, seed: int | None = None) -> Callable[[Any, Any], Tensor]:
    """Fresh noise like a latent for each step, of a seed if there is one."""
    generator = None
    if seed is not None:
        generator = torch.Generator(x.device).manual_seed(seed + (x.device.type == "cpu"))

    def noise(sigma: Any, sigma_next: Any) -> Tensor:
        return torch.randn(
            x.shape, dtype=x.dtype, layout=x.layout, device=x.device, generator=generator
        )

    return noise


class BrownianTreeNoiseSampler:
    """Noise of a Brownian path between levels: equal for equal levels, however often asked."""

    def __init__(
        self,
        x: Tensor,
        sigma_min: Any,
        sigma_max: Any,
        seed: int | None = None,
        transform: Callable[..., Any] = lambda level: level,
        cpu: bool = False,
    ) -> None:
        levels = torch.tensor([float(sigma_max), float(sigma_min)])
        self._noise = BrownianNoise(x, levels, seed or 0, on_device=not cpu)
        self._draws = 0

    def __call__(self, sigma: Any, sigma_next: Any) -> Tensor:
        """Noise of unit variance for the way from one level to another."""
        self._draws += 1
        return self._noise(self._draws - 1, float(sigma), float(sigma_next))


def _fall_back(name: str) -> Any:
    """``sample_NAME`` for each sampler that the engine has."""
    if name.startswith("__"):
        raise AttributeError(name)
    short = name.removeprefix("sample_")
    if short != name and short in SAMPLERS:
        return as_loop(short)
    return Missing(f"comfy.k_diffusion.sampling.{name}")
