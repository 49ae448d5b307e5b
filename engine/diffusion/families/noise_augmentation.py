"""Conditions that are noised before the network sees them, and told how much (Ho et al. 2021).

Invariant: the noise comes from the seed of the run, and differs from that of the latent.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..conditioning import Situation
from ..networks.layers import timestep_embedding
from ..parameterization import Discrete
from .inputs import same_size

#: Added to the seed of a run for this noise.
SEED_OFFSET = 10
#: Noise levels that the x4 upscaler was trained with, of a thousand.
UPSCALER_LEVELS = 350
#: How far the sum of several pictures is noised, of 1.
MERGED_NOISE = 0.05


def cosine_kept(steps: int = 1000) -> Tensor:
    """What is left of the signal at each step (Nichol and Dhariwal 2021, equation 17)."""

    def left(t: float) -> float:
        return math.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2

    ratios = [left((i + 1) / steps) / left(i / steps) for i in range(steps)]
    kept = torch.tensor([max(ratio, 1 - 0.999) for ratio in ratios], dtype=torch.float64)
    return kept.cumprod(0).float()


def noised(x: Tensor, kept: Tensor, level: int, seed: int) -> Tensor:
    """Mix ``x`` with noise: the forward process of a variance preserving diffusion."""
    generator = torch.Generator().manual_seed((seed + SEED_OFFSET) % 2**64)
    noise = torch.randn(x.shape, generator=generator).to(x)
    share = kept[level].to(x)
    return x * share.sqrt() + noise * (1 - share).sqrt()


@dataclass(frozen=True)
class SeenPictures:
    """The rule of Stable unCLIP (Ramesh et al. 2022): what CLIP saw, noised, and how much.

    Attributes:
        mean: of the vectors that CLIP gives.
        std: of the same.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __call__(self, options: Mapping[str, Any], situation: Situation) -> dict[str, Tensor]:
        """The vector; zeros for an entry without pictures."""
        seen = options.get("unclip_conditioning", ())
        vectors = [self._one(entry, situation.seed) for entry in seen]
        if not vectors:
            return {"vector": torch.zeros(1, 2 * len(self.mean))}
        total = torch.stack(vectors).sum(0)
        if len(vectors) > 1:
            total = self._told(total[:, : len(self.mean)], MERGED_NOISE, situation.seed)
        return {"vector": total}

    def _one(self, entry: Mapping[str, Any], seed: int) -> Tensor:
        vectors = entry["clip_vision_output"].image_embeds[:1]
        told = self._told(vectors, entry.get("noise_augmentation", 0.0), seed)
        return told * entry.get("strength", 1.0)

    def _told(self, vectors: Tensor, share: float, seed: int) -> Tensor:
        """The noised vectors with the features of their noise level behind them."""
        level = round(share * 999)
        mean, std = vectors.new_tensor(self.mean), vectors.new_tensor(self.std)
        mixed = noised((vectors - mean) / std, cosine_kept(), level, seed) * std + mean
        features = timestep_embedding(torch.tensor([float(level)]), len(self.mean))
        return torch.cat([mixed, features.expand(len(mixed), -1)], dim=1)


def small_picture(options: Mapping[str, Any], situation: Situation) -> dict[str, Tensor]:
    """The rule of the x4 upscaler: the small picture, noised, and how much."""
    latent, image = situation.latent, options.get("concat_image")
    image = torch.zeros_like(latent[:, :3]) if image is None else same_size(image, latent)
    level = round(UPSCALER_LEVELS * options.get("noise_augmentation", 0.0))
    kept = 1 / (1 + Discrete(0.0001, 0.02).sigmas ** 2)
    mixed = noised(image, kept, level, situation.seed)
    return {"concat": mixed, "vector": torch.full((len(mixed),), level)}
