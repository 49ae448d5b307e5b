"""From a network and conditions to clean latents: what each side of a guidance sees.

Invariant: everything that fits together goes through the network in one batch, unless memory
forbids: a plain run costs one call a step.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from .conditioning import Area, Condition
from .hooks import NO_HOOKS, Hooks, Watch
from .parameterization import Sampling
from .patches import Patch

#: Conditions of different length share a batch if repetition lengthens none by more.
MAX_REPETITION = 4
#: Weight of a place that no condition is about: it stays empty.
TINY = 1e-37


@dataclass(frozen=True)
class Evaluation:
    """Calls of one network in one run.

    Attributes:
        network: predicts noise or velocity.
        sampling: how its input and output are to be read.
        dtype: of the network's input.
        hooks: functions around and inside of it.
        batched: False evaluates one condition at a time, which takes the least memory.
        sigmas: all levels of the run.
        memory: what hooks keep from call to call.
        variant: the network with further patches, at a noise level; for conditions that
            change weights.
    """

    network: nn.Module
    sampling: Sampling
    dtype: torch.dtype = torch.float32
    hooks: Hooks = NO_HOOKS
    batched: bool = True
    sigmas: tuple[float, ...] = ()
    memory: dict[str, Any] = field(default_factory=dict, compare=False)
    variant: Callable[[tuple[Patch, ...], float], nn.Module] | None = None

    def hooked(self, hooks: Hooks) -> "Evaluation":
        """The same with other hooks."""
        return replace(self, hooks=hooks)

    def __call__(
        self,
        x: Tensor,
        sigma: float,
        sides: Sequence[Sequence[Condition]],
        roles: Sequence[int] = (0, 1),
    ) -> list[Tensor]:
        """What each side sees: the weighted mean of its conditions.

        Args:
            x: noisy latent, ``b c h w``, float32.
            sigma: its noise level.
            sides: conditions of each side.
            roles: per side, 0 for positive and 1 for negative.

        Returns:
            Per side a clean latent, ``b c h w``.
        """
        sums, weights = [torch.zeros_like(x) for _ in sides], [x.new_full((), TINY)] * len(sides)
        active = [
            (k, c) for k, side in enumerate(sides) for c in side if c.applies(sigma) and not c.fills
        ]
        filling = [
            (k, c) for k, side in enumerate(sides) for c in side if c.applies(sigma) and c.fills
        ]
        for k, c, part in self._parts(x, sigma, active, roles):
            sums[k] = sums[k] + _paste(_times(part, c.weight), c.area, x)
            weights[k] = weights[k] + _paste(_ones(c, x), c.area, x)
        if filling:
            self._fill(x, sums, weights, list(self._parts(x, sigma, filling, roles)))
        return [total / weight for total, weight in zip(sums, weights, strict=True)]

    def _fill(
        self,
        x: Tensor,
        sums: list[Tensor],
        weights: list[Tensor],
        parts: Sequence[tuple[int, Condition, Tensor]],
    ) -> None:
        """Give what a side leaves open to its defaults, which share it by their weights."""
        for k in {k for k, _, _ in parts}:
            own = [(c, part) for side, c, part in parts if side == k]
            seen = sum(_paste(_times(part, c.weight), c.area, x) for c, part in own)
            shares = sum((_paste(_ones(c, x), c.area, x) for c, _ in own), x.new_zeros(()))
            left = (1 - weights[k]).clamp(min=0) * (shares > 0)
            sums[k] = sums[k] + seen / (shares + TINY) * left
            weights[k] = weights[k] + left

    def _parts(
        self,
        x: Tensor,
        sigma: float,
        wanted: Sequence[tuple[int, Condition]],
        roles: Sequence[int],
    ) -> Iterable[tuple[int, Condition, Tensor]]:
        """Side, condition and what is seen under it, for each wanted one."""
        patches = [c.changes.at(sigma) for _, c in wanted]
        for group in batches(range(len(wanted)), [c for _, c in wanted], self.batched, patches):
            members = [wanted[i] for i in group]
            network = self._network(patches[group[0]], sigma)
            sides = [roles[k] for k, _ in members]
            parts = self._run(network, x, sigma, [c for _, c in members], sides)
            yield from ((k, c, part) for (k, c), part in zip(members, parts, strict=True))

    def _network(self, patches: tuple[Patch, ...], sigma: float) -> nn.Module:
        if not patches or self.variant is None:
            return self.network
        return self.variant(patches, sigma)

    def _run(
        self,
        network: nn.Module,
        x: Tensor,
        sigma: float,
        conditions: Sequence[Condition],
        roles: Sequence[int],
    ) -> Sequence[Tensor]:
        """Denoise under conditions that fit together in one call, the last one first."""
        first = conditions[0]
        crop = first.area.cut(x)
        n, b = len(conditions), x.shape[0]
        last_first = list(reversed(conditions))
        context = same_length([repeat_to_batch(c.vectors, b) for c in last_first])
        inputs = {
            name: torch.cat([repeat_to_batch(c.inputs[name], b) for c in last_first])
            for name in first.inputs
        }
        at = Watch(self.hooks, tuple(reversed(roles)), sigma, self.sigmas, _size(x), self.memory)
        call: Callable[..., Tensor] = partial(self._denoised, network, last_first)
        for wrap in self.hooks.evaluation:
            call = partial(wrap, call)
        seen = call(crop.repeat(n, 1, 1, 1), sigma, context, at, **inputs)
        return seen.chunk(n)[::-1]

    def _denoised(
        self,
        network: nn.Module,
        conditions: Sequence[Condition],
        noisy: Tensor,
        sigma: float,
        context: Tensor,
        at: Watch,
        **inputs: Any,
    ) -> Tensor:
        """The clean latents of noisy ones, ``(n b) c h w``, under conditions in this order."""
        first, rows = conditions[0], noisy.shape[0] // len(conditions)
        scaled = self.sampling.scale_input(noisy, sigma).to(self.dtype)
        # Looked up on the CPU: a number from the device would stall it in every step.
        told = self.sampling.timestep(torch.tensor(sigma)).item()
        timesteps = noisy.new_full((noisy.shape[0],), told)
        if (concat := inputs.pop("concat", None)) is not None:
            scaled = torch.cat([scaled, first.area.cut(concat).to(self.dtype)], dim=1)
        if first.control is not None:
            read = _told(conditions, rows, context, inputs.get("vector"))
            inputs["control"] = first.control(scaled, sigma, timesteps, *read)
        if first.grounding is not None:
            between = first.grounding(inputs.pop("objects"))
            at = replace(at, hooks=at.hooks.add(between=between))
        if at.hooks.inside:
            inputs["watch"] = at
        with replaced(network, self.hooks.parts):
            out = self._call(network, scaled, timesteps, context, at, inputs)
        return self.sampling.denoised(noisy, out.float(), sigma)

    def _call(
        self,
        network: nn.Module,
        x: Tensor,
        timesteps: Tensor,
        context: Tensor,
        at: Watch,
        inputs: dict[str, Any],
    ) -> Tensor:
        call: Callable[..., Tensor] = network
        for around in self.hooks.around:
            call = partial(around, call, at=at)
        return call(x, timesteps, context, **inputs)


@contextmanager
def replaced(network: nn.Module, parts: Mapping[str, Any]) -> Iterator[None]:
    """Put other parts into a network for a while: modules, functions or tensors by path.

    What was there comes back in the end, whatever happens in between.
    """
    with ExitStack() as undo:
        for path, part in parts.items():
            owner, _, name = path.rpartition(".")
            undo.callback(_put(network.get_submodule(owner), name, part))
        yield


def _put(owner: nn.Module, name: str, part: Any) -> Callable[[], None]:
    """Put a part into a module; gives what takes it out again."""
    kept = next((d for d in (owner._modules, owner._parameters) if name in d), owner.__dict__)
    there, before = name in kept, kept.get(name)
    kept[name] = part  # type: ignore[assignment]

    def back() -> None:
        if there:
            kept[name] = before  # type: ignore[assignment]
        else:
            del kept[name]

    return back


def _told(
    conditions: Sequence[Condition], b: int, context: Tensor, vector: Tensor | None
) -> tuple[Tensor, Tensor | None]:
    """What the control of some conditions reads: the same, or what it is told instead."""
    if not any(c.told for c in conditions):
        return context, vector
    texts = [repeat_to_batch(c.told.get("vectors", c.vectors), b) for c in conditions]
    if vector is None:
        return same_length(texts), None
    found = [repeat_to_batch(c.told.get("vector", c.inputs["vector"]), b) for c in conditions]
    return same_length(texts), torch.cat(found)


def batches(
    numbers: Iterable[int],
    conditions: Sequence[Condition],
    batched: bool = True,
    patches: Sequence[tuple[Patch, ...]] = (),
) -> list[list[int]]:
    """Which conditions can share a call, by their numbers.

    Those with equal areas, the same kinds of inputs, the same control and the same changes of
    weights, and with lengths that have a small common multiple.
    """
    groups: list[list[int]] = []
    for i in numbers:
        alike = (g for g in groups if not patches or patches[g[0]] == patches[i])
        fitting = (g for g in alike if _fits(conditions[i], [conditions[j] for j in g]))
        group = next(fitting, None) if batched else None
        if group is None:
            groups.append([i])
        else:
            group.append(i)
    return groups


def _fits(condition: Condition, group: Sequence[Condition]) -> bool:
    first = group[0]
    lengths = [c.vectors.shape[1] for c in (condition, *group)]
    return (
        math.lcm(*lengths) <= MAX_REPETITION * min(lengths)
        and condition.area == first.area
        and condition.control is first.control
        and condition.grounding == first.grounding
        and _shapes(condition) == _shapes(first)
    )


def _shapes(condition: Condition) -> dict[str, torch.Size]:
    return {name: value.shape[1:] for name, value in condition.inputs.items()}


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


def _size(x: Tensor) -> tuple[int, int]:
    return x.shape[-2], x.shape[-1]


def _ones(condition: Condition, x: Tensor) -> Tensor:
    return x.new_ones(()) if condition.weight is None else condition.weight


def _times(part: Tensor, weight: Tensor | None) -> Tensor:
    return part if weight is None else part * repeat_to_batch(weight, part.shape[0])


def _paste(part: Tensor, area: Area, x: Tensor) -> Tensor:
    """The part in its place, zeros elsewhere; a scalar or whole part stays as it is."""
    if part.dim() == 0 or part.shape[-2:] == x.shape[-2:]:
        return part
    canvas = x.new_zeros(*part.shape[:2], *x.shape[-2:])
    area.cut(canvas).copy_(part)
    return canvas
