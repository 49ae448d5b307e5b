"""Variants of classifier-free guidance, each with its paper.

Notation: C and U are the clean latents under the positive and the negative conditioning, s the
scale. "Noise direction" means x - C and x - U, which point the same way as predicted noise.

Invariant: works on each item of a batch by itself.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..hooks import Guided

_EPS = 1e-8


def _plain(g: Guided) -> Tensor:
    return torch.lerp(g.uncond, g.cond, g.scale)


def _dot(a: Tensor, b: Tensor) -> Tensor:
    """Inner product of each item, ``b 1 1 1``."""
    return (a * b).flatten(1).sum(1)[:, None, None, None]


def _norm(a: Tensor) -> Tensor:
    return _dot(a, a).sqrt()


@dataclass(frozen=True)
class Rescale:
    """Give the guided velocity the standard deviation of the conditional one (Lin et al. 2024).

    Section 3.4 of "Common Diffusion Noise Schedules and Sample Steps are Flawed".

    Attributes:
        multiplier: how much of the rescaled result is mixed in.
    """

    multiplier: float

    def __call__(self, g: Guided) -> Tensor:
        """In place of plain guidance."""
        root = (g.sigma**2 + 1) ** 0.5
        base = g.x / (g.sigma**2 + 1)
        v_cond, v_uncond = ((base - side) * (root / g.sigma) for side in (g.cond, g.uncond))
        v = torch.lerp(v_uncond, v_cond, g.scale)
        spread = v_cond.std((1, 2, 3), keepdim=True) / v.std((1, 2, 3), keepdim=True)
        return base - torch.lerp(v, v * spread, self.multiplier) * (g.sigma / root)


@dataclass(frozen=True)
class Projected:
    """Adaptive projected guidance (Sadat et al. 2024, arXiv 2410.02416, algorithm 1).

    Attributes:
        eta: how much of the guidance along C is kept; it saturates colours.
        norm_threshold: longest guidance; 0 is no limit.
        momentum: of the running sum of the guidance; negative pushes away from old directions.
    """

    eta: float
    norm_threshold: float
    momentum: float

    def __call__(self, g: Guided) -> Tensor:
        """In place of plain guidance."""
        change = g.cond - g.uncond
        if self.momentum:
            change = change + self.momentum * g.memory.get("apg", 0.0)
            g.memory["apg"] = change
        if self.norm_threshold > 0:
            change = change * (self.norm_threshold / (_norm(change) + _EPS)).clamp(max=1)
        along = g.cond * (_dot(change, g.cond) / (_dot(g.cond, g.cond) + _EPS))
        return g.cond + (change - along + self.eta * along) * (g.scale - 1)


def zero_star(g: Guided) -> Tensor:
    """CFG-Zero* (Fan et al. 2025, arXiv 2503.18886): the unguided direction at its best length."""
    toward, away = g.x - g.cond, g.x - g.uncond
    alpha = _dot(toward, away) / (_dot(away, away) + _EPS)
    return torch.lerp(g.x - away * alpha, g.cond, g.scale)


def tangential(g: Guided) -> tuple[Tensor, Tensor]:
    """Tangential damping (Kwon et al. 2025, arXiv 2503.18137).

    The unguided direction keeps only its part along the first singular vector of both.
    """
    toward, away = g.x - g.cond, g.x - g.uncond
    pair = torch.stack([toward.flatten(1), away.flatten(1)], dim=1)  # b 2 n
    first = torch.linalg.svd(pair.double(), full_matrices=False).Vh[:, 0].to(away)
    kept = first * (away.flatten(1) * first).sum(1, keepdim=True)
    return g.cond, g.x - kept.view_as(away)


def mahiro(g: Guided, denoised: Tensor) -> Tensor:
    """Mix guidance with the scaled conditional latent, by how alike the sides are (Mahiro)."""
    leap, merged = g.cond * g.scale, (g.cond * g.scale + denoised) / 2
    a, b = (_signed_root(t).flatten(1) for t in (g.uncond * g.scale, merged))
    weight = 2 * (torch.cosine_similarity(a, b)[:, None, None, None] + 1)
    return (weight * denoised + (4 - weight) * leap) / 4


def _signed_root(x: Tensor) -> Tensor:
    return x.abs().sqrt() * x.sign()


@dataclass(frozen=True)
class Norm:
    """Let guidance lengthen no channel vector beyond that of C.

    Attributes:
        strength: multiplies the result.
    """

    strength: float

    def __call__(self, g: Guided, denoised: Tensor) -> Tensor:
        """After guidance."""
        ratio = g.cond.norm(dim=1, keepdim=True) / (denoised.norm(dim=1, keepdim=True) + _EPS)
        return denoised * ratio.clamp(0, 1) * self.strength


@dataclass(frozen=True)
class Renorm:
    """Limit the length of the guided direction, and guide only at low noise (Lumina 2).

    Attributes:
        truncate: the noise level from which there is no guidance.
        limit: longest guided direction, as a multiple of the conditional one; 0 is none.
    """

    truncate: float
    limit: float

    def __call__(self, g: Guided) -> Tensor:
        """In place of plain guidance."""
        if g.sigma >= self.truncate:
            return g.cond
        toward, guided = g.x - g.cond, g.x - _plain(g)
        if self.limit > 0:
            longest = _norm(toward) * self.limit
            guided = guided * (longest / (_norm(guided) + _EPS)).clamp(max=1)
        return g.x - guided


@dataclass(frozen=True)
class Frequencies:
    """Scale low and high frequencies of the guidance apart (FreSca, Huang et al. 2025).

    Attributes:
        low: scale of the low frequencies.
        high: scale of the others.
        cutoff: half side of the square of low frequencies, in cycles a picture.
    """

    low: float
    high: float
    cutoff: int

    def __call__(self, g: Guided) -> tuple[Tensor, Tensor]:
        """Before guidance."""
        spectrum = torch.fft.fftshift(torch.fft.fftn((g.cond - g.uncond).float(), dim=(-2, -1)))
        h, w = spectrum.shape[-2:]
        gain = torch.full((h, w), self.high, device=spectrum.device)
        y, x, c = h // 2, w // 2, self.cutoff
        gain[max(y - c, 0) : y + c, max(x - c, 0) : x + c] = self.low
        change = torch.fft.ifftn(torch.fft.ifftshift(spectrum * gain), dim=(-2, -1)).real
        return g.uncond + change.to(g.cond), g.uncond


@dataclass(frozen=True)
class EpsilonScaling:
    """Shorten the predicted noise against exposure bias (Ning et al. 2024, arXiv 2308.15321).

    Attributes:
        factor: divides the predicted noise.
    """

    factor: float

    def __call__(self, g: Guided, denoised: Tensor) -> Tensor:
        """After guidance."""
        return g.x - (g.x - denoised) / self.factor


@dataclass(frozen=True)
class DynamicThreshold:
    """Clamp each item to a percentile and rescale it to a fixed range (Saharia et al. 2022).

    Imagen's dynamic thresholding, on the latent around its own mean and channel by channel, to
    the range that the conditional latent has.

    Attributes:
        percentile: of the absolute values, 0 to 1.
    """

    percentile: float

    def __call__(self, g: Guided, denoised: Tensor) -> Tensor:
        """After guidance."""
        flat, model = (t.flatten(2) for t in (denoised, g.cond))  # b c n
        middle = flat.mean(-1, keepdim=True)
        spread = torch.quantile((flat - middle).abs().float(), self.percentile, -1, keepdim=True)
        kept = (model - model.mean(-1, keepdim=True)).abs().amax(-1, keepdim=True)
        clamped = (flat - middle).clamp(-spread, spread) * (kept / spread.clamp(min=_EPS)).clamp(
            max=1
        )
        return (clamped + middle).view_as(denoised)


def perp_neg(cond: Tensor, uncond: Tensor, empty: Tensor, scale: float, weight: float) -> Tensor:
    """Perp-Neg (Armandpour et al. 2023, arXiv 2304.04968, equation 8).

    Of the negative direction only the part counts that is perpendicular to the positive one.
    """
    positive, negative = cond - empty, uncond - empty
    along = positive * (_dot(negative, positive) / (_dot(positive, positive) + _EPS))
    return empty + (positive - (negative - along) * weight) * scale


@dataclass(frozen=True)
class PerpNeg:
    """:func:`perp_neg` for a model whose hooks bring the side ``empty``.

    Attributes:
        weight: of the negative direction.
    """

    weight: float

    def __call__(self, g: Guided) -> Tensor:
        """In place of plain guidance."""
        assert g.see is not None and g.hooks is not None
        return perp_neg(g.cond, g.uncond, g.see(g.x, "empty", g.hooks), g.scale, self.weight)
