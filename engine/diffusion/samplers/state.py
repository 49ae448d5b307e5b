"""The state of a sampling run, and what one step sees of it.

Invariant: a step is a pure function: from equal states, schedules, denoisers and noise
sources come equal states. A state holds everything that the steps to come depend on, so a
run can be saved after any step, resumed bit-exactly, forked and previewed.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple, Protocol

from torch import Tensor

from ..noise import Noise
from ..parameterization import Sampling


class Seen(NamedTuple):
    """What a denoiser sees at one noise level.

    Attributes:
        denoised: the clean latent.
        uncond: the clean latent without guidance, for the samplers that go by it.
    """

    denoised: Tensor
    uncond: Tensor


#: Noisy latent and noise level to clean latent.
Denoiser = Callable[[Tensor, float], Tensor | Seen]


@dataclass(frozen=True)
class State:
    """A run between two steps.

    Attributes:
        x: the noisy latent.
        step: steps taken.
        history: tensors of earlier steps, newest first, as the sampler asked to keep them.
        draws: how often noise was drawn.
        sigma: noise level of ``x``, for samplers that choose their levels themselves.
        h: length in log sigma of the step to try next, for those samplers.
    """

    x: Tensor
    step: int = 0
    history: tuple[Tensor, ...] = ()
    draws: int = 0
    sigma: float | None = None
    h: float = 0.0


class Step:
    """One step as a sampler sees it: from ``sigma`` to ``sigma_next``.

    Attributes:
        x: the noisy latent.
        i: number of the step, from 0.
        sigmas: of the whole run, descending.
        history: as in :class:`State`.
        h: as in :class:`State`.
    """

    def __init__(
        self, state: State, sigmas: Sequence[float], denoise: Denoiser, noise: Noise | None
    ) -> None:
        self.x, self.i, self.history = state.x, state.step, state.history
        self.sigmas, self._denoise = sigmas, denoise
        self.h, self._sigma = state.h, state.sigma
        self._noise, self._draws = noise, state.draws

    @property
    def sigma(self) -> float:
        """Noise level of ``x``."""
        return self.sigmas[self.i] if self._sigma is None else self._sigma

    @property
    def sigma_next(self) -> float:
        """Noise level to go to."""
        return self.sigmas[self.i + 1]

    def see(self, x: Tensor, sigma: float) -> Seen:
        """The clean latents that the model sees, with and without guidance."""
        seen = self._denoise(x, sigma)
        return seen if isinstance(seen, Seen) else Seen(seen, seen)

    def denoise(self, x: Tensor, sigma: float) -> Tensor:
        """The clean latent that the model sees."""
        return self.see(x, sigma).denoised

    @cached_property
    def seen(self) -> Seen:
        """What the model sees in ``x``."""
        return self.see(self.x, self.sigma)

    @property
    def denoised(self) -> Tensor:
        """The clean latent that the model sees in ``x``."""
        return self.seen.denoised

    @property
    def uncond(self) -> Tensor:
        """The clean latent that it sees in ``x`` without guidance."""
        return self.seen.uncond

    @property
    def d_uncond(self) -> Tensor:
        """The derivative that leads away from the clean latent without guidance."""
        return to_d(self.x, self.sigma, self.uncond)

    @cached_property
    def d(self) -> Tensor:
        """The derivative dx/dsigma of the probability flow (Karras et al. 2022, equation 3)."""
        return to_d(self.x, self.sigma, self.denoised)

    def noise(self, sigma: float | None = None, sigma_next: float | None = None) -> Tensor:
        """Fresh noise, for the whole step or for a part of it."""
        if self._noise is None:
            raise TypeError("A sampler that draws noise must be registered with a noise source.")
        a = self.sigma if sigma is None else sigma
        b = self.sigma_next if sigma_next is None else sigma_next
        self._draws += 1
        return self._noise(self._draws - 1, a, b)

    def to(self, x: Tensor, *keep: Tensor) -> State:
        """The state behind this step; ``keep`` becomes its history."""
        return State(x, self.i + 1, keep, self._draws)

    def to_level(self, x: Tensor, sigma: float, h: float, *keep: Tensor) -> State:
        """The state behind this step, at a level that the sampler chose, and the next ``h``."""
        return State(x, self.i + 1, keep, self._draws, sigma, h)


class Growing(Protocol):
    """How a latent's size changes on the way."""

    def shape(self, first: Sequence[int], step: int, total: int) -> tuple[int, ...]:
        """The shape ``b c h w`` behind a step, numbered from 0, of so many."""


@dataclass(frozen=True)
class Sampler:
    """A sampling algorithm and what it needs.

    Attributes:
        step: takes one step.
        noise: where its noise comes from, if it draws any.
        skip_penultimate: whether schedules should leave out the last level before zero.
        inpaint_seed_offset: the kept area of an inpainting gets noise of a seed this much
            higher; 0: the run's own noise.
        both_sides: whether it goes by what is seen without guidance, too.
        name: tells it from others, with all that it was made with.
        adaptive: it chooses its noise levels itself, between the first and the last positive.
        fit: makes it ready for a model and its noise levels; gives another sampler, and the
            levels between its steps.
        loop: runs all steps itself, for algorithms that are written so: ``(denoise, x, sigmas,
            on_step)`` gives the latent in the end and the last clean one; ``step`` is not asked.
        growth: tells how the latent's size changes from step to step, if it does; the noise of
            each step has the shape that this gives.
    """

    step: Callable[[Step], State]
    noise: Literal["none", "sequential", "brownian", "brownian_on_device"] = "none"
    skip_penultimate: bool = False
    inpaint_seed_offset: int = 0
    both_sides: bool = False
    name: str = ""
    adaptive: bool = False
    fit: "Callable[[Sampling, Sequence[float]], tuple[Sampler, list[float]]] | None" = None
    growth: "Growing | None" = None
    loop: Callable[..., tuple[Tensor, Tensor]] | None = None

    def is_done(self, state: State, sigmas: Sequence[float]) -> bool:
        """Whether no step is left."""
        if not self.adaptive:
            return state.step >= len(sigmas) - 1
        return state.sigma is not None and state.sigma <= sigmas[-1] * (1 + 1e-5)

    def progress(self, state: State, sigmas: Sequence[float]) -> tuple[int, int]:
        """Steps done and steps in all; percents if nobody knows how many there will be."""
        if not self.adaptive:
            return state.step, len(sigmas) - 1
        if state.sigma is None:
            return 0, 100
        whole, done = math.log(sigmas[0] / sigmas[-1]), math.log(sigmas[0] / state.sigma)
        return min(round(100 * done / whole), 100), 100


def to_d(x: Tensor, sigma: float, denoised: Tensor) -> Tensor:
    """The derivative dx/dsigma that points away from the clean latent."""
    return (x - denoised) / sigma


def advance(
    sampler: Sampler,
    state: State,
    sigmas: Sequence[float],
    denoise: Denoiser,
    noise: Noise | None = None,
) -> tuple[State, Tensor]:
    """Take one step; returns the next state and the clean latent that was seen on the way."""
    step = Step(state, sigmas, denoise, noise)
    following = sampler.step(step)
    return following, step.denoised
