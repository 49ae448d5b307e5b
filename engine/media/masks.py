"""Masks and what is done with them: ``b h w`` in 0..1, 1 is white.

Invariant: every function gives a new mask and leaves its arguments alone.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

Combine = Callable[[Tensor, Tensor], Tensor]

#: How two masks are combined; ``a`` lies below.
OPERATIONS: Mapping[str, Combine] = {
    "multiply": lambda a, b: a * b,
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "and": lambda a, b: (a.round().bool() & b.round().bool()).float(),
    "or": lambda a, b: (a.round().bool() | b.round().bool()).float(),
    "xor": lambda a, b: (a.round().bool() ^ b.round().bool()).float(),
}


def batched(mask: Tensor) -> Tensor:
    """A mask with its batch in front: ``(b) (1) h w`` -> ``b h w``."""
    return mask.reshape(-1, *mask.shape[-2:])


def repeated(tensor: Tensor, count: int) -> Tensor:
    """Repeat the last item of a batch until there are so many."""
    missing = count - tensor.shape[0]
    if missing <= 0:
        return tensor
    return torch.cat([tensor, tensor[-1:].expand(missing, *tensor.shape[1:])])


def fitted(mask: Tensor, height: int, width: int) -> Tensor:
    """A mask in another size."""
    mask = batched(mask)
    if mask.shape[-2:] == (height, width):
        return mask
    return F.interpolate(mask[:, None], (height, width), mode="bilinear")[:, 0]


def composite(destination: Tensor, source: Tensor, x: int, y: int, operation: str) -> Tensor:
    """Combine a mask with another whose corner lies at ``x``, ``y``; what hangs over is cut."""
    below, above = batched(destination), batched(source)
    count = max(len(below), len(above))
    below, above = repeated(below, count).clone(), repeated(above, count)
    part = below[:, y : y + above.shape[1], x : x + above.shape[2]]
    fitting = above[:, : part.shape[1], : part.shape[2]]
    part.copy_(OPERATIONS[operation](part.clone(), fitting).clamp(0, 1))
    return below


def feathered(mask: Tensor, left: int, top: int, right: int, bottom: int) -> Tensor:
    """A mask that fades to its sides, in linear ramps of so many pixels."""
    mask = batched(mask).clone()
    height, width = mask.shape[-2:]
    columns = _ramp(width, left) * _ramp(width, right).flip(0)
    rows = _ramp(height, top) * _ramp(height, bottom).flip(0)
    return mask * columns * rows[:, None]


def _ramp(size: int, length: int) -> Tensor:
    length = min(length, size)
    ramp = torch.ones(size)
    ramp[:length] = torch.arange(1, length + 1) / max(length, 1)
    return ramp


def grown(mask: Tensor, steps: int, tapered: bool) -> Tensor:
    """Grey dilation (negative: erosion) by a 3x3 square, or cross, so many times."""
    mask = batched(mask)[:, None].clone()
    sign = 1.0 if steps >= 0 else -1.0
    for _ in range(abs(steps)):
        if mask.amin() == mask.amax():
            break
        signed = mask * sign
        if tapered:
            wide = F.max_pool2d(signed, (1, 3), 1, (0, 1))
            signed = wide.maximum(F.max_pool2d(signed, (3, 1), 1, (1, 0)))
        else:
            signed = F.max_pool2d(signed, 3, 1, 1)
        mask = signed * sign
    return mask[:, 0]


#: Rules by name: of source, its alpha, destination and its alpha to colour and alpha. Colours
#: are not multiplied by their alpha.
PORTER_DUFF: Mapping[str, Callable[[Tensor, Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]] = {
    "ADD": lambda s, a, d, b: ((s + d).clamp(0, 1), (a + b).clamp(0, 1)),
    "CLEAR": lambda s, a, d, b: (torch.zeros_like(d), torch.zeros_like(b)),
    "DARKEN": lambda s, a, d, b: ((1 - b) * s + (1 - a) * d + s.minimum(d), a + b - a * b),
    "DST": lambda s, a, d, b: (d, b),
    "DST_ATOP": lambda s, a, d, b: (a * d + (1 - b) * s, a),
    "DST_IN": lambda s, a, d, b: (d * a, a * b),
    "DST_OUT": lambda s, a, d, b: ((1 - a) * d, (1 - a) * b),
    "DST_OVER": lambda s, a, d, b: (d + (1 - b) * s, b + (1 - b) * a),
    "LIGHTEN": lambda s, a, d, b: ((1 - b) * s + (1 - a) * d + s.maximum(d), a + b - a * b),
    "MULTIPLY": lambda s, a, d, b: (s * d, a * b),
    "OVERLAY": lambda s, a, d, b: (
        torch.where(2 * d < b, 2 * s * d, a * b - 2 * (b - d) * (a - s))
        + s * (1 - b)
        + d * (1 - a),
        a + b - a * b,
    ),
    "SCREEN": lambda s, a, d, b: (s + d - s * d, a + b - a * b),
    "SRC": lambda s, a, d, b: (s, a),
    "SRC_ATOP": lambda s, a, d, b: (b * s + (1 - a) * d, b),
    "SRC_IN": lambda s, a, d, b: (s * b, a * b),
    "SRC_OUT": lambda s, a, d, b: ((1 - b) * s, (1 - b) * a),
    "SRC_OVER": lambda s, a, d, b: (s + (1 - a) * d, a + (1 - a) * b),
    "XOR": lambda s, a, d, b: ((1 - b) * s + (1 - a) * d, (1 - b) * a + (1 - a) * b),
}


def porter_duff(
    source: Tensor, source_alpha: Tensor, destination: Tensor, destination_alpha: Tensor, mode: str
) -> tuple[Tensor, Tensor]:
    """Lay a picture over another (Porter and Duff 1984).

    Args:
        source: ``b h w c``; resized to the destination.
        source_alpha: ``b h w``, 1 where it shows.
        destination: ``b h w c``.
        destination_alpha: ``b h w``, 1 where it shows.
        mode: a name of ``PORTER_DUFF``.

    Returns:
        The picture and its alpha.
    """
    height, width = destination.shape[1:3]
    channels = min(source.shape[-1], destination.shape[-1])
    above = F.interpolate(source[..., :channels].movedim(-1, 1), (height, width), mode="bilinear")
    below = destination[..., :channels]
    alphas = (fitted(alpha, height, width) for alpha in (source_alpha, destination_alpha))
    count = max(len(above), len(below))
    s, d = repeated(above.movedim(1, -1), count), repeated(below, count)
    a, b = (repeated(alpha, count)[..., None] for alpha in alphas)
    picture, alpha = PORTER_DUFF[mode](s * a, a, d * b, b)
    straight = torch.where(alpha > 1e-5, picture / alpha.clamp(min=1e-5), torch.zeros_like(picture))
    return straight.clamp(0, 1), alpha[..., 0].clamp(0, 1)
