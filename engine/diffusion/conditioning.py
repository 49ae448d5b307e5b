"""Conditions: text vectors with the options that say where, when and how much they count.

A conditioning is a list of pairs ``[vectors, options]``: ``vectors`` is ``b n width``, and
``options`` is a dict in which node packs may keep keys of their own. Understood here:
``area`` ((h, w, y, x) in latent cells, or ("percentage", h, w, y, x)), ``mask``,
``mask_strength``, ``set_area_to_bounds``, ``strength``, ``start_percent``, ``end_percent``,
``clip_start_percent``, ``clip_end_percent`` (a second range, whose end is not part of it),
``default`` (fill what the others leave open), ``hooks``, ``gligen``, ``control`` and what
it is told instead (``cross_attn_controlnet``, ``pooled_output_controlnet``). A model's family
reads others (``pooled_output``, ``width``).

Invariant: a conditioning is never changed; nodes make new lists.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from .control import Control, PreparedControl
from .hooks import Outputs
from .parameterization import INFINITE_SIGMA, Sampling
from .weight_hooks import NO_CHANGES, Changes, changes_of

Conditioning = Sequence[Sequence[Any]]

#: Cells over which the inner borders of an area fade, at most a quarter of its size.
FADE = 8
#: Cells a side of the smallest rectangle around a mask that a model is shown.
SMALLEST_AREA = 8


@dataclass(frozen=True)
class Area:
    """A rectangle of latent cells."""

    h: int
    w: int
    y: int
    x: int

    def cut(self, tensor: Tensor) -> Tensor:
        """The part of ``... h w`` inside."""
        return tensor[..., self.y : self.y + self.h, self.x : self.x + self.w]

    def holds(self, other: "Area") -> bool:
        """Whether another rectangle lies inside."""
        return (
            self.y <= other.y
            and self.x <= other.x
            and self.y + self.h >= other.y + other.h
            and self.x + self.w >= other.x + other.w
        )


@dataclass(frozen=True)
class Condition:
    """One entry, made ready for latents of one size.

    Attributes:
        vectors: ``b n width``, on the model's device.
        area: where it applies.
        weight: how much it counts, ``1 1 h w`` within the area; None: 1 everywhere.
        sigma_start: noise level from which it applies.
        sigma_end: noise level down to which it applies.
        inputs: what else the network is given, by name, each with the batch in front;
            ``concat`` is put behind the latent's channels.
        control: adds to the network's feature maps.
        told: what the control is told in place of the network's vectors and inputs: its own
            ``vectors``, and perhaps ``vector``; empty: the same.
        fills: counts only where the others leave something open.
        changes: of the network's weights, while it is evaluated.
        above: noise level that it must be above.
        grounding: makes a function for the transformer blocks of its input ``objects``.
    """

    vectors: Tensor
    area: Area
    weight: Tensor | None
    sigma_start: float
    sigma_end: float
    inputs: Mapping[str, Tensor] = field(default_factory=dict)
    control: PreparedControl | None = None
    told: Mapping[str, Tensor] = field(default_factory=dict)
    fills: bool = False
    changes: Changes = NO_CHANGES
    above: float = -1.0
    grounding: Callable[[Tensor], Outputs] | None = None

    def applies(self, sigma: float) -> bool:
        """Whether it counts at a noise level."""
        return self.sigma_end <= sigma <= self.sigma_start and sigma > self.above


@dataclass(frozen=True)
class Situation:
    """The run that a conditioning is made ready for.

    Attributes:
        sampling: translates percents to noise levels.
        latent: what is sampled, as the network sees it (scaled), ``b c h w``.
        place: a tensor of the device and precision that vectors shall have.
        role: ``positive``, ``negative``, or another of the guider's.
        seed: of the run.
        mask: which part is made anew, ``b 1 h w``; None is all of it.
        scale: pixels a side of one latent cell.
        latent_scale: a VAE's latent times this is what the network sees.
        model: the handle on the denoiser, for controls that borrow its weights.
        levels: noise levels of the run.
        controls: those made ready for the run so far, by what they were made of: one control
            may serve several entries and both sides.
    """

    sampling: Sampling
    latent: Tensor
    place: Tensor
    role: str = "positive"
    seed: int = 0
    mask: Tensor | None = None
    scale: int = 8
    latent_scale: float = 1.0
    model: Any = None
    levels: tuple[float, ...] = ()
    controls: dict[Control, PreparedControl] = field(default_factory=dict, compare=False)


#: A family's rule: from an entry's options to further inputs of its network, by name.
NetworkInputs = Callable[[Mapping[str, Any], Situation], Mapping[str, Tensor]]


def no_inputs(options: Mapping[str, Any], situation: Situation) -> Mapping[str, Tensor]:
    """For networks that are given the latent, the time and the tokens only."""
    return {}


def combine(*conditionings: Conditioning) -> Conditioning:
    """All entries of several conditionings; where they overlap they are averaged."""
    return [entry for conditioning in conditionings for entry in conditioning]


def with_options(conditioning: Conditioning, **options: Any) -> Conditioning:
    """Every entry with some of its options set."""
    return [[vectors, {**old, **options}] for vectors, old in conditioning]


def average(to: Conditioning, other: Conditioning, share: float) -> Conditioning:
    """Mix the first entry of ``other`` into every entry, with ``share`` of the entry kept.

    The other's vectors are cut or filled up with zeros to the entry's length.
    """
    vectors, options = other[0]
    return [
        [
            torch.lerp(_of_length(vectors, kept.shape[1]).to(kept), kept, share),
            _mixed_pooled(own, options, share),
        ]
        for kept, own in to
    ]


def _of_length(vectors: Tensor, length: int) -> Tensor:
    return F.pad(vectors[:, :length], (0, 0, 0, max(length - vectors.shape[1], 0)))


def _mixed_pooled(own: Mapping[str, Any], other: Mapping[str, Any], share: float) -> dict[str, Any]:
    a, b = own.get("pooled_output"), other.get("pooled_output")
    if a is None or b is None:
        return {**own, **({"pooled_output": b} if a is None and b is not None else {})}
    return {**own, "pooled_output": torch.lerp(b.to(a), a, share)}


def concat(to: Conditioning, other: Conditioning) -> Conditioning:
    """The vectors of the first entry of ``other`` behind those of every entry."""
    vectors = other[0][0]
    return [[torch.cat([kept, vectors.to(kept)], dim=1), own] for kept, own in to]


def prepare(
    conditioning: Conditioning, situation: Situation, inputs: NetworkInputs = no_inputs
) -> list[Condition]:
    """Resolve the options of every entry.

    Args:
        conditioning: as nodes hand it over.
        situation: the run.
        inputs: the rule of the model's family.
    """
    return [_entry(vectors, options, situation, inputs) for vectors, options in conditioning]


def _entry(
    vectors: Tensor,
    options: Mapping[str, Any],
    situation: Situation,
    inputs: NetworkInputs,
) -> Condition:
    latent, sampling, control = situation.latent, situation.sampling, options.get("control")
    controls = situation.controls
    options = _bounded(options, latent)
    if control is not None and control not in controls:
        controls[control] = control.prepare(situation)
    grounding, objects = _grounding(options, situation)
    return Condition(
        vectors=vectors.to(situation.place),
        area=_area(options.get("area"), *latent.shape[-2:]),
        weight=_weight(options, latent),
        sigma_start=min(
            _sigma(sampling, options.get(f"{of}start_percent"), INFINITE_SIGMA)
            for of in ("", "clip_")
        ),
        sigma_end=_sigma(sampling, options.get("end_percent"), 0.0),
        inputs={
            name: _placed(value, situation.place)
            for name, value in (*inputs(options, situation).items(), *objects.items())
        },
        control=controls[control] if control is not None else None,
        told=_told(options, situation, inputs) if control is not None else {},
        fills=bool(options.get("default")),
        changes=_changes(options, situation),
        above=_above(sampling, options.get("clip_end_percent")),
        grounding=grounding,
    )


def _told(
    options: Mapping[str, Any], situation: Situation, inputs: NetworkInputs
) -> dict[str, Tensor]:
    """What a control reads, if it has a prompt of its own."""
    vectors, pooled = (options.get(f"{k}_controlnet") for k in ("cross_attn", "pooled_output"))
    if vectors is None:
        return {}
    found = {"vectors": vectors.to(situation.place)}
    vector = inputs({**options, "pooled_output": pooled}, situation).get("vector")
    return found if vector is None else {**found, "vector": _placed(vector, situation.place)}


def _grounding(
    options: Mapping[str, Any], situation: Situation
) -> tuple[Callable[[Tensor], Outputs] | None, dict[str, Tensor]]:
    """What boxes with phrases add: a rule for its input ``objects``, and these."""
    if "gligen" not in options:
        return None, {}
    from .gligen import prepare_boxes  # its handle stands on conditions itself

    size = situation.latent.shape[-2], situation.latent.shape[-1]
    grounding, objects = prepare_boxes(options["gligen"], situation.model, size)
    return grounding, {"objects": objects}


def _changes(options: Mapping[str, Any], situation: Situation) -> Changes:
    if not options.get("hooks"):
        return NO_CHANGES
    hooks, model = options["hooks"], situation.model
    return changes_of(hooks, model, situation.sampling, situation.levels)


def _above(sampling: Sampling, percent: float | None) -> float:
    """The level at which the next text takes over; none follows the last one."""
    return -1.0 if percent is None or percent >= 1.0 else sampling.percent_to_sigma(percent)


def with_opposites(sides: Mapping[str, Sequence[Condition]]) -> dict[str, list[Condition]]:
    """Let every side see each area that another side looks at alone.

    Guidance is a difference: the side that knows nothing of an area is shown the same crop,
    under its condition with the smallest area around it.
    """
    found = {role: list(side) for role, side in sides.items()}
    for role, side in sides.items():
        for condition in side:
            for other in found.keys() - {role}:
                _add_opposite(condition, sides[other], found[other])
    return found


def _add_opposite(condition: Condition, own: Sequence[Condition], found: list[Condition]) -> None:
    area = condition.area
    around = [c for c in own if c.area != area and c.area.holds(area)]
    if not around or any(c.area == area for c in found):
        return
    nearest = min(around, key=lambda c: c.area.h * c.area.w)
    times = {name: getattr(condition, name) for name in ("sigma_start", "sigma_end", "above")}
    found.append(replace(nearest, area=area, weight=condition.weight, **times))


def _placed(value: Tensor, place: Tensor) -> Tensor:
    """On the device of the network; numbers that count something keep their type."""
    return value.to(place) if value.is_floating_point() else value.to(place.device)


def _sigma(sampling: Sampling, percent: float | None, default: float) -> float:
    return default if percent is None else sampling.percent_to_sigma(percent)


def _bounded(options: Mapping[str, Any], latent: Tensor) -> Mapping[str, Any]:
    """An entry that shall see only the rectangle around its mask gets that as its area."""
    if not options.get("set_area_to_bounds") or "mask" not in options or "area" in options:
        return options
    seen = fit_mask(options["mask"], latent).amax((0, 1)) > 0
    rows, columns = (seen.any(1).nonzero(), seen.any(0).nonzero())
    if not len(rows):
        return options
    y, x = int(rows[0]), int(columns[0])
    h, w = int(rows[-1]) + 1 - y, int(columns[-1]) + 1 - x
    height, width = latent.shape[-2:]
    h, w = max(h, min(SMALLEST_AREA, height)), max(w, min(SMALLEST_AREA, width))
    return {**options, "area": (h, w, min(y, height - h), min(x, width - w))}


def _area(area: Sequence[Any] | None, height: int, width: int) -> Area:
    if area is None:
        return Area(height, width, 0, 0)
    if area[0] == "percentage":
        h, w, y, x = (round(n * m) for n, m in zip(area[1:], (height, width) * 2, strict=True))
        area = (max(1, h), max(1, w), y, x)
    h, w, y, x = area
    y, x = min(y, height - 1), min(x, width - 1)
    return Area(min(h, height - y), min(w, width - x), y, x)


def _weight(options: Mapping[str, Any], latent: Tensor) -> Tensor | None:
    """Mask, strengths and the fading of inner borders, multiplied."""
    strength = float(options.get("strength", 1.0))
    height, width = latent.shape[-2:]
    area = _area(options.get("area"), height, width)
    if "mask" in options:
        mask = fit_mask(options["mask"], latent)
        return area.cut(mask) * options.get("mask_strength", 1.0) * strength
    if "area" in options:
        return _fade(area, height, width).to(latent) * strength
    return None if strength == 1.0 else latent.new_full((1, 1, height, width), strength)


def fit_mask(mask: Tensor, latent: Tensor) -> Tensor:
    """A mask ``(b) h w`` as ``b 1 h w`` in the size, on the device and of the type of a latent."""
    mask = mask.reshape(-1, 1, *mask.shape[-2:]).to(latent)
    return F.interpolate(mask, size=latent.shape[-2:], mode="bilinear")


def _fade(area: Area, height: int, width: int) -> Tensor:
    rows = _ramp(area.h, area.y > 0, area.y + area.h < height)
    columns = _ramp(area.w, area.x > 0, area.x + area.w < width)
    return (rows[:, None] * columns)[None, None]


def _ramp(size: int, at_start: bool, at_end: bool) -> Tensor:
    length = min(FADE, size // 4)
    ramp = torch.ones(size)
    for i in range(length):
        ramp[i] *= (i + 1) / length if at_start else 1.0
        ramp[size - 1 - i] *= (i + 1) / length if at_end else 1.0
    return ramp
