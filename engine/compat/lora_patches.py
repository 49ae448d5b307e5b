"""``comfy.lora``, and what packs may do to weights.

Invariant: a patch of a pack becomes a change of ours: a function of a weight and a strength that
gives a new tensor and never writes into the old one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from engine.diffusion.adapters.algorithms import ALGORITHMS, Algorithm, add, put
from engine.diffusion.adapters.files import (
    Adapted,
    adapter_in_memory,
    changes_at,
    grouped,
    shapes_and_blocks,
)
from engine.diffusion.adapters.spelling import text_spellings, unet_spellings
from engine.diffusion.patches import Change

from .missing import Missing

#: Names of the parts in the tuples that packs hand over.
_LORA = ("up", "down", "alpha", "mid", "dora_scale")


@dataclass(frozen=True, eq=False)
class Given:
    """A change by tensors that a pack holds.

    Attributes:
        algorithm: puts them together with the weight.
        parts: the tensors.
    """

    algorithm: Algorithm
    parts: Mapping[str, Tensor]

    def __call__(self, weight: Tensor, strength: float) -> Tensor:
        parts = {name: tensor.to(weight) for name, tensor in self.parts.items()}
        return self.algorithm(weight, strength, parts)


@dataclass(frozen=True, eq=False)
class Calculated:
    """A change that an object of a pack calculates itself.

    Attributes:
        adapter: has ``calculate_weight``.
        key: name of the weight.
    """

    adapter: Any
    key: str

    def __call__(self, weight: Tensor, strength: float) -> Tensor:
        kept = weight.clone()
        made: Tensor = self.adapter.calculate_weight(
            kept, self.key, strength, 1.0, None, lambda x: x, torch.float32
        )
        return made


@dataclass(frozen=True, eq=False)
class Sliced:
    """A change of a part of a weight.

    Attributes:
        change: of the part.
        offset: axis, start and length.
    """

    change: Change
    offset: tuple[int, int, int]

    def __call__(self, weight: Tensor, strength: float) -> Tensor:
        made = weight.clone()
        part = made.narrow(*self.offset)
        part.copy_(self.change(part.clone(), strength))
        return made


def changes_of(key: Any, value: Any) -> Change:
    """What a pack does to a weight, as a change of ours.

    Args:
        key: name of the weight, or that and the part of it that is meant.
        value: a tensor, a tuple of a kind and tensors, or an object with ``calculate_weight``.

    Raises:
        MissingSymbol: the kind is not known.
    """
    change = _change(str(key if isinstance(key, str) else key[0]), value)
    if isinstance(key, tuple) and len(key) > 1 and key[1] is not None:
        return Sliced(change, tuple(key[1]))
    return change


def _change(key: str, value: Any) -> Change:
    if isinstance(value, Adapted | Given | Calculated):
        return value
    if isinstance(value, Tensor):
        return Given(add, {"diff": value})
    if callable(getattr(value, "calculate_weight", None)):
        return Calculated(value, key)
    if isinstance(value, Sequence) and len(value) == 1:
        return _change(key, value[0])
    if isinstance(value, Sequence) and len(value) == 2 and isinstance(value[0], str):
        return _of_kind(*value)
    Missing(f"weight patches of the form {type(value).__name__}")()


def _of_kind(kind: str, given: Any) -> Change:
    parts = list(given) if isinstance(given, Sequence) else [given]
    if kind == "diff":
        return Given(add, {"diff": parts[0]})
    if kind == "set":
        return Given(put, {"set": parts[0]})
    if kind == "lora":
        named = dict(zip(_LORA, parts, strict=False))
        found = {k: torch.as_tensor(v) for k, v in named.items() if v is not None}
        return Given(ALGORITHMS["up", "down"], found)
    Missing(f"weight patches of the kind '{kind}'")()


def model_lora_keys_unet(model: Any, key_map: dict[str, Any] | None = None) -> dict[str, Any]:
    """Spellings of places in adapter files to the names of the network's weights."""
    shapes, blocks = shapes_and_blocks(model.handle.weights)
    found = {} if key_map is None else key_map
    for place, name in unet_spellings(shapes, blocks).items():
        found[place] = f"diffusion_model.{name}"
    return found


def model_lora_keys_clip(model: Any, key_map: dict[str, Any] | None = None) -> dict[str, Any]:
    """Spellings of places in adapter files to the names of the text encoders' weights."""
    found = {} if key_map is None else key_map
    encoders = model.handle().encoders
    for encoder in encoders:
        shapes, _ = shapes_and_blocks(encoder.weights)
        for place, name in text_spellings(shapes, encoder.name, len(encoders) > 1).items():
            found[place] = f"clip_{encoder.name}.{name}"
    return found


def load_lora(
    lora: Mapping[str, Tensor], to_load: Mapping[str, Any], log_missing: bool = True
) -> dict[str, Any]:
    """What an adapter's tensors do to weights, by their names.

    Args:
        lora: tensors by the file's names.
        to_load: places in adapter files to names of weights.
        log_missing: not asked; what fits nothing is left out.
    """
    adapter = adapter_in_memory(lora)
    found: dict[str, Any] = {}
    for place, keys in grouped(adapter.shapes).items():
        if place in to_load:
            found.update(changes_at(adapter, str(to_load[place]), keys))
    return found
