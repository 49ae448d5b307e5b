"""Model families: one file each holds everything that tells a family from the others.

Invariant: the first family of ``FAMILIES`` whose ``matches`` is true describes the file;
nothing else in the engine asks which family a model belongs to.
"""

from ..weights import Shapes
from .family import Checkpoint, Family
from .ldm import INPAINTING, SEMANTIC, SUPER_RESOLUTION, UNCONDITIONAL
from .ldm_tokens import CAPTIONS, CLASSES, LAYOUTS
from .sd1 import SD1
from .sd2 import SD2
from .sdxl import REFINER, SDXL
from .unclip import UNCLIP
from .x4 import X4_UPSCALER

__all__ = ["FAMILIES", "Checkpoint", "Family", "detect"]

#: Those of the paper first: its large text model differs from SD 1.x by its text encoder alone.
PAPER = (UNCONDITIONAL, INPAINTING, SUPER_RESOLUTION, SEMANTIC, CLASSES, CAPTIONS, LAYOUTS)
FAMILIES: list[Family] = [*PAPER, SD1, SD2, UNCLIP, REFINER, SDXL, X4_UPSCALER]


def detect(shapes: Shapes) -> Family | None:
    """The family of a checkpoint with these tensors, if it is known."""
    return next((family for family in FAMILIES if family.matches(shapes)), None)
