"""All randomness of sampling, as functions of seeds.

Invariant: the k-th draw of a source is always the same tensor, whatever was drawn before, so
a run that was saved at a step goes on exactly as if it had never stopped.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor


def initial_noise(
    shape: Sequence[int], seed: int, batch_index: Sequence[int] | None = None
) -> Tensor:
    """The noise that a run starts from: float32 on the CPU, the same on every machine.

    Args:
        shape: of the latent, batch first.
        seed: 0 to 2**64 - 1.
        batch_index: which draw each item of the batch gets, for items taken out of a larger
            batch; without it they get the draws in order.
    """
    generator = torch.Generator("cpu").manual_seed(seed)
    if batch_index is None:
        return torch.randn(tuple(shape), generator=generator)
    draws = [torch.randn((1, *shape[1:]), generator=generator) for _ in range(max(batch_index) + 1)]
    return torch.cat([draws[i] for i in batch_index])


class NoiseSource(Protocol):
    """The value of a NOISE socket: where a run's noise comes from."""

    @property
    def seed(self) -> int:
        """Of the noise that samplers draw on the way."""

    def __call__(self, latent: Mapping[str, Any]) -> Tensor:
        """The noise that a latent starts from: the shape of its ``samples``, on the CPU."""


@dataclass(frozen=True)
class SeededNoise:
    """Noise of a seed.

    Attributes:
        seed: 0 to 2**64 - 1.
        per_item: item k of a batch gets the noise that it would get alone with the seed
            ``seed + k``, so that it does not depend on its slot or on the size of the batch.
    """

    seed: int
    per_item: bool = False

    def __call__(self, latent: Mapping[str, Any]) -> Tensor:
        shape, index = latent["samples"].shape, latent.get("batch_index")
        if not self.per_item:
            return initial_noise(shape, self.seed, index)
        items = range(shape[0]) if index is None else index
        one = (1, *shape[1:])
        return torch.cat([initial_noise(one, (self.seed + k) % 2**64) for k in items])


@dataclass(frozen=True)
class NoNoise:
    """Nothing: for a latent that is noisy already.

    Attributes:
        seed: of the noise that samplers draw on the way.
    """

    seed: int = 0

    def __call__(self, latent: Mapping[str, Any]) -> Tensor:
        return torch.zeros(latent["samples"].shape)


class Noise(Protocol):
    """A source of standard normal tensors for the steps of a sampler."""

    def __call__(self, draw: int, sigma: float, sigma_next: float) -> Tensor:
        """Noise of draw number ``draw``, for going from one noise level to another."""
        ...


class SequentialNoise:
    """Independent draws from a generator on the latent's device, in order.

    Attributes:
        like: its shape, dtype and device are those of every draw.
        seed: of the generator.
        shapes: the shapes of the draws instead, by their numbers.
    """

    def __init__(
        self, like: Tensor, seed: int, shapes: Callable[[int], Sequence[int]] | None = None
    ) -> None:
        self.like, self.seed = like, seed
        self.shapes = shapes or (lambda draw: like.shape)
        self._generator = torch.Generator(like.device)
        self._next: int | None = None

    def __call__(self, draw: int, sigma: float, sigma_next: float) -> Tensor:
        if self._next is None or draw < self._next:
            self._generator.manual_seed(self.seed)
            self._next = 0
        for missed in range(self._next, draw):  # catch up with a run that is resumed
            self._draw(missed)
        self._next = draw + 1
        return self._draw(draw)

    def _draw(self, draw: int) -> Tensor:
        like, shape = self.like, tuple(self.shapes(draw))
        return torch.randn(shape, dtype=like.dtype, device=like.device, generator=self._generator)


class BrownianNoise:
    """Increments of one Brownian motion over sigma, scaled to unit variance.

    What is drawn between two levels does not depend on the steps taken there (Li et al.
    2020, virtual Brownian tree), so more steps refine a picture instead of changing it.

    Args:
        like: shape, dtype and device of every draw.
        sigmas: of the whole run.
        seed: of the tree.
        on_device: grow the tree on the latent's device; its numbers depend on the device.
    """

    def __init__(self, like: Tensor, sigmas: Tensor, seed: int, on_device: bool = False) -> None:
        import torchsde

        self._like = like
        start = torch.zeros_like(like, device=like.device if on_device else "cpu")
        # The tree rounds times to its tolerance; it must not be asked beyond its rounded ends.
        self._low = round(sigmas[sigmas > 0].min().item(), 6)
        self._high = round(sigmas.max().item(), 6)
        self._tree: Any = torchsde.BrownianTree(self._low, start, self._high, entropy=seed)

    def __call__(self, draw: int, sigma: float, sigma_next: float) -> Tensor:
        low, high = sorted((sigma, sigma_next))
        sign = 1 if sigma < sigma_next else -1
        increment = self._tree(max(low, self._low), min(high, self._high)).to(self._like)
        return increment * (sign / math.sqrt(high - low))
