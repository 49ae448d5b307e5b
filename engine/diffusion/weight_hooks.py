"""Changes of weights that belong to a condition, and whose strength may follow a schedule.

The value of a HOOKS socket, and of a conditioning's ``hooks`` option, is a sequence of
:class:`WeightHook`. An entry with hooks is evaluated with a variant of the model's network;
:class:`Changes` says with which one at each noise level.

Invariant: hooks are frozen data; how strong one is depends on the noise level and on the levels
of the run alone, never on what was evaluated before.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any, Protocol

from .parameterization import Sampling
from .patches import Patch


class Source(Protocol):
    """Where the changes come from: a LoRA, or the difference to another model."""

    def model_patch(self, model: Any, strength: float) -> Patch | None:
        """The changes of a denoiser, a ``handles.Model``; None if there are none for it."""

    def clip_patches(self, clip: Any, strength: float) -> Sequence[Patch | None]:
        """The changes of each text encoder of a ``handles.Clip``."""


@dataclass(frozen=True)
class Keyframe:
    """A strength that holds from some part of the run on.

    Attributes:
        strength: what a hook's own strength is multiplied by.
        start: part of the run at which it begins, 0..1.
        guaranteed: steps for which it holds at least, though a later one has begun.
    """

    strength: float
    start: float = 0.0
    guaranteed: int = 1


@dataclass(frozen=True)
class WeightHook:
    """A change of weights.

    Attributes:
        source: of the changes.
        strength_model: on the denoiser.
        strength_clip: on text encoders.
        keyframes: by their beginnings; empty: the strengths hold all the time. The first one
            holds from the beginning, whenever it says that it starts.
    """

    source: Source
    strength_model: float = 1.0
    strength_clip: float = 1.0
    keyframes: tuple[Keyframe, ...] = ()

    def strength(self, number: int) -> float:
        """What a keyframe multiplies the strengths by; 1 if there are none."""
        return self.keyframes[number].strength if self.keyframes else 1.0


Hooks = tuple[WeightHook, ...]


def with_keyframe(keyframes: Sequence[Keyframe], *more: Keyframe) -> tuple[Keyframe, ...]:
    """Keyframes in the order of their beginnings."""
    return tuple(sorted((*keyframes, *more), key=lambda k: k.start))


def with_keyframes(hooks: Sequence[WeightHook], keyframes: Sequence[Keyframe]) -> Hooks:
    """The same hooks, all of them on one schedule."""
    return tuple(replace(hook, keyframes=tuple(keyframes)) for hook in hooks)


def combined(*groups: Sequence[WeightHook] | None) -> Hooks:
    """All hooks of several groups; what an earlier group has is not repeated."""
    found: Hooks = ()
    for group in groups:
        before = set(found)
        found += tuple(hook for hook in group or () if hook not in before)
    return found


def begin_at(
    keyframes: Sequence[Keyframe], sampling: Sampling, levels: Sequence[float] = ()
) -> list[float]:
    """The noise levels from which keyframes hold, falling.

    In a falling run a keyframe takes over at a step, and only when the one before it has held
    for as many steps as it was guaranteed; one that is over before the run begins is left out.
    """
    begins = [inf, *(sampling.percent_to_sigma(k.start) for k in keyframes[1:])]
    if not _falls(levels):
        return begins[: len(keyframes)]
    step, found = 0, [inf]
    for before, begin in zip(keyframes, begins[1:], strict=False):
        earliest = 0 if begin > levels[0] else step + before.guaranteed
        reached = (i for i, level in enumerate(levels) if i >= earliest and level <= begin)
        step = next(reached, len(levels))
        found.append(levels[step] if step < len(levels) else -inf)
    return found[: len(keyframes)]


def _falls(levels: Sequence[float]) -> bool:
    return len(levels) > 1 and levels[0] > levels[-1]


@dataclass(frozen=True)
class Scheduled:
    """A patch whose strength depends on the noise level.

    Attributes:
        patch: at full strength.
        begins: noise levels from which ``strengths`` hold, falling.
        strengths: what the patch's own is multiplied by.
    """

    patch: Patch
    begins: tuple[float, ...]
    strengths: tuple[float, ...]

    def at(self, sigma: float) -> Patch | None:
        """The patch at a noise level; None where it changes nothing."""
        held = [s for begin, s in zip(self.begins, self.strengths, strict=True) if sigma <= begin]
        strength = self.patch.strength * held[-1]
        return replace(self.patch, strength=strength) if strength else None


@dataclass(frozen=True)
class Changes:
    """What the hooks of one condition do in one run."""

    scheduled: tuple[Scheduled, ...] = ()

    def at(self, sigma: float) -> tuple[Patch, ...]:
        """The patches at a noise level, which come behind the model's own."""
        return tuple(patch for s in self.scheduled if (patch := s.at(sigma)) is not None)


NO_CHANGES = Changes()


def changes_of(
    hooks: Iterable[WeightHook], model: Any, sampling: Sampling, levels: Sequence[float]
) -> Changes:
    """Make hooks ready for a run.

    Args:
        hooks: of one condition.
        model: whose network they change.
        sampling: translates parts of the run to noise levels.
        levels: of the run.
    """
    found = []
    for hook in hooks:
        patch = hook.source.model_patch(model, hook.strength_model)
        if patch is not None:
            keyframes = hook.keyframes or (Keyframe(1.0),)
            begins = begin_at(keyframes, sampling, levels)
            found.append(Scheduled(patch, tuple(begins), tuple(k.strength for k in keyframes)))
    return Changes(tuple(found))


def hooked_clip(clip: Any, numbers: Mapping[WeightHook, int] | None = None) -> Any:
    """A ``handles.Clip`` whose hooks have become changes of its weights.

    Args:
        clip: with hooks.
        numbers: of each hook's keyframe; the first one where it is left out.
    """
    hooks, patched = clip.hooks, replace(clip, hooks=())
    for hook in hooks:
        strength = hook.strength_clip * hook.strength((numbers or {}).get(hook, 0))
        if not strength:
            continue
        patches = hook.source.clip_patches(clip, strength)
        pairs = zip(patched.encoders, patches, strict=True)
        patched = replace(patched, encoders=tuple(e.patched(p) if p else e for e, p in pairs))
    return patched


def ranges(hooks: Hooks) -> list[tuple[float, float, dict[WeightHook, int]]]:
    """Parts of the run in which no hook changes: start, end, and each hook's keyframe there."""
    starts = sorted({0.0, *(k.start for hook in hooks for k in hook.keyframes[1:])})
    found = []
    for start, end in zip(starts, [*starts[1:], 1.0], strict=True):
        begun = {h: sum(k.start <= start for k in h.keyframes[1:]) for h in hooks}
        if end > start:
            found.append((start, end, begun))
    return found
