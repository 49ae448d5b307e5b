"""Handles on control networks, and what a conditioning carries of them.

Invariant: equal handles compute the same; applying one to a picture makes a control, a chain of
controls adds up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn

from engine.errors import InvalidInput

from .. import residency
from ..adapters.files import Adapter
from ..checkpoints import build_empty
from ..conditioning import Situation
from ..control import Control, PreparedControl, Residuals
from ..evaluation import repeat_to_batch
from ..networks.compact import widened
from ..networks.control_net import ControlNet as ControlNetwork
from ..networks.packed import plain
from ..networks.t2i_adapter import T2IAdapter as AdapterNetwork
from ..parameterization import INFINITE_SIGMA
from ..patches import Patch
from ..weights import Weights
from .hints import fit_picture

#: Channels of the latent that control networks look at, whatever else a U-Net is shown.
LATENT_CHANNELS = 4
Size = tuple[int, int]


class Reader(Protocol):
    """A control network in one run.

    Attributes:
        multiple: pixels of which the sides of the picture must be multiples.
        scale: pixels of the picture a side of a latent cell.
    """

    multiple: int
    scale: int

    def see(self, picture: Tensor) -> Sequence[Tensor]:
        """Features of a picture ``b 3 h w`` in 0..1, which do not depend on the latent.

        It is on the device on which the latents are.
        """

    def steer(
        self,
        seen: Sequence[Tensor],
        x: Tensor,
        timesteps: Tensor,
        context: Tensor,
        vector: Tensor | None,
    ) -> Residuals:
        """What is added in one call, from features repeated to the batch."""


class Readable(Protocol):
    """A handle on a control network of any kind."""

    def ready(self, situation: Situation) -> Reader:
        """The network in one run."""


@dataclass(frozen=True)
class ControlNet:
    """A ControlNet.

    Attributes:
        weights: of the network.
        context_dim: numbers in each of the vectors that condition it.
        patches: changes of the weights.
        pooled: whether its residuals are averaged over the picture ("shuffle").
        kinds: what a union is told that the picture is; empty: nothing.
        union: kinds that it can tell apart; 0: it is no union.
    """

    weights: Weights
    context_dim: int
    patches: tuple[Patch, ...] = ()
    pooled: bool = False
    kinds: tuple[int, ...] = ()
    union: int = 0

    def ready(self, situation: Situation) -> Reader:
        """The network in one run."""
        network = cast(ControlNetwork, residency.load(self.weights, self.patches))
        return ControlNetReader(network, self.context_dim, self.pooled, self.kinds)


@dataclass(frozen=True)
class ControlLora:
    """A ControlNet that holds only how it differs from the U-Net it is used with (Control-LoRA).

    Attributes:
        file: its tensors.
        weights: builds the network; only its own tensors are in the file.
        context_dim: numbers in each of the vectors that condition it.
    """

    file: Adapter
    weights: Weights
    context_dim: int

    def ready(self, situation: Situation) -> Reader:
        """The network in one run, which shares the U-Net's tensors where it can."""
        if situation.model is None:
            raise InvalidInput("A Control-LoRA needs the model that it steers.")
        base = residency.load(situation.model.weights, situation.model.patches)
        network = cast(ControlNetwork, build_empty(self.weights))
        names = self.weights.names(self.file.tensors())
        own = {name: self.file.tensors()[key] for key, name in names.items()}
        state = _completed(network, base, own, situation.place)
        network.load_state_dict(state, assign=True)
        network.requires_grad_(False).eval()
        return ControlNetReader(network, self.context_dim)


def _completed(
    network: nn.Module, base: nn.Module, own: Mapping[str, Tensor], place: Tensor
) -> dict[str, Tensor]:
    """Every tensor of a Control-LoRA: its own, or the U-Net's, changed by ``up down``."""
    shapes = {name: tuple(t.shape) for name, t in network.state_dict().items()}
    there = base.state_dict() | widened(base, shapes)
    return {name: _tensor(name, shape, there, own, place) for name, shape in shapes.items()}


def _tensor(
    name: str,
    shape: tuple[int, ...],
    there: Mapping[str, Tensor],
    named: Mapping[str, Tensor],
    place: Tensor,
) -> Tensor:
    if name in named:
        return named[name].to(place).reshape(shape)
    if name not in there:
        raise InvalidInput(
            f"The Control-LoRA lacks '{name}', and the model has no such tensor: the two belong "
            "to different families. Choose a Control-LoRA that was made for this model."
        )
    tensor = plain(there[name]).to(place)
    tensor = tensor[:, : shape[1]] if len(shape) == 4 else tensor  # of an inpainting model
    base = name.removesuffix(".weight")
    if f"{base}.up" not in named or base == name:
        return tensor
    up, down = (named[f"{base}.{part}"].to(place.device, torch.float32) for part in ("up", "down"))
    return tensor + (up.flatten(1) @ down.flatten(1)).reshape(shape).to(tensor)


@dataclass(frozen=True)
class T2IAdapter:
    """A T2I-Adapter.

    Attributes:
        weights: of the network.
        places: input blocks whose outputs the features are added to, in order; None: the middle.
    """

    weights: Weights
    places: tuple[int | None, ...]

    def ready(self, situation: Situation) -> Reader:
        """The network in one run."""
        network = cast(AdapterNetwork, residency.load(self.weights))
        return AdapterReader(network, self.places, situation.scale)


@dataclass(frozen=True)
class ControlNetReader:
    """A ControlNet in one run."""

    network: ControlNetwork
    context_dim: int
    pooled: bool = False
    kinds: tuple[int, ...] = ()
    multiple: int = 8
    scale: int = 8

    def see(self, picture: Tensor) -> Sequence[Tensor]:
        return [self.network.hint(picture.to(next(self.network.parameters()).dtype))]

    def steer(
        self,
        seen: Sequence[Tensor],
        x: Tensor,
        timesteps: Tensor,
        context: Tensor,
        vector: Tensor | None,
    ) -> Residuals:
        if context.shape[-1] != self.context_dim:
            raise InvalidInput(
                f"The ControlNet reads prompts of {self.context_dim} numbers, but the model reads "
                f"{context.shape[-1]}: they belong to different families. Choose a ControlNet "
                "that was made for this model."
            )
        dtype = next(self.network.parameters()).dtype
        latent, context = x[:, :LATENT_CHANNELS].to(dtype), context.to(dtype)
        vector = None if vector is None else vector.to(dtype)
        found = self.network(latent, timesteps, context, vector, seen[0], self.kinds)
        return found.averaged() if self.pooled else found


@dataclass(frozen=True)
class AdapterReader:
    """A T2I-Adapter in one run."""

    network: AdapterNetwork
    places: tuple[int | None, ...]
    scale: int

    @property
    def multiple(self) -> int:
        return self.network.config.shrink

    def see(self, picture: Tensor) -> Sequence[Tensor]:
        gray = self.network.config.channels == 1
        picture = picture.mean(1, keepdim=True) if gray else picture
        return self.network(picture.to(next(self.network.parameters()).dtype))

    def steer(
        self,
        seen: Sequence[Tensor],
        x: Tensor,
        timesteps: Tensor,
        context: Tensor,
        vector: Tensor | None,
    ) -> Residuals:
        inputs: list[Tensor | None] = [None] * (1 + max(p or 0 for p in self.places))
        middle = None
        for place, feature in zip(self.places, seen, strict=True):
            if place is None:
                middle = feature
            else:
                inputs[place] = feature
        return Residuals(middle=middle, inputs=inputs)


@dataclass(frozen=True, eq=False)
class Applied:
    """A control network with the picture that it reads: the ``control`` of a conditioning.

    Attributes:
        net: the control network.
        picture: ``b h w c`` in 0..1.
        strength: its residuals are multiplied by this.
        start_percent: part of the run at which it begins.
        end_percent: part of the run at which it ends.
        previous: a control that was there before; what both add is added up.
        mask: where it counts, ``b h w``; None: everywhere.
    """

    net: Readable
    picture: Tensor
    strength: float = 1.0
    start_percent: float = 0.0
    end_percent: float = 1.0
    previous: Control | None = None
    mask: Tensor | None = None

    def __eq__(self, other: object) -> bool:
        """Whether it steers in the same way, so that one call serves both."""
        if not isinstance(other, Applied) or self._facts() != other._facts():
            return False
        pairs = ((self.picture, other.picture), (self.mask, other.mask))
        return all(a is b or (_both(a, b) and torch.equal(a, b)) for a, b in pairs)

    def __hash__(self) -> int:
        return hash(self._facts())

    def _facts(self) -> tuple[object, ...]:
        """All that it is made of, except the pictures."""
        shape = tuple(self.picture.shape)
        return (
            self.net,
            shape,
            self.strength,
            self.start_percent,
            self.end_percent,
            self.previous,
        )

    def prepare(self, situation: Situation) -> PreparedControl:
        """Load the network; the picture is read at the first call."""
        return Prepared(
            self,
            self.net.ready(situation),
            situation.sampling.percent_to_sigma(self.start_percent),
            situation.sampling.percent_to_sigma(self.end_percent),
            len(situation.latent),
            self.previous.prepare(situation) if self.previous else None,
        )


@dataclass(eq=False)
class Prepared:
    """A control in one run.

    Attributes:
        control: what was applied.
        reader: its network.
        start: noise level from which it counts.
        end: noise level down to which it counts.
        batch: latents of the run.
        previous: what was applied before.
        seen: features of the picture, by the size of the latent.
    """

    control: Applied
    reader: Reader
    start: float = INFINITE_SIGMA
    end: float = 0.0
    batch: int = 1
    previous: PreparedControl | None = None
    seen: dict[Size, Sequence[Tensor]] = field(default_factory=dict)

    def __call__(
        self, x: Tensor, sigma: float, timesteps: Tensor, context: Tensor, vector: Tensor | None
    ) -> Residuals | None:
        """What it and those before it add; None if none of them counts at this noise level."""
        before = None
        if self.previous is not None:
            before = self.previous(x, sigma, timesteps, context, vector)
        if not self.end <= sigma <= self.start:
            return before
        found = self.reader.steer(self._seen(x), x, timesteps, context, vector)
        found = found.scaled(self.control.strength)
        if self.control.mask is not None:
            found = found.masked(self.control.mask)
        return found if before is None else found + before

    def _seen(self, x: Tensor) -> Sequence[Tensor]:
        """Features of the picture for each latent of the batch, one condition after the other."""
        size = (x.shape[-2], x.shape[-1])
        if size not in self.seen:
            sides = tuple(n * self.reader.scale for n in size)
            picture = fit_picture(self.control.picture, sides, self.reader.multiple)
            self.seen[size] = self.reader.see(picture.to(x.device))
        calls = len(x) // self.batch
        return [
            repeat_to_batch(f, self.batch).repeat(calls, *[1] * (f.dim() - 1))
            for f in self.seen[size]
        ]


def _both(a: Tensor | None, b: Tensor | None) -> bool:
    return a is not None and b is not None


def apply(
    conditionings: Sequence[Any], to_opposite: bool, mask: Tensor | None = None, **options: Any
) -> list[Any]:
    """Conditionings that carry one more control, the same object wherever the chain is the same.

    Args:
        conditionings: of the positive side, perhaps also of the negative one.
        to_opposite: let what the positive side carries count on the negative one too.
        mask: where the control counts.
        options: of :class:`Applied`.
    """
    made: dict[int, Applied] = {}

    def control(previous: Control | None) -> Applied:
        key = id(previous)
        if key not in made:
            made[key] = Applied(previous=previous, mask=mask, **options)
        return made[key]

    return [
        [
            [v, {**o, "control": control(o.get("control")), "control_apply_to_uncond": to_opposite}]
            for v, o in conditioning
        ]
        for conditioning in conditionings
    ]
