"""Batches of latents, as dicts with ``samples``, perhaps ``noise_mask`` and ``batch_index``.

``batch_index`` says which draw of the seed's noise each item gets, so that an item that was
taken out of a batch is sampled as it was in it.

Invariant: the mask and the indices follow their items; arguments are left alone.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import torch
from torch import Tensor

Latent = Mapping[str, Any]


def indices(latent: Latent) -> list[int]:
    """Which draw of noise each item gets."""
    return list(latent.get("batch_index") or range(len(latent["samples"])))


def taken(latent: Latent, first: int, length: int) -> dict[str, Any]:
    """Items of a batch, as far as there are so many; at least the last one."""
    count = len(latent["samples"])
    first = min(first, count - 1)
    part = slice(first, min(first + length, count))
    out = {**latent, "samples": latent["samples"][part].clone()}
    if "noise_mask" in latent:
        out["noise_mask"] = _masks(latent)[part].clone()
    return {**out, "batch_index": indices(latent)[part]}


def repeated(latent: Latent, amount: int) -> dict[str, Any]:
    """A batch several times, each time with noise of its own."""
    known = indices(latent)
    stride = max(known) - min(known) + 1
    out = {**latent, "samples": latent["samples"].repeat(amount, 1, 1, 1)}
    if "noise_mask" in latent:
        out["noise_mask"] = _masks(latent).repeat(amount, 1, 1, 1)
    if "batch_index" in latent:
        out["batch_index"] = [i + k * stride for k in range(amount) for i in known]
    return out


def joined(first: Latent, second: Latent) -> dict[str, Any]:
    """Two batches of one size as one; each item keeps its draw of noise."""
    samples = torch.cat([first["samples"], second["samples"].to(first["samples"])])
    return {**first, "samples": samples, "batch_index": indices(first) + indices(second)}


def rebatched(latents: Sequence[Latent], size: int) -> list[dict[str, Any]]:
    """Neighbours of one shape joined, and cut into batches of at most ``size``.

    Items without a ``batch_index`` are counted on over the whole list.
    """
    numbered, count = [], 0
    for latent in latents:
        n = len(latent["samples"])
        numbered.append({"batch_index": list(range(count, count + n)), **latent})
        count += n
    runs = groupby(numbered, key=lambda latent: latent["samples"].shape[1:])
    return [part for _, run in runs for part in _cut(list(run), size)]


def _cut(run: Sequence[Latent], size: int) -> list[dict[str, Any]]:
    samples = torch.cat([latent["samples"] for latent in run])
    whole = {"samples": samples, "batch_index": [i for one in run for i in one["batch_index"]]}
    if any("noise_mask" in latent for latent in run):
        whole["noise_mask"] = _joined_masks(run)
    return [taken(whole, first, size) for first in range(0, len(samples), size)]


def _joined_masks(run: Sequence[Latent]) -> Tensor:
    """Masks of several batches in the size of the first; where there is none all is new."""
    size = next(latent["noise_mask"] for latent in run if "noise_mask" in latent).shape[-2:]
    masks = []
    for latent in run:
        if "noise_mask" in latent:
            masks.append(torch.nn.functional.interpolate(_masks(latent), size, mode="bilinear"))
        else:
            masks.append(torch.ones(len(latent["samples"]), 1, *size))
    return torch.cat(masks)


def _masks(latent: Latent) -> Tensor:
    """One mask an item, ``b 1 h w``."""
    mask = latent["noise_mask"]
    mask = mask.reshape(-1, 1, *mask.shape[-2:])
    return mask[torch.arange(len(latent["samples"])) % len(mask)]
