"""The diffusion process of the embedded model: noise schedule, training loss, a plain sampler.

The schedule is Stable Diffusion's, so that the shipped file needs no settings of its own.
"""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

STEPS = 1000
LATENT_SCALE = 0.18215
Denoiser = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(noisy latent b c h w, timesteps b, context b n d) -> predicted noise b c h w."""


def signal_levels() -> Tensor:
    """Cumulative product of 1 - beta, linear in the root of beta, (1000,)."""
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, STEPS, dtype=torch.float64) ** 2
    return (1 - betas).cumprod(0).float()


def min_snr_weights(gamma: float = 5.0) -> Tensor:
    """Weight of each timestep's noise error: min(SNR, gamma) / SNR (Hang et al. 2023, 3.4)."""
    alpha = signal_levels()
    snr = alpha / (1 - alpha)
    return snr.clamp(max=gamma) / snr


def draw_timesteps(count: int, g: Generator) -> tuple[Tensor, Tensor]:
    """Timesteps drawn where the loss weighs, and what is left of the weight for each.

    Almost clean pictures hardly count under min-SNR, so drawing them evenly would waste a fifth
    of the steps. The expected gradient is the same.
    """
    weights = min_snr_weights()
    odds = weights + 0.1
    t = torch.multinomial(odds, count, replacement=True, generator=g)
    return t, (weights / odds * odds.mean() / weights.mean())[t]


def noised(z: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    """The forward process in one jump (Ho et al. 2020, equation 4)."""
    alpha = signal_levels()[t].view(-1, 1, 1, 1)
    return alpha.sqrt() * z + (1 - alpha).sqrt() * noise


def noise_loss(model: Denoiser, z: Tensor, context: Tensor, g: Generator) -> Tensor:
    """Weighted squared error of the predicted noise over one batch of latents."""
    t, weight = draw_timesteps(len(z), g)
    noise = torch.randn(z.shape, generator=g)
    error = F.mse_loss(model(noised(z, t, noise), t, context).float(), noise, reduction="none")
    return (error.mean((1, 2, 3)) * weight).mean()


def guided(
    model: Denoiser, x: Tensor, t: int, context: Tensor, empty: Tensor, cfg: float
) -> Tensor:
    """Classifier-free guidance with both halves in one batch (Ho and Salimans 2022)."""
    both = torch.cat([context, empty.expand_as(context)])
    eps, eps_empty = model(torch.cat([x, x]), torch.full((2 * len(x),), t), both).float().chunk(2)
    return eps_empty + cfg * (eps - eps_empty)


@torch.no_grad()
def sample(
    model: Denoiser, noise: Tensor, context: Tensor, empty: Tensor, steps: int = 25, cfg: float = 3
) -> Tensor:
    """Deterministic DDIM (Song et al. 2021, equation 12 with sigma 0) from noise to latent."""
    alphas = signal_levels()
    times = torch.linspace(STEPS - 1, 0, steps + 1).long().tolist()
    x = noise
    for t, t_next in pairwise(times):
        a, a_next = alphas[t], alphas[t_next] if t_next else torch.tensor(1.0)
        eps = guided(model, x, t, context, empty, cfg)
        clean = (x - (1 - a).sqrt() * eps) / a.sqrt()
        x = a_next.sqrt() * clean + (1 - a_next).sqrt() * eps
    return x
