"""``comfy.samplers`` and ``comfy.sample``: names of samplers, schedules, and whole runs."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from engine.api import register_sampler, register_scheduler
from engine.diffusion.guidance import classic
from engine.diffusion.noise import initial_noise
from engine.diffusion.parameterization import Sampling
from engine.diffusion.sample import OnStep, sample_guided
from engine.diffusion.samplers import SAMPLERS, Sampler
from engine.diffusion.schedules import SCHEDULERS, sigmas_for, window

from .faces import take_off
from .guiders import CFGGuider, calc_cond_batch, cfg_function, sampling_function
from .latent_preview import watcher
from .loops import KSAMPLER
from .model_sampling import shown, taken

__all__ = ["KSAMPLER", "CFGGuider", "calc_cond_batch", "cfg_function", "sampling_function"]

SAMPLER_NAMES = list(SAMPLERS)
KSAMPLER_NAMES = SAMPLER_NAMES
SCHEDULER_NAMES = list(SCHEDULERS)
SCHEDULER_HANDLERS: dict[str, Any] = dict(SCHEDULERS)
_SKIPPING = {name for name, sampler in SAMPLERS.items() if sampler.skip_penultimate}

#: Told ``(step, clean latent, noisy latent, steps)``; the clean one stands for both.
Callback = Callable[[int, Tensor, Tensor, int], Any]


@dataclass(frozen=True)
class GivenNoise:
    """Noise that somebody made already.

    Attributes:
        noise: ``b c h w``.
        seed: of the noise that samplers draw on the way.
    """

    noise: Tensor
    seed: int = 0

    def __call__(self, latent: Mapping[str, Any]) -> Tensor:
        return self.noise.cpu()


class SchedulerHandler(NamedTuple):
    """A scheduler that a pack adds.

    Attributes:
        handler: gives the noise levels.
        use_ms: it is called ``(model_sampling, steps)``; else ``(n, sigma_min, sigma_max)``.
    """

    handler: Callable[..., Tensor]
    use_ms: bool = True

    def levels(self, model: Sampling, steps: int) -> Tensor:
        """The noise levels of a schedule."""
        if self.use_ms:
            return self.handler(shown(model), steps)
        return self.handler(n=steps, sigma_min=model.sigma_min, sigma_max=model.sigma_max)


def adopt_names() -> None:
    """Offer what packs wrote into the lists of names, where there is a function for it."""
    loops = importlib.import_module("comfy.k_diffusion.sampling")
    for name in (*KSampler.SAMPLERS, *SAMPLER_NAMES):
        loop = vars(loops).get(f"sample_{name}")
        if loop is not None and (name not in SAMPLERS or SAMPLERS[name].loop is not None):
            register_sampler(name, KSAMPLER(loop).own(), loop)
    for name, handler in SCHEDULER_HANDLERS.items():
        if name not in SCHEDULERS or isinstance(handler, SchedulerHandler):
            made = handler if isinstance(handler, SchedulerHandler) else SchedulerHandler(handler)
            register_scheduler(name, made.levels, made.handler)


class KSampler:
    """A sampler with its schedule.

    Attributes:
        sigmas: noise levels of the run.
    """

    SAMPLERS = SAMPLER_NAMES
    SCHEDULERS = SCHEDULER_NAMES
    DISCARD_PENULTIMATE_SIGMA_SAMPLERS = frozenset(_SKIPPING)

    def __init__(
        self,
        model: Any,
        steps: int,
        device: Any = None,
        sampler: str | None = None,
        scheduler: str | None = None,
        denoise: float | None = None,
        model_options: Any = None,
    ) -> None:
        self.model, self.steps, self.denoise = model, steps, 1.0 if denoise is None else denoise
        self.sampler = sampler or SAMPLER_NAMES[0]
        self.scheduler = scheduler or SCHEDULER_NAMES[0]
        skip = SAMPLERS[self.sampler].skip_penultimate
        self.sigmas = sigmas_for(
            take_off(model).sampling, self.scheduler, steps, self.denoise, skip
        )

    def sample(
        self,
        noise: Tensor,
        positive: Any,
        negative: Any,
        cfg: float,
        latent_image: Tensor,
        start_step: int | None = None,
        last_step: int | None = None,
        force_full_denoise: bool = False,
        denoise_mask: Tensor | None = None,
        sigmas: Tensor | None = None,
        callback: Callback | None = None,
        disable_pbar: bool = False,
        seed: int | None = None,
    ) -> Tensor:
        """Denoise; ``b c h w`` in and out, unscaled."""
        levels = self.sigmas if sigmas is None else sigmas
        levels = window(levels, start_step or 0, last_step, force_full_denoise)
        algorithm = SAMPLERS[self.sampler]
        return sample_custom(
            self.model,
            noise,
            cfg,
            algorithm,
            levels,
            positive,
            negative,
            latent_image,
            denoise_mask,
            callback,
            disable_pbar,
            seed,
        )


def sampler_object(name: str) -> Sampler:
    """The algorithm of a name."""
    return SAMPLERS[name]


def ksampler(sampler_name: str, extra_options: Any = None, inpaint_options: Any = None) -> Sampler:
    """The algorithm of a name; options are those of the sampler nodes, not given here.

    Raises:
        MissingSymbol: options are given.
    """
    if extra_options or inpaint_options:
        from .missing import Missing

        Missing("comfy.samplers.ksampler with options")()
    return SAMPLERS[sampler_name]


def calculate_sigmas(model_sampling: Any, scheduler_name: str, steps: int) -> Tensor:
    """The noise levels of a schedule."""
    return sigmas_for(taken(model_sampling), scheduler_name, steps)


def prepare_noise(latent_image: Tensor, seed: int, noise_inds: Any = None) -> Tensor:
    """The noise of a seed for a latent ``b c h w``, on the CPU."""
    index = None if noise_inds is None else [int(i) for i in noise_inds]
    return initial_noise(latent_image.shape, seed, index)


def fix_empty_latent_channels(model: Any, latent_image: Tensor, *more: Any) -> Tensor:
    """An empty latent with the channels that the model has; any other as it is."""
    channels = take_off(model).latent_format.channels
    if latent_image.shape[1] == channels or latent_image.count_nonzero():
        return latent_image
    shape = (latent_image.shape[0], channels, *latent_image.shape[2:])
    return torch.zeros(shape, dtype=latent_image.dtype, device=latent_image.device)


def sample(
    model: Any,
    noise: Tensor,
    steps: int,
    cfg: float,
    sampler_name: str,
    scheduler: str,
    positive: Any,
    negative: Any,
    latent_image: Tensor,
    denoise: float = 1.0,
    disable_noise: bool = False,
    start_step: int | None = None,
    last_step: int | None = None,
    force_full_denoise: bool = False,
    noise_mask: Tensor | None = None,
    sigmas: Tensor | None = None,
    callback: Callback | None = None,
    disable_pbar: bool = False,
    seed: int | None = None,
) -> Tensor:
    """Denoise with noise that was made already; ``b c h w`` in and out, unscaled."""
    run = KSampler(model, steps, None, sampler_name, scheduler, denoise)
    return run.sample(
        torch.zeros_like(noise) if disable_noise else noise,
        positive,
        negative,
        cfg,
        latent_image,
        start_step,
        last_step,
        force_full_denoise,
        noise_mask,
        sigmas,
        callback,
        disable_pbar,
        seed,
    )


def sample_custom(
    model: Any,
    noise: Tensor,
    cfg: float,
    sampler: Sampler,
    sigmas: Tensor,
    positive: Any,
    negative: Any,
    latent_image: Tensor,
    noise_mask: Tensor | None = None,
    callback: Callback | None = None,
    disable_pbar: bool = False,
    seed: int | None = None,
) -> Tensor:
    """Denoise over given noise levels; ``b c h w`` in and out, unscaled."""
    latent = {"samples": latent_image}
    if noise_mask is not None:
        latent["noise_mask"] = noise_mask
    own = take_off(model)
    guider, given = classic(positive, negative, own, cfg), GivenNoise(noise, seed or 0)
    told = watcher(model) if callback is None else told_by(callback)
    result, _ = sample_guided(guider, latent, given, take_off(sampler), sigmas, on_step=told)
    return result["samples"]


def told_by(callback: Callback) -> OnStep:
    """What a run tells its steps to, from a function of a pack."""

    def on_step(done: int, total: int, denoised: Tensor | None) -> None:
        if denoised is not None:
            callback(done - 1, denoised, denoised, total)

    return on_step
