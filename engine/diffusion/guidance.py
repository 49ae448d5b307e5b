"""Guidance: what a sampler follows, made of what the model sees under several conditionings.

Invariant: a rule is frozen and pure; it asks for the sides it needs at once, so that they
share a batch.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor

from .conditioning import Condition, Conditioning
from .evaluation import Evaluation
from .handles import Model
from .hooks import Guided, Hooks
from .modifiers.guidance import perp_neg
from .samplers.state import Seen


@dataclass(frozen=True)
class Sight:
    """One moment of a run: a noisy latent, and the sides that it can be seen under.

    Attributes:
        x: ``b c h w``.
        sigma: its noise level.
        evaluate: the network.
        sides: conditions by role.
    """

    x: Tensor
    sigma: float
    evaluate: Evaluation
    sides: Mapping[str, Sequence[Condition]]

    def see(self, *roles: str) -> list[Tensor]:
        """The clean latents that the model sees under some roles, evaluated together."""
        see: Callable[..., list[Tensor]] = self._evaluate
        for wrap in self.evaluate.hooks.sight:
            see = partial(wrap, see)
        return see(self.x, self.sigma, roles)

    def _evaluate(self, x: Tensor, sigma: float, roles: Sequence[str]) -> list[Tensor]:
        numbers = [int(role == "negative") for role in roles]
        return self.evaluate(x, sigma, [self.sides[role] for role in roles], numbers)

    def see_again(self, x: Tensor, role: str, hooks: Hooks, sigma: float | None = None) -> Tensor:
        """What is seen in another latent, at another level, or under other hooks."""
        numbers, level = [int(role == "negative")], self.sigma if sigma is None else sigma
        return self.evaluate.hooked(hooks)(x, level, [self.sides[role]], numbers)[0]


#: Puts together what is seen at one moment.
Rule = Callable[[Sight], Seen]


@dataclass(frozen=True)
class Basic:
    """Follow one conditioning, as it is."""

    def __call__(self, sight: Sight) -> Seen:
        """The positive side."""
        (denoised,) = sight.see("positive")
        return Seen(denoised, denoised)


@dataclass(frozen=True)
class Cfg:
    """Classifier-free guidance (Ho and Salimans 2022): ``U + (C - U) scale``.

    Attributes:
        scale: 1 leaves the negative side out, unless somebody wants to see it.
    """

    scale: float

    def __call__(self, sight: Sight) -> Seen:
        """Both sides, put together by the model's hooks or plainly."""
        hooks = sight.evaluate.hooks
        alone = math.isclose(self.scale, 1.0) and not hooks.both_sides
        seen = sight.see("positive") if alone else sight.see("positive", "negative")
        return guide(sight, seen[0], seen[-1], self.scale)


@dataclass(frozen=True)
class DualCfg:
    """Guidance between three sides: away from the negative to the middle, and on to the positive.

    Attributes:
        outer: scale of positive against middle.
        inner: scale of middle against negative.
        nested: guide the positive against the result of the inner guidance, instead of adding.
    """

    outer: float
    inner: float
    nested: bool = False

    def __call__(self, sight: Sight) -> Seen:
        """All three sides, put together."""
        positive, middle, negative = sight.see("positive", "middle", "negative")
        if self.nested:
            between = guide(sight, middle, negative, self.inner).denoised
            return Seen(guide(sight, positive, between, self.outer).denoised, negative)
        between = guide(sight, positive, middle, self.outer).denoised - middle
        return Seen(between + torch.lerp(negative, middle, self.inner), negative)


@dataclass(frozen=True)
class PerpNegRule:
    """Perp-Neg guidance over the sides ``positive``, ``negative`` and ``empty``.

    Attributes:
        scale: how strictly to follow.
        weight: how strictly to avoid.
    """

    scale: float
    weight: float

    def __call__(self, sight: Sight) -> Seen:
        """All three sides, put together."""
        positive, negative, empty = sight.see("positive", "negative", "empty")
        return Seen(perp_neg(positive, negative, empty, self.scale, self.weight), negative)


def guide(sight: Sight, cond: Tensor, uncond: Tensor, scale: float) -> Seen:
    """Put two sides together, with the hooks of the model around it."""
    hooks = sight.evaluate.hooks
    facts = partial(
        Guided,
        sight.x,
        sight.sigma,
        scale=scale,
        sigmas=sight.evaluate.sigmas,
        memory=sight.evaluate.memory,
        hooks=hooks,
        see=sight.see_again,
    )
    for before in hooks.before:
        cond, uncond = before(facts(cond=cond, uncond=uncond))
    guided = facts(cond=cond, uncond=uncond)
    denoised = hooks.combine(guided) if hooks.combine else plain(guided)
    for after in hooks.after:
        denoised = after(guided, denoised)
    return Seen(denoised, uncond)


def plain(guided: Guided) -> Tensor:
    """Guidance as it was published."""
    if guided.uncond is guided.cond:
        return guided.cond
    return torch.lerp(guided.uncond, guided.cond, guided.scale)


@dataclass(frozen=True)
class Guider:
    """The value of a GUIDER socket: a model, its conditionings by role, and the rule.

    Attributes:
        model: the denoiser.
        conditionings: ``positive``, and what else the rule asks for.
        rule: puts together what is seen.
    """

    model: Model
    conditionings: Mapping[str, Conditioning] = field(default_factory=dict)
    rule: Rule = field(default_factory=Basic)


@dataclass(frozen=True)
class GuidedDenoiser:
    """The denoiser of one run.

    Attributes:
        evaluate: the network.
        sides: conditions by role.
        rule: puts together what is seen.
    """

    evaluate: Evaluation
    sides: Mapping[str, Sequence[Condition]]
    rule: Rule

    def __call__(self, x: Tensor, sigma: float) -> Seen:
        """The guided clean latent of ``x``, ``b c h w``, float32."""
        see: Callable[..., Seen] = partial(self._see, x, sigma)
        for whole in self.evaluate.hooks.whole:
            see = partial(whole, see, x, sigma, self.evaluate.memory)
        return see()

    def _see(
        self, x: Tensor, sigma: float, x_instead: Tensor | None = None, at: float | None = None
    ) -> Seen:
        seen = x if x_instead is None else x_instead
        return self.rule(Sight(seen, sigma if at is None else at, self.evaluate, self.sides))


def classic(positive: Any, negative: Any, model: Model, scale: float) -> Guider:
    """The guider of the plain samplers: two conditionings and a scale."""
    return Guider(model, {"positive": positive, "negative": negative}, Cfg(scale))
