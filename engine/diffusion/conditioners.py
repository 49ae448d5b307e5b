"""Conditions that are no prompts: classes, layouts and maps of classes (Rombach et al. 2022).

Invariant: results are float32 on the network's device; what the network does not know is refused
with a text that says what it knows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.errors import InvalidInput

from . import residency
from .handles import Conditioner

#: Classes of ImageNet; a table with one more has learned what "no class" means.
IMAGENET = 1000
#: What a file that names its classes calls that one.
NO_CLASS = "none"


@dataclass(frozen=True)
class Box:
    """One object of a layout; places and sizes as parts of the picture's sides, 0..1."""

    kind: int
    x: float
    y: float
    width: float
    height: float


def no_class(conditioner: Conditioner) -> int | None:
    """The class that stands for no class, which guidance needs; None if it was not trained."""
    _expect(conditioner, "class")
    if conditioner.names:
        return conditioner.names.index(NO_CLASS) if NO_CLASS in conditioner.names else None
    return IMAGENET if conditioner.entries == IMAGENET + 1 else None


@torch.no_grad()
def class_vectors(conditioner: Conditioner, number: int) -> Tensor:
    """The condition of a class, ``1 1 width``."""
    _expect(conditioner, "class")
    if not 0 <= number < conditioner.entries:
        raise InvalidInput(
            f"The model knows the classes 0 to {conditioner.entries - 1}, but {number} was given."
        )
    network = _network(conditioner)
    return network(torch.tensor([number], device=_device(network))).float()


@torch.no_grad()
def layout_vectors(conditioner: Conditioner, boxes: Sequence[Box]) -> Tensor:
    """The condition of a layout, ``1 length width``."""
    _expect(conditioner, "layout")
    network = _network(conditioner)
    tokens = layout_tokens(boxes, conditioner.entries, conditioner.length)
    return network(torch.tensor([tokens], device=_device(network))).float()


def layout_tokens(boxes: Sequence[Box], words: int, length: int) -> list[int]:
    """A layout in words: class, upper left and lower right corner of each object, then the crop.

    Corners lie on the largest square grid that the words can number, row by row; the last word
    means nothing; the crop is the whole picture (Rombach et al. 2022, section 4.3.1).

    Args:
        boxes: at most as many objects as fit.
        words: size of the vocabulary.
        length: words of a layout.
    """
    room, nothing, side = (length - 2) // 3, words - 1, isqrt(words)
    if len(boxes) > room:
        raise InvalidInput(
            f"A layout holds {room} objects at most, but {len(boxes)} were given: leave some out."
        )

    def corner(x: float, y: float) -> int:
        column, row = (round(min(max(n, 0.0), 1.0) * (side - 1)) for n in (x, y))
        return row * side + column

    found = [
        word
        for box in boxes
        for word in (
            _known(box.kind, nothing),
            corner(box.x, box.y),
            corner(box.x + box.width, box.y + box.height),
        )
    ]
    padding = [nothing] * (3 * (room - len(boxes)))
    return [*found, *padding, corner(0, 0), corner(1, 1)]


def _known(kind: int, nothing: int) -> int:
    if not 0 <= kind < nothing:
        raise InvalidInput(f"Classes of objects are numbers below {nothing}, but {kind} was given.")
    return kind


@torch.no_grad()
def class_map(conditioner: Conditioner, numbers: Tensor) -> Tensor:
    """A map of classes in the size of the latent.

    Args:
        conditioner: of kind ``segmentation``.
        numbers: of the class of each pixel, ``b h w``, whole; sides are multiples of a cell.

    Returns:
        ``b width h/2**n w/2**n``.
    """
    _expect(conditioner, "segmentation")
    largest = int(numbers.max())
    if largest >= conditioner.entries:
        raise InvalidInput(
            f"The map holds class {largest}, but the model knows the classes 0 to "
            f"{conditioner.entries - 1}. Each pixel's grey value, 0 to 255, is its class: save "
            "the map as PNG, without smoothing."
        )
    network = _network(conditioner)
    place = next(network.parameters())
    maps = [
        network(F.one_hot(one.long(), conditioner.entries).movedim(-1, 0)[None].to(place))
        for one in numbers
    ]
    return torch.cat(maps).float()


def _expect(conditioner: Conditioner | None, kind: str) -> None:
    found = getattr(conditioner, "kind", "prompt" if conditioner else None)
    if found == kind:
        return
    if found is None:
        raise InvalidInput(
            f"The clip input is empty: the checkpoint holds nothing that encodes a {kind}. Load "
            "a checkpoint that does and connect its CLIP output here."
        )
    raise InvalidInput(
        f"The checkpoint is conditioned by a {found}, not by a {kind}. Load a checkpoint that "
        f"was trained for a {kind}, or use the node for a {found}."
    )


def _network(conditioner: Conditioner) -> nn.Module:
    return cast(nn.Module, residency.load(conditioner.weights))


def _device(network: nn.Module) -> torch.device:
    return next(network.parameters()).device
