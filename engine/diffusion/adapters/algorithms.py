"""What each kind of adapter does to a weight, as published.

Invariant: pure functions of the file's tensors (``parts``, by the names of ``spelling.py``, in
the type and on the device of the weight) and the weight; they compute in that type, so that a
float64 weight gives a float64 result.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

Parts = Mapping[str, Tensor]
#: From a weight, a strength and the parts to the changed weight.
Algorithm = Callable[[Tensor, float, Parts], Tensor]
#: From the parts and the weight to the full-strength difference, and the rank that alpha is
#: divided by (None: alpha is not used).
Difference = Callable[[Parts, Tensor], tuple[Tensor, int | None]]

#: Keeps norms of empty rows from dividing by zero.
TINY = 1e-12


@dataclass(frozen=True)
class Additive:
    """Adapters that add a difference: ``W + strength (alpha / rank) dW``.

    With a magnitude (DoRA, Liu et al. 2024, equation 5) the sum is rescaled to it instead, and
    strength goes linearly from the weight to that.
    """

    difference: Difference

    def __call__(self, weight: Tensor, strength: float, parts: Parts) -> Tensor:
        delta, rank = self.difference(parts, weight)
        if rank is not None and "alpha" in parts:
            delta = delta * (parts["alpha"].reshape(()) / rank)
        delta = delta.reshape(weight.shape)
        magnitude = _magnitude(parts, weight)
        if magnitude is None:
            return weight + strength * delta
        return weight + strength * (_rescaled(weight + delta, magnitude) - weight)


def _magnitude(parts: Parts, weight: Tensor) -> Tensor | None:
    """Lengths that rows (``out 1 ...``) or columns (``1 in ...``) shall have."""
    if "magnitude" in parts:  # PEFT keeps one number an output, in whatever shape
        return parts["magnitude"].reshape(-1, *[1] * (weight.dim() - 1))
    found = parts.get("dora_scale")
    if found is None:
        return None
    if found.dim() == 1:
        return found.reshape(-1, *[1] * (weight.dim() - 1))
    return found.reshape(*found.shape[:2], *[1] * (weight.dim() - 2))


def _rescaled(weight: Tensor, magnitude: Tensor) -> Tensor:
    """The weight with the rows or columns of the lengths given; DoRA."""
    axis = 0 if magnitude.shape[0] == weight.shape[0] else 1
    others = [d for d in range(weight.dim()) if d != axis]
    length = torch.linalg.vector_norm(weight, dim=others, keepdim=True)
    return weight * (magnitude / (length + TINY))


def lora(parts: Parts, weight: Tensor) -> tuple[Tensor, int]:
    """``up down`` (Hu et al. 2021), or ``up mid down`` for convolutions (LoCon, CP form)."""
    up, down = parts["up"], parts["down"]
    if "mid" in parts:
        delta = _through_kernel(parts["mid"], up.flatten(1), down.flatten(1))
    else:
        delta = up.flatten(1) @ down.flatten(1)
    return delta, down.shape[0]


def loha(parts: Parts, weight: Tensor) -> tuple[Tensor, int]:
    """``(w1a w1b) * (w2a w2b)``, elementwise (Hyeon-Woo et al. 2022, FedPara)."""
    halves = []
    for n in ("1", "2"):
        a, b, t = parts[f"w{n}_a"], parts[f"w{n}_b"], parts.get(f"t{n}")
        halves.append(a @ b if t is None else _through_kernel(t, a.T, b))
    return halves[0] * halves[1], parts["w1_b"].shape[0]


def lokr(parts: Parts, weight: Tensor) -> tuple[Tensor, int | None]:
    """Kronecker product of two factors, each whole or of low rank (Yeh et al. 2024, LyCORIS)."""
    first, rank1 = _factor(parts, "1")
    second, rank2 = _factor(parts, "2")
    first = first.reshape(*first.shape, *[1] * (second.dim() - first.dim()))
    return torch.kron(first, second.contiguous()), rank2 or rank1


def _factor(parts: Parts, n: str) -> tuple[Tensor, int | None]:
    whole, t = parts.get(f"k{n}"), parts.get(f"kt{n}")
    if whole is not None:
        return whole, None
    a, b = parts[f"k{n}_a"], parts[f"k{n}_b"]
    return (a @ b if t is None else _through_kernel(t, a.T, b)), b.shape[0]


def _through_kernel(kernel: Tensor, up: Tensor, down: Tensor) -> Tensor:
    """``up`` ``o p`` times a small kernel ``p q ...`` times ``down`` ``q i``: ``o i ...``."""
    return torch.einsum("pq...,op,qi->oi...", kernel, up, down)


def glora(parts: Parts, weight: Tensor) -> tuple[Tensor, int]:
    """``W a1 a2 + b1 b2`` (Chavan et al. 2023), or the older ``W a2 a1 + b2 b1``."""
    a1, a2, b1, b2 = (parts[name].flatten(1) for name in ("a1", "a2", "b1", "b2"))
    if b2.shape[1] == b1.shape[0] == a1.shape[0] == a2.shape[1]:  # older
        return weight.flatten(1) @ a2 @ a1 + b2 @ b1, a1.shape[0]
    on_inputs = torch.einsum("oi...,ij,jk->ok...", weight, a1, a2)
    return on_inputs + (b1 @ b2).reshape(weight.shape), a1.shape[1]


def oft(weight: Tensor, strength: float, parts: Parts) -> Tensor:
    """Rotate blocks of outputs (Qiu et al. 2023); strength counts on the rotation and on the sum.

    Each block's rotation is the Cayley transform of ``Q - Q^T``, whose norm alpha limits.
    """
    rotation = _rotations(parts)
    k, b = rotation.shape[:2]
    turn = strength * (rotation - torch.eye(b, dtype=weight.dtype, device=weight.device))
    rows = weight.reshape(k, b, -1)
    return weight + strength * (turn.mT @ rows).reshape(weight.shape)


def boft(weight: Tensor, strength: float, parts: Parts) -> Tensor:
    """Rotate pairs of outputs in butterfly stages (Liu et al. 2024); strength counts twice too."""
    stages = _rotations(parts)
    b = stages.shape[-1]
    eye = torch.eye(b, dtype=weight.dtype, device=weight.device)
    rows = weight.flatten(1)
    for i, rotation in enumerate(stages):
        part = rotation * strength + eye * (1 - strength)
        apart = 2**i * b // 2  # distance of the outputs that this stage turns together
        near = rows.reshape(-1, 2, apart, rows.shape[1]).transpose(1, 2)
        turned = part @ near.reshape(-1, b, rows.shape[1])
        rows = turned.reshape(-1, apart, 2, rows.shape[1]).transpose(1, 2).reshape(rows.shape)
    return weight + strength * (rows.reshape(weight.shape) - weight)


def _rotations(parts: Parts) -> Tensor:
    """Cayley transforms ``(I + Q)(I - Q)^-1`` of the blocks made skew: ``... b b``."""
    blocks = parts["blocks"]
    q = blocks - blocks.mT
    if "alpha" in parts:
        limit, norm = parts["alpha"].reshape(()), torch.linalg.vector_norm(q)
        q = torch.where((limit > 0) & (norm > limit), q * (limit / norm), q)
    eye = torch.eye(q.shape[-1], dtype=q.dtype, device=q.device)
    return (eye + q) @ torch.linalg.inv(eye - q)


def add(weight: Tensor, strength: float, parts: Parts) -> Tensor:
    """Add a whole difference."""
    return weight + strength * parts["diff"].reshape(weight.shape)


def put(weight: Tensor, strength: float, parts: Parts) -> Tensor:
    """Take another weight instead."""
    return parts["set"].reshape(weight.shape).clone()


#: By the parts without which each does not work; the first whose parts are there is taken.
ALGORITHMS: Mapping[tuple[str, ...], Algorithm] = {
    ("a1", "a2", "b1", "b2"): Additive(glora),
    ("w1_a", "w1_b", "w2_a", "w2_b"): Additive(loha),
    ("up", "down"): Additive(lora),
    ("set",): put,
    ("diff",): add,
}


def algorithm_for(parts: Mapping[str, object]) -> Algorithm | None:
    """The algorithm that a set of parts belongs to; None if it is not complete.

    Args:
        parts: shapes or tensors by name.
    """
    if "blocks" in parts:
        return boft if len(getattr(parts["blocks"], "shape", ())) == 4 else oft
    if all(f"k{n}" in parts or {f"k{n}_a", f"k{n}_b"} <= parts.keys() for n in "12"):
        return Additive(lokr)
    found = (a for needed, a in ALGORITHMS.items() if all(n in parts for n in needed))
    return next(found, None)
