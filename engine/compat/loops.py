"""Sampling algorithms that packs write as loops over all steps, and ours in that form.

The form is that of k-diffusion: ``sample(model, x, sigmas, extra_args, callback, disable)``, where
``model(x, sigma, **extra_args)`` gives clean latents and sigma has a number for each item.

Invariant: a loop of a pack runs inside of a run of ours, so that it is watched and cancelled as
any other; it cannot be saved between steps, and starts anew after a crash.
"""

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor

from engine.diffusion.noise import SequentialNoise
from engine.diffusion.sample import OnStep
from engine.diffusion.samplers import SAMPLERS, Denoiser, Sampler, Seen, State, advance

Loop = Callable[..., Tensor]


class KSAMPLER:
    """A sampler that is a loop.

    Attributes:
        sampler_function: the loop.
        extra_options: more arguments for it.
        inpaint_options: not asked.
    """

    def __init__(
        self,
        sampler_function: Loop,
        extra_options: Mapping[str, Any] | None = None,
        inpaint_options: Mapping[str, Any] | None = None,
    ) -> None:
        self.sampler_function = sampler_function
        self.extra_options = dict(extra_options or {})
        self.inpaint_options = dict(inpaint_options or {})

    def own(self) -> Sampler:
        """As the engine's sampler."""
        loop = self.sampler_function
        name = f"{getattr(loop, '__module__', '')}.{getattr(loop, '__qualname__', repr(loop))}"
        return Sampler(_never, name=name, loop=partial(_run_loop, loop, self.extra_options))


def _never(step: Any) -> State:
    raise TypeError("A sampler that is a loop takes no single steps.")


class _Model:
    """The denoiser of a run, as loops call it.

    Attributes:
        inner_model: what loops look for noise levels in.
    """

    def __init__(self, denoise: Denoiser, base: Any) -> None:
        self.denoise, self.base = denoise, base
        self.inner_model = self
        self.model_sampling = None if base is None else base.model_sampling
        self.model_patcher = None
        self.model_options: dict[str, Any] = {}
        self.last: Seen | None = None

    def __call__(
        self,
        x: Tensor,
        sigma: Tensor,
        denoise_mask: Any = None,
        model_options: Mapping[str, Any] | None = None,
        seed: int | None = None,
        **more: Any,
    ) -> Tensor:
        level = float(sigma.flatten()[0])
        found = self.denoise(x, level)
        self.last = found if isinstance(found, Seen) else Seen(found, found)
        denoised = self.last.denoised
        for function in (model_options or {}).get("sampler_post_cfg_function", ()):
            denoised = function(
                {
                    "denoised": denoised,
                    "cond": None,
                    "uncond": None,
                    "cond_denoised": denoised,
                    "uncond_denoised": self.last.uncond,
                    "cond_scale": 1.0,
                    "model": self.base,
                    "sigma": sigma,
                    "timestep": sigma,
                    "input": x,
                    "model_options": model_options,
                }
            )
        return denoised


def _run_loop(
    loop: Loop,
    options: Mapping[str, Any],
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    on_step: OnStep,
) -> tuple[Tensor, Tensor]:
    model, last, total = _Model(denoise, _base_of(denoise)), [x], len(sigmas) - 1

    def told(said: Mapping[str, Any]) -> None:
        last[0] = said["denoised"]
        on_step(min(int(said["i"]) + 1, total), total, said["denoised"])

    arguments = {"extra_args": {"model_options": {}, "seed": None}, "callback": told, **options}
    known = inspect.signature(loop).parameters
    if "disable" in known:
        arguments["disable"] = True
    made = loop(model, x, sigmas.to(x.device), **arguments)
    return made, last[0]


def _base_of(denoise: Any) -> Any:
    from .model_base import base_model

    inner = getattr(denoise, "denoise", denoise)  # behind a noise mask
    handle = getattr(getattr(inner, "evaluate", None), "variant", None)
    return base_model(handle.model) if handle is not None else None


def as_loop(name: str) -> Loop:
    """One of our samplers as a loop, ``sample_NAME``."""
    sampler = SAMPLERS[name]

    @torch.no_grad()
    def sample(
        model: Callable[..., Tensor],
        x: Tensor,
        sigmas: Tensor,
        extra_args: Mapping[str, Any] | None = None,
        callback: Callable[..., Any] | None = None,
        disable: bool | None = None,
        **more: Any,
    ) -> Tensor:
        extra, levels = dict(extra_args or {}), sigmas.tolist()
        seed = int(extra.get("seed") or 0)

        def denoise(x: Tensor, sigma: float) -> Tensor:
            return model(x, x.new_full((x.shape[0],), sigma), **extra)

        noise = SequentialNoise(x, seed) if sampler.noise != "none" else None
        state = State(x)
        while not sampler.is_done(state, levels):
            i, before = state.step, state.x
            state, seen = advance(sampler, state, levels, denoise, noise)
            if callback is not None:
                level = sigmas[min(i, len(levels) - 1)]
                told = {"x": before, "i": i, "sigma": level, "sigma_hat": level}
                callback({**told, "denoised": seen})
        return state.x

    sample.__name__ = sample.__qualname__ = f"sample_{name}"
    return sample
