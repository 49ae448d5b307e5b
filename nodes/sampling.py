"""Samplers: from noise to a latent that shows what was asked for."""

from functools import partial
from typing import Any

from engine.api import Choice, Conditioning, Context, Float, Growing, Int, Latent, Model, Seed, node
from engine.diffusion.preview import decoder_of, preview
from engine.diffusion.sample import OnStep, sample
from engine.diffusion.samplers import SAMPLERS
from engine.diffusion.schedules import SCHEDULERS

Steps = Int(1, 10000)
Cfg = Float(0.0, 100.0, step=0.1, round=0.01)
SamplerName = Choice(Growing(SAMPLERS))
SchedulerName = Choice(Growing(SCHEDULERS))


@node("KSampler", category="sampling")
def ksampler(
    *,
    model: Model,
    seed: Seed() = 0,
    steps: Steps = 20,
    cfg: Cfg = 8.0,
    sampler_name: SamplerName,
    scheduler: SchedulerName,
    positive: Conditioning,
    negative: Conditioning,
    latent_image: Latent,
    denoise: Float(0.0, 1.0, step=0.01) = 1.0,
    ctx: Context,
) -> Latent:
    """Denoise a latent under the guidance of two prompts.

    Args:
        model: the denoiser.
        seed: of the noise; the same seed gives the same picture.
        steps: more take longer and get closer to the model's picture.
        cfg: how strictly to follow the prompts; 1 ignores the negative one.
        sampler_name: the algorithm that takes the steps.
        scheduler: how noise levels are spread over the steps.
        positive: what to show.
        negative: what to avoid.
        latent_image: what to start from; an empty latent for a new picture.
        denoise: how much of it to replace; 1 is all.
    """
    return sample(
        model,
        latent_image,
        positive,
        negative,
        seed=seed,
        steps=steps,
        cfg=cfg,
        sampler=sampler_name,
        scheduler=scheduler,
        denoise=denoise,
        on_step=reporter(model, ctx),
        checkpoints=ctx.resumable,
        batched=not ctx.tight,
    )


@node("KSamplerAdvanced", category="sampling", title="KSampler (Advanced)")
def ksampler_advanced(
    *,
    model: Model,
    add_noise: Choice(("enable", "disable")),
    noise_seed: Seed() = 0,
    steps: Steps = 20,
    cfg: Cfg = 8.0,
    sampler_name: SamplerName,
    scheduler: SchedulerName,
    positive: Conditioning,
    negative: Conditioning,
    latent_image: Latent,
    start_at_step: Int(0, 10000) = 0,
    end_at_step: Int(0, 10000) = 10000,
    return_with_leftover_noise: Choice(("disable", "enable")),
    ctx: Context,
) -> Latent:
    """Take some of the steps of a schedule, so that several samplers can share one.

    Args:
        model: the denoiser.
        add_noise: disable it if the latent comes noisy from a sampler before.
        noise_seed: of the noise; the same seed gives the same picture.
        steps: of the whole schedule.
        cfg: how strictly to follow the prompts; 1 ignores the negative one.
        sampler_name: the algorithm that takes the steps.
        scheduler: how noise levels are spread over the steps.
        positive: what to show.
        negative: what to avoid.
        latent_image: what to start from.
        start_at_step: steps before it are left out.
        end_at_step: stop before this step.
        return_with_leftover_noise: enable it if another sampler goes on.
    """
    return sample(
        model,
        latent_image,
        positive,
        negative,
        seed=noise_seed,
        steps=steps,
        cfg=cfg,
        sampler=sampler_name,
        scheduler=scheduler,
        start_step=start_at_step,
        last_step=end_at_step,
        add_noise=add_noise == "enable",
        force_full_denoise=return_with_leftover_noise == "disable",
        on_step=reporter(model, ctx),
        checkpoints=ctx.resumable,
        batched=not ctx.tight,
    )


def reporter(model: Model, ctx: Context) -> OnStep:
    """Progress and a preview after each step; raises if the run was cancelled."""
    form = model.latent_format
    show = partial(preview, form=form, decoder=decoder_of(form))

    def report(step: int, total: int, denoised: Any) -> None:
        ctx.progress(step, total, partial(show, denoised) if denoised is not None else None)

    return report
