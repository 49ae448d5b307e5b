"""Wrappers of packs around a whole run: OUTER_SAMPLE, PREPARE_SAMPLING and SAMPLER_SAMPLE.

Invariant: what a wrapper passes on is what runs: another noise, latent, sampler, mask or
schedule takes the place of the job's own.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from torch import Tensor

from engine.diffusion.sample import Job, OnStep, Sampled

from .patcher_extension import WrapperExecutor, WrappersMP
from .samplers import GivenNoise, told_by

Kinds = Callable[[str], list[Callable[..., Any]]]


def run_wrapped(go: Callable[[Job], Sampled], job: Job, wrappers: Kinds) -> Sampled:
    """Run a job with wrappers around it.

    Args:
        go: runs it.
        job: what to do.
        wrappers: of a kind.
    """
    kinds = (WrappersMP.OUTER_SAMPLE, WrappersMP.SAMPLER_SAMPLE, WrappersMP.PREPARE_SAMPLING)
    if not any(wrappers(kind) for kind in kinds):
        return go(job)
    return _Wrapped(go, job, wrappers).run()


class _Wrapped:
    def __init__(self, go: Callable[[Job], Sampled], job: Job, wrappers: Kinds) -> None:
        self.go, self.job, self.wrappers = go, job, wrappers
        self.made: Sampled | None = None

    def run(self) -> Sampled:
        job = self.job
        guider = self._guider()
        noise = job.noise(job.latent)
        stage = WrapperExecutor(self._outer, guider, self.wrappers(WrappersMP.OUTER_SAMPLE))
        samples: Tensor = stage.execute(
            noise,
            job.latent["samples"],
            job.sampler,
            job.sigmas,
            job.latent.get("noise_mask"),
            _callback(job.on_step),
            False,
            job.noise.seed,
        )
        if self.made is None:  # a wrapper that never goes on decides alone
            alone = {**job.latent, "samples": samples}
            return alone, alone
        result, seen = self.made
        return {**result, "samples": samples}, seen

    def _guider(self) -> Any:
        from .guiders import shown_guider

        return shown_guider(self.job.guider)

    def _outer(
        self,
        noise: Tensor,
        latent_image: Tensor,
        sampler: Any,
        sigmas: Tensor,
        denoise_mask: Tensor | None = None,
        callback: Any = None,
        disable_pbar: bool = False,
        seed: int | None = None,
        **more: Any,
    ) -> Tensor:
        self._prepare(noise)
        latent = {k: v for k, v in self.job.latent.items() if k != "noise_mask"}
        latent["samples"] = latent_image
        latent |= {} if denoise_mask is None else {"noise_mask": denoise_mask}
        told = self.job.on_step if isinstance(callback, _Callback) else told_by(callback)
        given = GivenNoise(noise, self.job.noise.seed if seed is None else seed)
        job = replace(
            self.job, latent=latent, noise=given, sampler=sampler, sigmas=sigmas, on_step=told
        )
        wrappers = self.wrappers(WrappersMP.SAMPLER_SAMPLE)
        stage = WrapperExecutor(self._inner(job), sampler, wrappers)
        made: Tensor = stage.execute(
            sigmas, {"seed": given.seed}, callback, noise, latent_image, denoise_mask, disable_pbar
        )
        return made

    def _prepare(self, noise: Tensor) -> None:
        """Where a model would be brought to its device; here the engine does that itself."""
        wrappers = self.wrappers(WrappersMP.PREPARE_SAMPLING)
        patcher = self._guider().model_patcher
        WrapperExecutor(_prepared, None, wrappers).execute(patcher, noise.shape, {}, {})

    def _inner(self, job: Job) -> Callable[..., Tensor]:
        def sample(
            sigmas: Tensor,
            extra_args: Any = None,
            callback: Any = None,
            noise: Tensor | None = None,
            latent_image: Tensor | None = None,
            denoise_mask: Tensor | None = None,
            disable_pbar: bool = False,
            **more: Any,
        ) -> Tensor:
            changed = job.noise if noise is None else GivenNoise(noise, job.noise.seed)
            told = job.on_step if isinstance(callback, _Callback) else told_by(callback)
            self.made = self.go(replace(job, sigmas=sigmas, noise=changed, on_step=told))
            samples: Tensor = self.made[0]["samples"]
            return samples

        return sample


def _prepared(model: Any, noise_shape: Any, conds: Any, options: Any = None, *more: Any) -> Any:
    return model.model, conds, []


class _Callback:
    """What a job tells its steps to, in the form that packs pass on."""

    def __init__(self, on_step: OnStep) -> None:
        self.on_step = on_step

    def __call__(self, step: int, x0: Tensor, x: Tensor, total_steps: int) -> None:
        self.on_step(step + 1, total_steps, x0)


def _callback(on_step: OnStep) -> _Callback:
    return _Callback(on_step)
