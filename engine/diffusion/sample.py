"""A whole sampling run: noise, schedule, steps.

Invariant: the result depends on the arguments alone; two runs with equal arguments on one
device are bit-equal. Between steps, and only there, a run can be watched, saved and stopped.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from engine.errors import InvalidInput

from . import residency
from .compilation import compiled
from .conditioning import Conditioning, Situation, fit_mask, prepare, with_opposites
from .control import share_controls
from .evaluation import Evaluation, repeat_to_batch
from .gligen import share_boxes
from .guidance import GuidedDenoiser, Guider, classic
from .handles import Model
from .inpainting import MaskedDenoiser
from .noise import (
    BrownianNoise,
    Noise,
    NoiseSource,
    NoNoise,
    SeededNoise,
    SequentialNoise,
    initial_noise,
)
from .resume import Bookmarks, Checkpoints, bookmarks
from .samplers import SAMPLERS, Denoiser, Sampler, State, advance
from .samplers.growing import BySize
from .schedules import sigmas_for, window
from .streaming import streamer_of
from .variants import Variants

Latent = Mapping[str, Any]
#: Told (steps done, steps in all, clean latent as seen) after each step; may raise to cancel.
#: When a run goes on from a saved step it is told that step first, without a latent.
OnStep = Callable[[int, int, Tensor | None], None]

NO_MASK = (
    "This sampler changes the size of the latent on the way, but the latent has a noise mask, "
    "which keeps a part of it as it is. Remove the mask, or choose another sampler and upscale "
    "the latent afterwards."
)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Run:
    """A run laid out: everything but the state that moves through it.

    Attributes:
        sampler: the algorithm.
        sigmas: the noise levels it visits.
        denoise: model, conditions and mask.
        noise: for the samplers that draw some.
        start: the state before the first step.
    """

    sampler: Sampler
    sigmas: Sequence[float]
    denoise: Denoiser
    noise: Noise | None
    start: State

    def states(self, start: State | None = None) -> Iterator[tuple[State, Tensor]]:
        """States after each step, with the clean latents seen; from any state of this run on."""
        state = start or self.start
        while not self.sampler.is_done(state, self.sigmas):
            with torch.no_grad():
                state, denoised = advance(
                    self.sampler, state, self.sigmas, self.denoise, self.noise
                )
            yield state, denoised


def sample(
    model: Model,
    latent: Latent,
    positive: Conditioning,
    negative: Conditioning,
    *,
    seed: int,
    steps: int,
    cfg: float,
    sampler: str,
    scheduler: str,
    denoise: float = 1.0,
    start_step: int = 0,
    last_step: int | None = None,
    add_noise: bool = True,
    force_full_denoise: bool = False,
    on_step: OnStep | None = None,
    checkpoints: Checkpoints | None = None,
    batched: bool = True,
) -> dict[str, Any]:
    """Denoise a latent.

    Args:
        model: the denoiser.
        latent: ``samples`` (``b c h w``, unscaled), perhaps ``noise_mask`` and ``batch_index``.
        positive: what the picture shall show.
        negative: what it shall not.
        seed: of all noise.
        steps: of the schedule.
        cfg: strength of guidance.
        sampler: a name of ``SAMPLERS``.
        scheduler: a name of ``SCHEDULERS``.
        denoise: part of the schedule to run, from its end.
        start_step: steps of the schedule to leave out at its beginning.
        last_step: step to stop before.
        add_noise: False if the latent is noisy already.
        force_full_denoise: end at zero noise even if stopped early.
        on_step: watches, and may cancel by raising.
        checkpoints: where the run leaves its state now and then, and goes on from.
        batched: False evaluates one condition at a time, which takes the least memory.

    Returns:
        The latent with new ``samples`` on the model's device; its other entries stay.
    """
    algorithm = SAMPLERS[sampler]
    schedule = sigmas_for(model.sampling, scheduler, steps, denoise, algorithm.skip_penultimate)
    sigmas = window(schedule, start_step, last_step, force_full_denoise)
    guider = classic(positive, negative, model, cfg)
    noise = SeededNoise(seed) if add_noise else NoNoise(seed)
    result, _ = sample_guided(
        guider,
        latent,
        noise,
        algorithm,
        sigmas,
        on_step=on_step,
        checkpoints=checkpoints,
        batched=batched,
    )
    return result


@dataclass(frozen=True)
class Job:
    """What a run is asked to do.

    Attributes:
        guider: model, conditionings and how they are put together.
        latent: ``samples`` (``b c h w``, unscaled), perhaps ``noise_mask`` and ``batch_index``.
        noise: gives the noise to start from.
        sampler: the algorithm.
        sigmas: noise levels, descending.
        on_step: watches, and may cancel by raising.
    """

    guider: Guider
    latent: Latent
    noise: NoiseSource
    sampler: Sampler
    sigmas: Tensor
    on_step: OnStep


#: The latent behind the last step, and the same with what was seen in it.
Sampled = tuple[dict[str, Any], dict[str, Any]]


def sample_guided(
    guider: Guider,
    latent: Latent,
    noise: NoiseSource,
    sampler: Sampler,
    sigmas: Tensor,
    on_step: OnStep | None = None,
    checkpoints: Checkpoints | None = None,
    batched: bool = True,
) -> Sampled:
    """Denoise a latent, every part of the run chosen freely.

    Args:
        guider: model, conditionings and how they are put together.
        latent: ``samples`` (``b c h w``, unscaled), perhaps ``noise_mask`` and ``batch_index``.
        noise: gives the noise to start from; its seed is also that of all later noise.
        sampler: the algorithm.
        sigmas: noise levels, descending; fewer than two leave the latent as it is.
        on_step: watches, and may cancel by raising.
        checkpoints: where the run leaves its state now and then, and goes on from.
        batched: False evaluates one condition at a time, which takes the least memory.

    Returns:
        The latent behind the last step, and the same with the clean latent that was seen in
        the last step; both unscaled, on the model's device; their other entries stay.
    """
    if len(sigmas) < 2:
        return dict(latent), dict(latent)
    model = guider.model
    guider = replace(guider, model=replace(model, hooks=model.hooks.translated(model)))
    go: Callable[[Job], Sampled] = partial(_go, checkpoints=checkpoints, batched=batched)
    for wrap in guider.model.hooks.run:
        go = partial(wrap, go)
    return go(Job(guider, latent, noise, sampler, sigmas, on_step or (lambda *step: None)))


def _go(job: Job, checkpoints: Checkpoints | None, batched: bool) -> Sampled:
    model, sampler = job.guider.model, job.sampler
    run = lay_out(job.guider, job.latent, job.noise, sampler, job.sigmas, batched)
    resumable = checkpoints is not None and not model.hooks.remembers and sampler.loop is None
    marks = bookmarks(checkpoints, sampler.name, run.sigmas, run.start) if resumable else None
    if sampler.loop is not None:
        with torch.no_grad():
            x, denoised = sampler.loop(run.denoise, run.start.x, job.sigmas, job.on_step)
    else:
        x, denoised = _walk(run, job.on_step, marks)
    x = model.sampling.finished(x, run.sigmas[-1])
    unscaled, rest = model.latent_format.unscaled, job.latent
    return {**rest, "samples": unscaled(x)}, {**rest, "samples": unscaled(denoised)}


def _walk(run: Run, on_step: OnStep, marks: Bookmarks | None) -> tuple[Tensor, Tensor]:
    """The latent behind the last step, and what was seen in it.

    The steps that an earlier run saved are not taken.
    """
    start = marks.last(run.start) if marks else run.start
    if start.step:
        done, total = run.sampler.progress(start, run.sigmas)
        # A warning, because lesser lines of a worker are not shown, and the user must know.
        log.warning("going on at step %d of %d, saved by an earlier run", done, total)
        on_step(done, total, None)
    state, denoised = start, start.x
    for state, denoised in run.states(start):
        if marks and not run.sampler.is_done(state, run.sigmas):
            marks.mark(state)
        on_step(*run.sampler.progress(state, run.sigmas), denoised)
    return state.x, denoised


def lay_out(
    guider: Guider,
    latent: Latent,
    noise: NoiseSource,
    sampler: Sampler,
    sigmas: Tensor,
    batched: bool = True,
) -> Run:
    """Prepare a run: networks, conditions and tensors on the device; no step is taken."""
    model, levels = guider.model, sigmas.tolist()
    if sampler.fit:
        sampler, levels = sampler.fit(model.sampling, levels)
    samples = fix_empty_channels(latent["samples"], model.latent_format.channels)
    _check_fit(model, samples, [e for c in guider.conditionings.values() for e in c])
    network = residency.load(model.weights, model.patches)
    weight = next(network.parameters())
    x0 = model.latent_format.scaled(samples.to(weight.device, torch.float32))
    start_noise = noise({**latent, "samples": samples}).to(x0)
    mask = _mask(latent, x0)
    if mask is not None and sampler.growth:
        raise InvalidInput(NO_MASK)
    situation = Situation(
        model.sampling,
        x0,
        weight,
        seed=noise.seed,
        mask=mask,
        scale=model.latent_format.downscale,
        latent_scale=model.latent_format.scale,
        model=model,
        levels=tuple(levels),
    )
    hooks = model.hooks.add(both_sides=True) if sampler.both_sides else model.hooks
    backend = hooks.compiled or residency.residency().limits.compiled
    ready = partial(_ready, backend=backend)
    evaluate = Evaluation(
        ready(network),
        model.sampling,
        weight.dtype,
        hooks,
        batched,
        tuple(levels),
        variant=Variants(model, ready),
    )
    seen_by = partial(_seen_by, guider, situation, evaluate)
    denoise: Denoiser = BySize(seen_by, x0) if sampler.growth else seen_by(x0)
    if mask is not None:
        kept = _noise_of_kept_area(start_noise, sampler, noise.seed)
        denoise = MaskedDenoiser(denoise, model.sampling, mask, x0, kept, hooks.mask, tuple(levels))
    x = model.sampling.noised(x0, start_noise, levels[0])
    drawn = _step_noise(sampler, x, sigmas, noise.seed)
    return Run(sampler, levels, denoise, drawn, State(x))


def _seen_by(
    guider: Guider, situation: Situation, evaluate: Evaluation, latent: Tensor
) -> GuidedDenoiser:
    """The denoiser for latents of one size, with the conditions made ready for it."""
    model = guider.model
    given = share_boxes(share_controls({**guider.conditionings, **model.hooks.sides}))
    here = replace(situation, latent=latent, controls={})
    sides = {
        role: prepare(conditioning, replace(here, role=role), model.inputs)
        for role, conditioning in given.items()
    }
    return GuidedDenoiser(evaluate, with_opposites(sides), guider.rule)


def _ready(network: nn.Module, backend: str | None) -> nn.Module:
    if backend and streamer_of(network) is None:  # layers that come and go are no graph
        return compiled(network, backend)
    return network


def _mask(latent: Latent, x0: Tensor) -> Tensor | None:
    if latent.get("noise_mask") is None:
        return None
    return repeat_to_batch(fit_mask(latent["noise_mask"], x0), len(x0))


def _check_fit(model: Model, samples: Tensor, entries: Sequence[Sequence[Any]]) -> None:
    """Refuse what belongs to another family, before it fails deep inside the network."""
    if samples.shape[1] != model.latent_format.channels:
        raise InvalidInput(
            f"The latent has {samples.shape[1]} channels, but the model denoises "
            f"{model.latent_format.channels}: it was made for another family of models. Encode "
            "the picture with the VAE that belongs to this model."
        )
    for vectors, _ in entries:
        if vectors.shape[-1] != model.context_dim:
            if 0 in (vectors.shape[-1], model.context_dim):
                raise InvalidInput(_alone_or_not(model))
            raise InvalidInput(
                f"The prompt was encoded to vectors of {vectors.shape[-1]} numbers, but the "
                f"model reads {model.context_dim}: text encoder and model belong to different "
                "families. Encode the prompt with the text encoder of this model's checkpoint."
            )


def _alone_or_not(model: Model) -> str:
    if model.context_dim:
        return (
            "The conditioning is of a node for models that follow no prompts, but this model "
            f"reads vectors of {model.context_dim} numbers. Encode a prompt with the text encoder "
            "of its checkpoint."
        )
    return (
        "This model follows no prompts. Connect the node Unconditional Conditioning, or the one "
        "for its task: Latent Inpainting, Latent Super-Resolution or Segmentation Conditioning."
    )


def fix_empty_channels(samples: Tensor, channels: int) -> Tensor:
    """An all-zero latent of another family gets the channels of this one."""
    if samples.shape[1] == channels or samples.any():
        return samples
    return samples.new_zeros(samples.shape[0], channels, *samples.shape[2:])


def _noise_of_kept_area(noise: Tensor, sampler: Sampler, seed: int) -> Tensor:
    if sampler.inpaint_seed_offset == 0:
        return noise
    return initial_noise(noise.shape, seed + sampler.inpaint_seed_offset).to(noise)


def _shapes(sampler: Sampler, x: Tensor, total: int) -> Callable[[int], Sequence[int]] | None:
    """The shapes of a run's draws, one in each step, if its latents grow."""
    if sampler.growth is None:
        return None
    return lambda draw: sampler.growth.shape(x.shape, draw, total)


def _step_noise(sampler: Sampler, x: Tensor, sigmas: Tensor, seed: int) -> Noise | None:
    if sampler.noise == "none":
        return None
    if sampler.noise == "sequential":
        return SequentialNoise(x, seed, _shapes(sampler, x, len(sigmas) - 1))
    return BrownianNoise(x, sigmas, seed, on_device=sampler.noise == "brownian_on_device")
