"""Noise levels: schedules as values, and operations on them."""

from functools import partial

from engine.api import Bool, Choice, Float, Int, Latent, Model, node
from engine.api import Sigmas as SigmasSocket
from engine.diffusion import levels
from engine.diffusion.schedules import beta, by_tokens, sigmas_for
from engine.diffusion.trajectories import gits

from .sampling import SchedulerName

Steps = Int(1, 10000)
Denoise = Float(0.0, 1.0, step=0.01)
Level = Float(0.0, 5000.0, step=0.01, round=False)
_scheduler = partial(node, category="sampling/custom_sampling/schedulers", lane="host")
_sigmas = partial(node, category="sampling/custom_sampling/sigmas", lane="host")


@_scheduler("BasicScheduler")
def basic_scheduler(
    *, model: Model, scheduler: SchedulerName, steps: Steps = 20, denoise: Denoise = 1.0
) -> SigmasSocket:
    """The noise levels of a scheduler, for a model.

    Args:
        model: whose noise levels.
        scheduler: how they are spread.
        steps: how many.
        denoise: part of the schedule to run; the steps stay as many.
    """
    return sigmas_for(model.sampling, scheduler, steps, denoise)


@_scheduler("KarrasScheduler")
def karras_scheduler(
    *,
    steps: Steps = 20,
    sigma_max: Level = 14.614642,
    sigma_min: Level = 0.0291675,
    rho: Float(0.0, 100.0, step=0.01, round=False) = 7.0,
) -> SigmasSocket:
    """Levels that crowd where there is little noise (Karras et al. 2022).

    Args:
        steps: how many.
        sigma_max: the first.
        sigma_min: the last before zero.
        rho: how much they crowd.
    """
    return levels.karras(steps, sigma_max, sigma_min, max(rho, 0.01))


@_scheduler("ExponentialScheduler")
def exponential_scheduler(
    *, steps: Steps = 20, sigma_max: Level = 14.614642, sigma_min: Level = 0.0291675
) -> SigmasSocket:
    """Levels at equal ratios.

    Args:
        steps: how many.
        sigma_max: the first.
        sigma_min: the last before zero.
    """
    return levels.polyexponential(steps, max(sigma_max, 1e-6), max(sigma_min, 1e-6), 1.0)


@_scheduler("LTXVScheduler")
def ltxv_scheduler(
    *,
    steps: Steps = 20,
    max_shift: Float(0.0, 100.0, step=0.01) = 2.05,
    base_shift: Float(0.0, 100.0, step=0.01) = 0.95,
    stretch: Bool() = True,
    terminal: Float(0.0, 0.99, step=0.01) = 0.1,
    latent: Latent = None,
) -> SigmasSocket:
    """Levels of a flow that stay high for longer, the larger the latent.

    Args:
        steps: how many.
        max_shift: for a latent of 4096 cells.
        base_shift: for one of 1024.
        stretch: let the last level before zero be the terminal one.
        terminal: that level.
        latent: gives the number of cells; 4096 if nothing is connected.
    """
    tokens = 4096 if latent is None else latent["samples"][0, 0].numel()
    return by_tokens(steps, tokens, base_shift, max_shift, terminal if stretch else None)


@_scheduler("PolyexponentialScheduler")
def polyexponential_scheduler(
    *,
    steps: Steps = 20,
    sigma_max: Level = 14.614642,
    sigma_min: Level = 0.0291675,
    rho: Float(0.0, 100.0, step=0.01, round=False) = 1.0,
) -> SigmasSocket:
    """Levels whose ratios change with a power.

    Args:
        steps: how many.
        sigma_max: the first.
        sigma_min: the last before zero.
        rho: 1 is exponential; more crowds at the end.
    """
    return levels.polyexponential(steps, max(sigma_max, 1e-6), max(sigma_min, 1e-6), rho)


@_scheduler("VPScheduler")
def vp_scheduler(
    *,
    steps: Steps = 20,
    beta_d: Level = 19.9,
    beta_min: Level = 0.1,
    eps_s: Float(0.0, 1.0, step=0.0001, round=False) = 0.001,
) -> SigmasSocket:
    """Levels of the variance preserving diffusion at equal times.

    Args:
        steps: how many.
        beta_d: how fast the noise grows.
        beta_min: how fast it grows at the beginning.
        eps_s: the last time.
    """
    return levels.variance_preserving(steps, beta_d, beta_min, eps_s)


@_scheduler("LaplaceScheduler")
def laplace_scheduler(
    *,
    steps: Steps = 20,
    sigma_max: Level = 14.614642,
    sigma_min: Level = 0.0291675,
    mu: Float(-10.0, 10.0, step=0.1, round=False) = 0.0,
    beta: Float(0.0, 10.0, step=0.1, round=False) = 0.5,
) -> SigmasSocket:
    """Levels that crowd around one of them.

    Args:
        steps: how many.
        sigma_max: the highest.
        sigma_min: the lowest.
        mu: logarithm of the level around which they crowd.
        beta: how widely.
    """
    return levels.laplace(steps, sigma_max, sigma_min, mu, beta)


@_scheduler("BetaSamplingScheduler")
def beta_scheduler(
    *,
    model: Model,
    steps: Steps = 20,
    alpha: Float(0.0, 50.0, step=0.01, round=False) = 0.6,
    beta: Float(0.0, 50.0, step=0.01, round=False) = 0.6,
) -> SigmasSocket:
    """Levels at quantiles of a beta distribution.

    Args:
        model: whose noise levels.
        steps: how many.
        alpha: below 1 crowds at the beginning.
        beta: below 1 crowds at the end.
    """
    return _beta(model.sampling, steps, max(alpha, 1e-3), max(beta, 1e-3))


_beta = beta


@_scheduler("SDTurboScheduler")
def turbo_scheduler(*, model: Model, steps: Int(1, 10) = 1, denoise: Denoise = 1.0) -> SigmasSocket:
    """The levels for which SD Turbo was distilled.

    Args:
        model: whose noise levels.
        steps: how many.
        denoise: part of the schedule to run.
    """
    return levels.turbo(model.sampling, steps, denoise)


@_scheduler("AlignYourStepsScheduler")
def ays_scheduler(
    *,
    model_type: Choice(tuple(levels.ALIGNED)),
    steps: Steps = 10,
    denoise: Denoise = 1.0,
) -> SigmasSocket:
    """Levels that were optimised for a kind of model (Align Your Steps), best at 10 steps.

    Args:
        model_type: the kind of model.
        steps: how many.
        denoise: part of the schedule to run.
    """
    return levels.align_your_steps(model_type, steps, denoise)


@_scheduler("GITSScheduler")
def gits_scheduler(
    *,
    coeff: Float(0.8, 1.5, step=0.05) = 1.2,
    steps: Int(2, 1000) = 10,
    denoise: Denoise = 1.0,
) -> SigmasSocket:
    """Levels that follow the bend of sampling trajectories, for few steps (GITS).

    The method is that of its authors, the trajectories are those of the embedded model: the
    levels differ from the tables of other programs, so pictures do too.

    Args:
        coeff: above 1 takes more steps at low noise, below 1 at high noise.
        steps: how many.
        denoise: part of the schedule to run.
    """
    return gits(coeff, steps, denoise)


@_sigmas("SplitSigmas", outputs=("high_sigmas", "low_sigmas"))
def split_sigmas(
    *, sigmas: SigmasSocket, step: Int(0, 10000) = 0
) -> tuple[SigmasSocket, SigmasSocket]:
    """Cut a schedule in two at a step.

    Args:
        sigmas: noise levels.
        step: the first step of the second part.
    """
    return levels.split(sigmas, step)


@_sigmas("SplitSigmasDenoise", outputs=("high_sigmas", "low_sigmas"))
def split_sigmas_denoise(
    *, sigmas: SigmasSocket, denoise: Denoise = 1.0
) -> tuple[SigmasSocket, SigmasSocket]:
    """Cut a schedule in two where a denoise strength would begin.

    Args:
        sigmas: noise levels.
        denoise: share of the steps in the second part.
    """
    return levels.split_denoise(sigmas, denoise)


@_sigmas("FlipSigmas")
def flip_sigmas(*, sigmas: SigmasSocket) -> SigmasSocket:
    """Turn a schedule round, to lead a picture back to its noise.

    Args:
        sigmas: noise levels.
    """
    return levels.flipped(sigmas)


@_sigmas("SetFirstSigma")
def set_first_sigma(
    *, sigmas: SigmasSocket, sigma: Float(0.0, 20000.0, step=0.001, round=False) = 136.0
) -> SigmasSocket:
    """Change the level that a schedule begins with.

    Args:
        sigmas: noise levels.
        sigma: the new first level.
    """
    return levels.with_first(sigmas, sigma)


@_sigmas("ExtendIntermediateSigmas")
def extend_intermediate_sigmas(
    *,
    sigmas: SigmasSocket,
    steps: Int(1, 100) = 2,
    start_at_sigma: Float(-1.0, 20000.0, step=0.01, round=False) = -1.0,
    end_at_sigma: Float(0.0, 20000.0, step=0.01, round=False) = 12.0,
    spacing: Choice(("linear", "cosine", "sine")),
) -> SigmasSocket:
    """Cut some steps of a schedule into smaller ones.

    Args:
        sigmas: noise levels.
        steps: pieces of each such step.
        start_at_sigma: steps from this level on; -1 from the first.
        end_at_sigma: and down to this one.
        spacing: how the pieces are spread.
    """
    return levels.extended(sigmas, steps, start_at_sigma, end_at_sigma, spacing)


@_sigmas("SamplingPercentToSigma", outputs=("sigma_value",))
def percent_to_sigma(
    *,
    model: Model,
    sampling_percent: Float(0.0, 1.0, step=0.0001) = 0.0,
    return_actual_sigma: Bool() = False,
) -> Float(0.0, 1.0):
    """The noise level at a part of the run.

    Args:
        model: whose noise levels.
        sampling_percent: part of the run, 0 to 1.
        return_actual_sigma: the model's own first and last levels, not the open ends that
            ranges begin and end with.
    """
    sampling = model.sampling
    if return_actual_sigma and sampling_percent in (0.0, 1.0):
        return sampling.sigma_max if sampling_percent == 0.0 else sampling.sigma_min
    return sampling.percent_to_sigma(sampling_percent)
