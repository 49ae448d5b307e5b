"""Sampling in parts: noise, guider, sampler and noise levels are chosen apart."""

from functools import partial

import torch

from engine.api import Bool, Choice, Conditioning, Context, Float, Latent, Model, Seed, node
from engine.api import Guider as GuiderSocket
from engine.api import Noise as NoiseSocket
from engine.api import Sampler as SamplerSocket
from engine.api import Sigmas as SigmasSocket
from engine.diffusion.guidance import Basic, Cfg, DualCfg, Guider, PerpNegRule, classic
from engine.diffusion.noise import NoiseSource, NoNoise, SeededNoise
from engine.diffusion.sample import sample_guided
from engine.diffusion.samplers import Sampler

from .sampling import Cfg as CfgWidget
from .sampling import reporter


@node(
    "SamplerCustom",
    category="sampling/custom_sampling",
    outputs=("output", "denoised_output"),
)
def sampler_custom(
    *,
    model: Model,
    add_noise: Bool() = True,
    noise_seed: Seed() = 0,
    cfg: CfgWidget = 8.0,
    positive: Conditioning,
    negative: Conditioning,
    sampler: SamplerSocket,
    sigmas: SigmasSocket,
    latent_image: Latent,
    ctx: Context,
) -> tuple[Latent, Latent]:
    """Denoise a latent with a sampler and noise levels of your own.

    Args:
        model: the denoiser.
        add_noise: off if the latent comes noisy from a sampler before.
        noise_seed: of the noise; the same seed gives the same picture.
        cfg: how strictly to follow the prompts; 1 ignores the negative one.
        positive: what to show.
        negative: what to avoid.
        sampler: the algorithm.
        sigmas: the noise levels to visit.
        latent_image: what to start from.
    """
    noise: NoiseSource = SeededNoise(noise_seed) if add_noise else NoNoise(noise_seed)
    guider = classic(positive, negative, model, cfg)
    return _sampled(guider, noise, sampler, sigmas, latent_image, ctx)


@node(
    "SamplerCustomAdvanced",
    category="sampling/custom_sampling",
    outputs=("output", "denoised_output"),
)
def sampler_custom_advanced(
    *,
    noise: NoiseSocket,
    guider: GuiderSocket,
    sampler: SamplerSocket,
    sigmas: SigmasSocket,
    latent_image: Latent,
    ctx: Context,
) -> tuple[Latent, Latent]:
    """Denoise a latent, every part of the sampling chosen freely.

    Args:
        noise: what to begin with.
        guider: the model and what it follows.
        sampler: the algorithm.
        sigmas: the noise levels to visit.
        latent_image: what to start from.
    """
    return _sampled(guider, noise, sampler, sigmas, latent_image, ctx)


def _sampled(
    guider: Guider,
    noise: NoiseSource,
    sampler: Sampler,
    sigmas: torch.Tensor,
    latent: Latent,
    ctx: Context,
) -> tuple[Latent, Latent]:
    return sample_guided(
        guider,
        latent,
        noise,
        sampler,
        sigmas,
        on_step=reporter(guider.model, ctx),
        checkpoints=ctx.resumable,
        batched=not ctx.tight,
    )


@node("RandomNoise", category="sampling/custom_sampling/noise", lane="host")
def random_noise(*, noise_seed: Seed() = 0, per_item: Bool(optional=True) = False) -> NoiseSocket:
    """Noise of a seed.

    Args:
        noise_seed: the same seed gives the same picture.
        per_item: picture k of a batch gets the noise of seed + k, so that it does not depend on
            its slot or on the size of the batch.
    """
    return SeededNoise(noise_seed, per_item)


@node("DisableNoise", category="sampling/custom_sampling/noise", lane="host")
def disable_noise() -> NoiseSocket:
    """No noise: for latents that are noisy already."""
    return NoNoise()


@node("AddNoise", category="_for_testing/custom_sampling/noise")
def add_noise(
    *, model: Model, noise: NoiseSocket, sigmas: SigmasSocket, latent_image: Latent
) -> Latent:
    """Add noise to a latent, as much as a run from the first to the last level would remove.

    Args:
        model: knows what a noise level means.
        noise: what to add.
        sigmas: noise levels; none leaves the latent as it is.
        latent_image: the latent.
    """
    if not len(sigmas):
        return latent_image
    sigma = abs(sigmas[0] - sigmas[-1]).item() if len(sigmas) > 1 else sigmas[0].item()
    form, samples = model.latent_format, latent_image["samples"]
    drawn = noise(latent_image).to(samples)
    noisy = form.unscaled(model.sampling.noised(form.scaled(samples), drawn, sigma))
    return {**latent_image, "samples": torch.nan_to_num(noisy, posinf=0.0, neginf=0.0)}


DualStyle = Choice(("regular", "nested"))
_guider = partial(node, category="sampling/custom_sampling/guiders", lane="host")


@_guider("BasicGuider")
def basic_guider(*, model: Model, conditioning: Conditioning) -> GuiderSocket:
    """Follow one conditioning as it is, without guidance.

    Args:
        model: the denoiser.
        conditioning: what to show.
    """
    return Guider(model, {"positive": conditioning}, Basic())


@_guider("CFGGuider")
def cfg_guider(
    *, model: Model, positive: Conditioning, negative: Conditioning, cfg: CfgWidget = 8.0
) -> GuiderSocket:
    """Follow one conditioning away from another.

    Args:
        model: the denoiser.
        positive: what to show.
        negative: what to avoid.
        cfg: how strictly to follow; 1 ignores the negative side.
    """
    return Guider(model, {"positive": positive, "negative": negative}, Cfg(cfg))


@_guider("DualCFGGuider")
def dual_cfg_guider(
    *,
    model: Model,
    cond1: Conditioning,
    cond2: Conditioning,
    negative: Conditioning,
    cfg_conds: CfgWidget = 8.0,
    cfg_cond2_negative: CfgWidget = 8.0,
    style: DualStyle,
) -> GuiderSocket:
    """Follow a first conditioning away from a second, and that away from a negative one.

    Args:
        model: the denoiser.
        cond1: what to show.
        cond2: what lies between it and the negative side, such as the picture to edit.
        negative: what to avoid.
        cfg_conds: how strictly to follow the first away from the second.
        cfg_cond2_negative: how strictly to follow the second away from the negative.
        style: regular adds both; nested guides by the result of the second.
    """
    sides = {"positive": cond1, "middle": cond2, "negative": negative}
    return Guider(model, sides, DualCfg(cfg_conds, cfg_cond2_negative, style == "nested"))


@node("PerpNegGuider", category="_for_testing", lane="host")
def perp_neg_guider(
    *,
    model: Model,
    positive: Conditioning,
    negative: Conditioning,
    empty_conditioning: Conditioning,
    cfg: CfgWidget = 8.0,
    neg_scale: Float(0.0, 100.0, step=0.01) = 1.0,
) -> GuiderSocket:
    """Avoid only that part of the negative prompt that the positive one does not ask for.

    Args:
        model: the denoiser.
        positive: what to show.
        negative: what to avoid.
        empty_conditioning: of an empty prompt.
        cfg: how strictly to follow.
        neg_scale: how strictly to avoid.
    """
    sides = {"positive": positive, "negative": negative, "empty": empty_conditioning}
    return Guider(model, sides, PerpNegRule(cfg, neg_scale))
