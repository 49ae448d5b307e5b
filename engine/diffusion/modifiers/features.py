"""Changes of a U-Net's feature maps: FreeU, deep shrink, and rules for noise masks.

Invariant: a change that does not apply somewhere gives back the very tensors it got.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from ..hooks import Where
from ..parameterization import Sampling


@dataclass(frozen=True)
class FreeU:
    """Strengthen the backbone and damp low frequencies of skips (Si et al. 2023).

    Attributes:
        channels: of the first level; levels with four and two times as many are changed.
        backbone: gains of the backbone at these two levels.
        skip: gains of the skips' low frequencies there.
        adaptive: weigh the gain by the mean feature map (version 2).
    """

    channels: int
    backbone: tuple[float, float]
    skip: tuple[float, float]
    adaptive: bool = False

    def __call__(self, x: Tensor, skip: Tensor, where: Where) -> tuple[Tensor, Tensor]:
        """Before each output block."""
        widths = (self.channels * 4, self.channels * 2)
        if x.shape[1] not in widths:
            return x, skip
        level = widths.index(x.shape[1])
        half = x.shape[1] // 2
        gain: float | Tensor = self.backbone[level]
        if self.adaptive:
            mean = x.mean(1, keepdim=True)
            low, high = mean.amin((2, 3), keepdim=True), mean.amax((2, 3), keepdim=True)
            gain = 1 + (self.backbone[level] - 1) * (mean - low) / (high - low).clamp(min=1e-8)
        x = torch.cat([x[:, :half] * gain, x[:, half:]], dim=1)
        return x, scale_low_frequencies(skip, 1, self.skip[level])


def scale_low_frequencies(x: Tensor, reach: int, gain: float) -> Tensor:
    """Scale the frequencies of up to ``reach`` cycles a picture (equation 3 of the paper)."""
    spectrum = torch.fft.fftshift(torch.fft.fftn(x.float(), dim=(-2, -1)), dim=(-2, -1))
    mask = torch.ones(x.shape[-2:], device=x.device)
    y, z = x.shape[-2] // 2, x.shape[-1] // 2
    mask[max(y - reach, 0) : y + reach, max(z - reach, 0) : z + reach] = gain
    shifted = torch.fft.ifftshift(spectrum * mask, dim=(-2, -1))
    return torch.fft.ifftn(shifted, dim=(-2, -1)).real.to(x.dtype)


@dataclass(frozen=True)
class DeepShrink:
    """Shrink the inner feature maps at high noise, for pictures beyond the trained size (kohya).

    Attributes:
        block: number of the input block behind which maps shrink.
        factor: how many times.
        sigma_start: from this noise level.
        sigma_end: down to this one.
        down: how to interpolate.
        up: how to interpolate back.
    """

    block: int
    factor: float
    sigma_start: float
    sigma_end: float
    down: str
    up: str

    def shrink(self, x: Tensor, where: Where) -> Tensor:
        """Behind an input block."""
        applies = self.sigma_end <= where.sigma <= self.sigma_start
        if where.place[:2] != ("input", self.block) or not applies:
            return x
        size = [max(1, round(n / self.factor)) for n in x.shape[-2:]]
        return _resize(x, size, self.down)

    def grow(self, x: Tensor, skip: Tensor, where: Where) -> tuple[Tensor, Tensor]:
        """Before an output block whose skip is larger."""
        if x.shape[-2:] == skip.shape[-2:]:
            return x, skip
        return _resize(x, list(skip.shape[-2:]), self.up), skip


def _resize(x: Tensor, size: list[int], method: str) -> Tensor:
    if method == "bislerp":  # spherical interpolation of the channel vectors
        length = F.interpolate(x.norm(dim=1, keepdim=True), size, mode="bilinear")
        mixed = F.interpolate(F.normalize(x, dim=1), size, mode="bilinear")
        return F.normalize(mixed, dim=1) * length
    return F.interpolate(x, size, mode=method)


@dataclass(frozen=True)
class DifferentialDiffusion:
    """Let each pixel join in when the noise has fallen to its strength (Levin and Fried 2023).

    Attributes:
        sampling: tells times of noise levels.
        strength: 1 makes the mask hard in every step; less mixes the soft mask in.
    """

    sampling: Sampling
    strength: float = 1.0

    def __call__(self, sigma: float, mask: Tensor, sigmas: tuple[float, ...]) -> Tensor:
        """The mask of this step."""
        last = max(self.sampling.sigma_min, sigmas[-1])
        levels = torch.tensor([sigmas[0], last, sigma])
        first, end, now = self.sampling.timestep(levels).tolist()
        threshold = (now - end) / (first - end) if first != end else 0.0
        hard = ((mask >= threshold) & (mask > 0)).to(mask)  # what is kept is kept to the end
        return torch.lerp(mask, hard, self.strength)
