"""Adapter files: which weights they change and how, as patches on handles.

Invariant: loading reads names and shapes; what does not fit is left out and counted, and the
rest works. Tensors of a file are mapped, not copied, and shared by all patches from it.
"""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from ..checkpoints import build_empty
from ..handles import Clip, Model, TextEncoder
from ..networks.unet import UNet
from ..patches import Change, Patch
from ..weights import Shapes, Weights, file_id, read_header, read_tensors
from .algorithms import Algorithm, add, algorithm_for
from .spelling import is_for_text, place_and_part, text_spellings, unet_spellings

log = logging.getLogger(__name__)

#: Files whose tensors stay mapped after use.
KEPT_FILES = 16
#: Examples that a report of what was left out gives.
EXAMPLES = 3


@dataclass(frozen=True)
class Adapter:
    """The tensors of an adapter.

    Attributes:
        id: of the file and its state, or of the tensors.
        title: for people.
        path: the file; None for an adapter that is in memory.
        held: the tensors of an adapter that is in memory.
    """

    id: str
    title: str = field(compare=False)
    path: Path | None = field(default=None, compare=False)
    held: Mapping[str, Tensor] = field(default_factory=dict, compare=False, repr=False)

    @property
    def shapes(self) -> Shapes:
        """Of every tensor."""
        if self.path is not None:
            return _shapes(self.path, self.id)
        return {key: tuple(tensor.shape) for key, tensor in self.held.items()}

    def tensors(self) -> Mapping[str, Tensor]:
        """All of them, mapped."""
        return _mapped(self.path, self.id) if self.path is not None else self.held


@lru_cache(maxsize=KEPT_FILES)
def _shapes(path: Path, id: str) -> Shapes:
    return read_header(path).shapes


@lru_cache(maxsize=KEPT_FILES)
def _mapped(path: Path, id: str) -> Mapping[str, Tensor]:
    return read_tensors(path)


def adapter_file(path: Path) -> Adapter:
    """A handle on an adapter file."""
    return Adapter(file_id(path), path.name, path)


def adapter_in_memory(tensors: Mapping[str, Tensor]) -> Adapter:
    """A handle on the tensors of an adapter that has no file, known by their content."""
    content = hashlib.blake2b(digest_size=12)
    for key, tensor in sorted(tensors.items()):
        numbers = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
        content.update(f"{key}\0{tuple(tensor.shape)}\0".encode() + numbers.numpy().tobytes())
    return Adapter(content.hexdigest(), "the LoRA in memory", None, dict(tensors))


@dataclass(frozen=True)
class Adapted:
    """What an adapter makes of one weight.

    Attributes:
        adapter: holds the parts.
        algorithm: puts them together with the weight.
        keys: parts to the adapter's tensor names.
    """

    adapter: Adapter
    algorithm: Algorithm
    keys: Mapping[str, str]

    def __call__(self, weight: Tensor, strength: float) -> Tensor:
        tensors = self.adapter.tensors()
        parts = {part: tensors[key].to(weight) for part, key in self.keys.items()}
        return self.algorithm(weight, strength, parts)


@dataclass(frozen=True)
class Fit:
    """What of an adapter fits one network.

    Attributes:
        changes: by the network's tensor names.
        used: the adapter's tensors that they are made of.
        misfits: places whose tensors have other sizes than the network's.
    """

    changes: Mapping[str, Change]
    used: frozenset[str]
    misfits: tuple[str, ...]


def with_adapter(
    adapter: Adapter,
    model: Model | None,
    clip: Clip | None,
    strength_model: float,
    strength_clip: float,
) -> tuple[Model | None, Clip | None]:
    """Handles whose networks an adapter has changed; a strength of 0 leaves one as it is.

    What of the adapter fits neither is told in the log.
    """
    fits: list[Fit] = []
    if model is not None:
        fits.append(fit := _fit_model(adapter, model.weights))
        model = model.patched(_patch(adapter, fit, strength_model)) if strength_model else model
    if clip is not None:
        found = [_fit_text(adapter, e.weights, e.name, len(clip.encoders) > 1) for e in _of(clip)]
        fits += found
        if strength_clip and found:
            changed = zip(clip.encoders, found, strict=True)
            patched = (e.patched(_patch(adapter, f, strength_clip)) for e, f in changed)
            clip = replace(clip, encoders=tuple(patched))
    _report(adapter, fits, clip is not None)
    return model, clip


def patch_of(adapter: Adapter, model: Model, strength: float) -> Patch:
    """The changes of a denoiser alone."""
    return _patch(adapter, _fit_model(adapter, model.weights), strength)


def text_patches(adapter: Adapter, clip: Clip, strength: float) -> list[Patch]:
    """The changes of each text encoder."""
    pair = len(clip.encoders) > 1
    return [
        _patch(adapter, _fit_text(adapter, e.weights, e.name, pair), strength) for e in _of(clip)
    ]


def _of(clip: Clip) -> Sequence[TextEncoder]:
    return clip.encoders


def _patch(adapter: Adapter, fit: Fit, strength: float) -> Patch:
    return Patch(f"adapter:{adapter.id}", strength, fit.changes)


@lru_cache(maxsize=4 * KEPT_FILES)
def _fit_model(adapter: Adapter, weights: Weights) -> Fit:
    shapes, blocks = shapes_and_blocks(weights)
    return _fit(adapter, shapes, unet_spellings(shapes, blocks))


@lru_cache(maxsize=4 * KEPT_FILES)
def _fit_text(adapter: Adapter, weights: Weights, name: str, pair: bool) -> Fit:
    shapes, _ = shapes_and_blocks(weights)
    return _fit(adapter, shapes, text_spellings(shapes, name, pair))


@lru_cache(maxsize=KEPT_FILES)
def shapes_and_blocks(weights: Weights) -> tuple[Shapes, int]:
    """Shapes of a network's tensors, and residual blocks a level if it is a U-Net."""
    network = build_empty(weights)
    blocks = network.config.num_res_blocks if isinstance(network, UNet) else 0
    return {name: tuple(t.shape) for name, t in network.state_dict().items()}, blocks


def _fit(adapter: Adapter, shapes: Shapes, spellings: Mapping[str, str]) -> Fit:
    places = grouped(adapter.shapes)
    changes: dict[str, Change] = {}
    used: set[str] = set()
    misfits: list[str] = []
    for place, keys in places.items():
        name = spellings.get(place)
        if name is None:
            continue
        used.update(keys.values())
        for target, change in changes_at(adapter, name, keys):
            if _is_possible(change, adapter.shapes, shapes.get(target)):
                changes[target] = change
            else:
                misfits.append(place)
    return Fit(changes, frozenset(used), tuple(misfits))


def grouped(shapes: Shapes) -> dict[str, dict[str, str]]:
    """Tensor names by place and part."""
    places: dict[str, dict[str, str]] = {}
    for key in shapes:
        if found := place_and_part(key):
            place, part = found
            places.setdefault(place, {})[part] = key
    return places


def changes_at(
    adapter: Adapter, name: str, keys: Mapping[str, str]
) -> Sequence[tuple[str, Adapted]]:
    """Of the weight at a place, and of the bias beside it."""
    shapes = adapter.shapes
    found = []
    algorithm = algorithm_for({p: torch.empty(shapes[k], device="meta") for p, k in keys.items()})
    if algorithm is not None:
        found.append((name, Adapted(adapter, algorithm, dict(keys))))
    if "bias" in keys:
        bias = f"{name.removesuffix('.weight')}.bias"
        found.append((bias, Adapted(adapter, add, {"diff": keys["bias"]})))
    return found


def _is_possible(change: Adapted, found: Shapes, shape: tuple[int, ...] | None) -> bool:
    """Whether the sizes fit together: tried without numbers."""
    if shape is None:
        return False
    parts = {part: torch.empty(found[key], device="meta") for part, key in change.keys.items()}
    weight = torch.empty(shape, device="meta")
    try:
        return change.algorithm(weight, 1.0, parts).shape == weight.shape
    except (RuntimeError, ValueError, IndexError):
        return False


def _report(adapter: Adapter, fits: Sequence[Fit], with_text: bool) -> None:
    """Say what does not fit, by count and example; a denoiser alone need not fit text parts."""
    used = frozenset[str]().union(*(fit.used for fit in fits))
    left = [key for key in adapter.shapes if key not in used]
    left = [key for key in left if with_text or not is_for_text(key)]
    misfits = [place for fit in fits for place in fit.misfits]
    # Warnings, because lesser lines of a worker are not shown, and the user must know.
    if not used:
        log.warning(
            "'%s' changes nothing: none of its %d tensors (%s) belongs to this model. It was "
            "probably made for another family.",
            adapter.title,
            len(left),
            _some(left),
        )
    elif left:
        log.warning("%d tensors of '%s' were not used: %s", len(left), adapter.title, _some(left))
    if misfits:
        log.warning(
            "%d places of '%s' were left out, whose sizes differ from the model's: %s",
            len(misfits),
            adapter.title,
            _some(misfits),
        )


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:EXAMPLES]) + (", ..." if len(names) > EXAMPLES else "")
