"""Adapters made from differences of models.

Invariant: what is extracted loads as an adapter again, and at full rank gives the difference.
"""

from collections.abc import Iterator
from typing import Literal

import torch
from torch import Tensor

from ..handles import Clip, Model
from ..patches import Patch
from ..stored import network_shapes, stored_tensor
from ..weights import Weights

#: ``standard``: low rank; ``full_diff``: whole differences.
Kind = Literal["standard", "full_diff"]
Tensors = Iterator[tuple[str, Tensor]]


def from_model(model: Model, rank: int, kind: Kind, bias: bool) -> Tensors:
    """The adapter of a denoiser whose weights are differences, such as one subtracted."""
    yield from _extracted("diffusion_model.", model.weights, model.patches, rank, kind, bias)


def from_clip(clip: Clip, rank: int, kind: Kind, bias: bool) -> Tensors:
    """The same of text encoders."""
    for e in clip.encoders:
        place = f"text_encoders.clip_{e.name}.transformer."
        yield from _extracted(place, e.weights, e.patches, rank, kind, bias)


def _extracted(
    place: str, weights: Weights, patches: tuple[Patch, ...], rank: int, kind: Kind, bias: bool
) -> Tensors:
    """Of all tensors that patches are about.

    Args:
        place: beginning of the names.
        weights: of the network.
        patches: that make its weights differences.
        rank: at most; smaller matrices have less.
        kind: of the adapter.
        bias: also of biases and norms, whole.
    """
    touched = {name for patch in patches for name in patch.changes}
    for name in (n for n in network_shapes(weights) if n in touched):
        base, _, last = (place + name).rpartition(".")
        difference = stored_tensor(weights, name, patches)
        if last == "weight" and difference.dim() > 1:
            found = low_rank(difference, rank) if kind == "standard" else {"diff": difference}
            yield from ((f"{base}.{part}", _half(tensor)) for part, tensor in found.items())
        elif bias:
            yield f"{base}.{'diff_b' if last == 'bias' else 'diff'}", _half(difference)


def low_rank(difference: Tensor, rank: int) -> dict[str, Tensor]:
    """The nearest product of a rank in the sense of least squares (Eckart and Young 1936)."""
    matrix = difference.float().flatten(1)
    u, s, vh = torch.linalg.svd(matrix, full_matrices=False)
    r, ones = min(rank, len(s)), [1] * (difference.dim() - 2)
    up = (u[:, :r] * s[:r]).reshape(-1, r, *ones)
    return {"lora_up.weight": up, "lora_down.weight": vh[:r].reshape(r, *difference.shape[1:])}


def _half(tensor: Tensor) -> Tensor:
    return tensor.half().contiguous()
