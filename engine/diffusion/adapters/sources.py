"""What hooks on weights take their changes from: adapter files, and whole other models.

Invariant: a source is frozen and named by its file; nothing is read before a network is patched.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..handles import Clip, Model
from ..merging import towards
from ..patches import Patch
from .files import Adapter, adapter_file, patch_of, text_patches

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FromAdapter:
    """The changes of a LoRA or another adapter."""

    adapter: Adapter

    def model_patch(self, model: Model, strength: float) -> Patch | None:
        """What ``LoraLoader`` would do to the model."""
        return self._known(patch_of(self.adapter, model, strength), "model")

    def clip_patches(self, clip: Clip, strength: float) -> Sequence[Patch | None]:
        """What ``LoraLoader`` would do to each text encoder."""
        return [p if p.changes else None for p in text_patches(self.adapter, clip, strength)]

    def _known(self, patch: Patch, what: str) -> Patch | None:
        if patch.changes:
            return patch
        # A warning, because lesser lines of a worker are not shown, and the user must know.
        log.warning(
            "'%s' changes nothing in this %s: it was probably made for another family.",
            self.adapter.title,
            what,
        )
        return None


@dataclass(frozen=True)
class FromModel:
    """The difference to another model of the same family.

    Attributes:
        model: what a denoiser is moved towards; None leaves it alone.
        clip: what text encoders are moved towards; None leaves them alone.
    """

    model: Model | None = None
    clip: Clip | None = None

    def model_patch(self, model: Model, strength: float) -> Patch | None:
        """Towards the other denoiser; at strength 1 it becomes that."""
        if self.model is None:
            return None
        return towards(model.weights, self.model.weights, strength, "models")

    def clip_patches(self, clip: Clip, strength: float) -> Sequence[Patch | None]:
        """Each text encoder towards the one of the same name."""
        there = {e.name: e.weights for e in (self.clip.encoders if self.clip else ())}
        return [
            towards(e.weights, there[e.name], strength, "text encoders")
            if e.name in there
            else None
            for e in clip.encoders
        ]


def from_adapter_file(path: Path) -> FromAdapter:
    """The changes of an adapter file."""
    return FromAdapter(adapter_file(path))
