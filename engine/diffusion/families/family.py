"""What a model family has to say about itself.

Invariant: a family is described by data and pure functions of tensor names and shapes.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ..handles import Clip, ClipVision, Conditioner, Model, Vae
from ..weights import Header, Shapes


@dataclass(frozen=True)
class Checkpoint:
    """The handles of one checkpoint file; a part that the file lacks is None."""

    model: Model
    clip: Clip | Conditioner | None
    vae: Vae | None
    vision: ClipVision | None = None


@dataclass(frozen=True)
class Family:
    """A kind of model that checkpoints come in.

    Attributes:
        name: for people.
        matches: whether a file with these tensors belongs to the family.
        describe: the handles of such a file.
    """

    name: str
    matches: Callable[[Shapes], bool]
    describe: Callable[[Header], Checkpoint]
