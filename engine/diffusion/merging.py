"""Merging models: weights mixed with those of another model, as patches that refer to it.

Invariant: merging reads no weights; the other model's are read tensor by tensor when a network
is patched, with its own patches applied.
"""

import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from torch import Tensor

from engine.errors import InvalidInput

from .handles import Clip, Model
from .patches import Change, Patch
from .stored import network_shapes, stored_tensor
from .weights import Weights

log = logging.getLogger(__name__)

#: From a tensor's name to the shares that the own and the other weight shall have.
Shares = Callable[[str], tuple[float, float]]


@dataclass(frozen=True)
class Mixed:
    """A weight becomes ``own W + share V``, where V is that of another model.

    Attributes:
        other: the other model's weights.
        patches: of the other model.
        name: of the tensor, in both.
        own: share of the own weight.
        share: share of the other.
    """

    other: Weights
    patches: tuple[Patch, ...]
    name: str
    own: float
    share: float

    def __call__(self, weight: Tensor, strength: float) -> Tensor:
        there = stored_tensor(self.other, self.name, self.patches).to(weight)
        return weight + strength * ((self.own - 1) * weight + self.share * there)


@dataclass(frozen=True)
class Towards:
    """A weight moves by ``strength (V - B)``, the difference of two models.

    Attributes:
        other: weights of the model that is gone towards.
        base: weights that the difference begins at.
        name: of the tensor, in both.
    """

    other: Weights
    base: Weights
    name: str

    def __call__(self, weight: Tensor, strength: float) -> Tensor:
        there, here = (stored_tensor(w, self.name).to(weight) for w in (self.other, self.base))
        return weight + strength * (there - here)


def mixed(
    weights: Weights, other: Weights, patches: tuple[Patch, ...], shares: Shares, title: str
) -> Patch | None:
    """The patch that mixes another model in; None if nothing would change.

    Args:
        weights: what is changed.
        other: the other model's weights.
        patches: of the other model.
        shares: by name; ``(1, 0)`` changes nothing.
        title: what the two are, for errors.

    Raises:
        InvalidInput: the two have no tensor in common.
    """
    wanted = {n: s for n in _common(weights, other, title) if (s := shares(n)) != (1.0, 0.0)}
    changes: dict[str, Change] = {n: Mixed(other, patches, n, *s) for n, s in wanted.items()}
    facts = repr((other.id, [(p.id, p.strength, p.keep) for p in patches], wanted))
    return Patch(f"mixed:{_short(facts)}", 1.0, changes) if changes else None


def towards(weights: Weights, other: Weights, strength: float, title: str) -> Patch:
    """The difference of another model to this one, as if it were a LoRA."""
    names = _common(weights, other, title)
    changes: dict[str, Change] = {n: Towards(other, weights, n) for n in names}
    return Patch(f"towards:{other.id}", strength, changes)


def _common(weights: Weights, other: Weights, title: str) -> list[str]:
    here, there = network_shapes(weights), network_shapes(other)
    fitting = [n for n, shape in here.items() if there.get(n) == shape]
    if len(fitting) * 2 < len(here):
        raise InvalidInput(
            f"The two {title} have {len(fitting)} of {len(here)} tensors in common: they belong "
            "to different families and cannot be merged. Choose two of one family."
        )
    if len(fitting) < len(here):
        left = [n for n in here if n not in set(fitting)]
        # A warning, because lesser lines of a worker are not shown, and the user must know.
        log.warning(
            "%d tensors of other sizes stay as they are: %s", len(left), ", ".join(left[:3])
        )
    return fitting


def _short(facts: str) -> str:
    return hashlib.blake2b(facts.encode(), digest_size=12).hexdigest()


def merge_models(model: Model, other: Model, shares: Shares) -> Model:
    """A denoiser with another mixed in."""
    patch = mixed(model.weights, other.weights, other.patches, shares, "models")
    return model.patched(patch) if patch else model


def merge_clips(clip: Clip, other: Clip, shares: Shares) -> Clip:
    """Text encoders with others mixed in, each with its counterpart.

    Raises:
        InvalidInput: the two have different encoders.
    """
    names = [[e.name for e in c.encoders] for c in (clip, other)]
    if names[0] != names[1]:
        found = " and ".join("+".join(f"CLIP-{n.upper()}" for n in side) for side in names)
        raise InvalidInput(
            f"The text encoders are {found}: they belong to different families and cannot be "
            "merged. Choose two of one family."
        )
    encoders = []
    for a, b in zip(clip.encoders, other.encoders, strict=True):
        patch = mixed(a.weights, b.weights, b.patches, shares, "text encoders")
        encoders.append(a.patched(patch) if patch else a)
    return replace(clip, encoders=tuple(encoders))


def simple(ratio: float) -> Shares:
    """``ratio W + (1 - ratio) V`` everywhere."""
    return lambda name: (ratio, 1.0 - ratio)


def by_block(ratios: Mapping[str, float]) -> Shares:
    """The ratio of the longest beginning that a name has; the first ratio for all others."""
    first = next(iter(ratios.values()))

    def shares(name: str) -> tuple[float, float]:
        found = [b for b in ratios if name.startswith(b)]
        ratio = ratios[max(found, key=len)] if found else first
        return ratio, 1.0 - ratio

    return shares


def added(name: str) -> tuple[float, float]:
    """``W + V``."""
    return 1.0, 1.0


def subtracted(multiplier: float) -> Shares:
    """``multiplier (W - V)``."""
    return lambda name: (multiplier, -multiplier)
