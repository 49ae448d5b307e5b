"""Classifier-free guidance: from a network and two conditionings to one denoiser.

Invariant: everything that fits together goes through the network in one batch, unless memory
forbids: a plain run costs one call a step.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from .conditioning import Area, Condition
from .parameterization import Discrete

#: Conditions of different length share a batch if repetition lengthens none by more.
MAX_REPETITION = 4


@dataclass(frozen=True)
class GuidedDenoiser:
    """Denoise with guidance (Ho and Salimans 2022): ``U + (C - U) cfg``.

    Attributes:
        network: predicts noise or velocity.
        sampling: how its input and output are to be read.
        positive: what the picture shall show.
        negative: what it shall move away from; not evaluated if ``cfg`` is 1.
        cfg: strength of the guidance.
        dtype: of the network's input.
        batched: False evaluates one condition at a time, which takes the least memory.
    """

    network: nn.Module
    sampling: Discrete
    positive: Sequence[Condition]
    negative: Sequence[Condition]
    cfg: float
    dtype: torch.dtype = field(default=torch.float32)
    batched: bool = True

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        """The guided clean latent of ``x``, ``b c h w``, float32."""
        sides = [self.positive] if math.isclose(self.cfg, 1.0) else [self.positive, self.negative]
        denoised = self._sides(x, sigma, sides)
        if len(denoised) == 1:
            return denoised[0]
        return torch.lerp(denoised[1], denoised[0], self.cfg)

    def _sides(self, x: Tensor, sigma: float, sides: Sequence[Sequence[Condition]]) -> list[Tensor]:
        """What each side sees: the weighted mean of its conditions."""
        active = [(k, c) for k, side in enumerate(sides) for c in side if c.applies(sigma)]
        sums, weights = [torch.zeros_like(x) for _ in sides], [x.new_full((), 1e-37)] * len(sides)
        conditions = [c for _, c in active]
        for group in batches(conditions) if self.batched else [[c] for c in conditions]:
            members = [(k, c) for k, c in active if any(c is g for g in group)]
            parts = self._run(x, sigma, [c for _, c in members])
            for (k, c), part in zip(members, parts, strict=True):
                sums[k] = sums[k] + _paste(_times(part, c.weight), c.area, x)
                weight = x.new_ones(()) if c.weight is None else c.weight
                weights[k] = weights[k] + _paste(weight, c.area, x)
        return [total / weight for total, weight in zip(sums, weights, strict=True)]

    def _run(self, x: Tensor, sigma: float, conditions: Sequence[Condition]) -> Sequence[Tensor]:
        """Denoise under conditions of equal area in one call, the last one first."""
        crop = conditions[0].area.cut(x)
        n, b = len(conditions), x.shape[0]
        contexts = [repeat_to_batch(c.vectors, b) for c in reversed(conditions)]
        scaled = self.sampling.scale_input(crop, sigma).to(self.dtype)
        # Looked up on the CPU: a number from the device would stall it in every step.
        timestep = crop.new_full((n * b,), self.sampling.timestep(torch.tensor(sigma)).item())
        out = self.network(scaled.repeat(n, 1, 1, 1), timestep, same_length(contexts))
        denoised = self.sampling.denoised(crop.repeat(n, 1, 1, 1), out.float(), sigma)
        return denoised.chunk(n)[::-1]


def batches(conditions: Iterable[Condition]) -> list[list[Condition]]:
    """Conditions that can share a call: equal areas, lengths with a small common multiple."""
    groups: list[list[Condition]] = []
    for condition in conditions:
        group = next((g for g in groups if _fits(condition, g)), None)
        if group is None:
            groups.append([condition])
        else:
            group.append(condition)
    return groups


def _fits(condition: Condition, group: Sequence[Condition]) -> bool:
    lengths = [c.vectors.shape[1] for c in (condition, *group)]
    short_enough = math.lcm(*lengths) <= MAX_REPETITION * min(lengths)
    return condition.area == group[0].area and short_enough


def same_length(contexts: Sequence[Tensor]) -> Tensor:
    """Contexts ``b n width`` one behind the other; the short ones are repeated.

    Attention over repeated tokens gives what attention over the tokens themselves gives.
    """
    length = math.lcm(*(c.shape[1] for c in contexts))
    return torch.cat([c.repeat(1, length // c.shape[1], 1) for c in contexts])


def repeat_to_batch(tensor: Tensor, batch: int) -> Tensor:
    """Repeat or cut the first axis to ``batch`` items."""
    times = -(-batch // tensor.shape[0])
    return tensor.repeat(times, *[1] * (tensor.dim() - 1))[:batch]


def _times(part: Tensor, weight: Tensor | None) -> Tensor:
    return part if weight is None else part * repeat_to_batch(weight, part.shape[0])


def _paste(part: Tensor, area: Area, x: Tensor) -> Tensor:
    """The part in its place, zeros elsewhere; a scalar or whole part stays as it is."""
    if part.dim() == 0 or part.shape[-2:] == x.shape[-2:]:
        return part
    canvas = x.new_zeros(*part.shape[:2], *x.shape[-2:])
    area.cut(canvas).copy_(part)
    return canvas
