"""What flows through a graph instead of networks: handles on shared, read-only weights.

Invariant: a handle is frozen, small, and equal to another exactly if it computes the same.
Changing a model means making another handle by ``dataclasses.replace``; weights are never
changed, and no handle keeps a network alive.
"""

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from torch import Tensor

from .conditioning import NetworkInputs, no_inputs
from .hooks import NO_HOOKS, Hooks
from .parameterization import Sampling
from .patches import Patch
from .weight_hooks import Hooks as WeightHooks
from .weights import Weights

Matrix = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class LatentFormat:
    """How a family's denoiser sees the latents of its autoencoder.

    Attributes:
        channels: of the latent.
        downscale: pixels a side of one latent cell.
        scale: a VAE's latent times this has about unit variance.
        rgb_factors: channels times 3; turns a scaled latent into a rough picture in [-1, 1].
        rgb_bias: added to that picture.
        mean: of each channel of a VAE's latent; empty: 0.
        std: of each channel, which is divided by; empty: 1.
    """

    channels: int
    downscale: int
    scale: float
    rgb_factors: Matrix
    rgb_bias: tuple[float, ...] = (0.0, 0.0, 0.0)
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()

    def scaled(self, latent: Tensor) -> Tensor:
        """A VAE's latent ``b c h w`` as the denoiser sees it; an empty one stays empty."""
        if not self.mean or not latent.any():
            return latent * self.scale
        mean, std = (latent.new_tensor(v)[:, None, None] for v in (self.mean, self.std))
        return (latent - mean) * (self.scale / std)

    def unscaled(self, x: Tensor) -> Tensor:
        """The inverse of :meth:`scaled`."""
        if not self.mean:
            return x / self.scale
        mean, std = (x.new_tensor(v)[:, None, None] for v in (self.mean, self.std))
        return x * (std / self.scale) + mean


@dataclass(frozen=True)
class Model:
    """A denoiser.

    Attributes:
        weights: of the network.
        sampling: what a noise level means to it and what it predicts.
        latent_format: of the latents it denoises.
        context_dim: numbers in each of the vectors that condition it.
        inputs: the family's rule for what else the network is given.
        patches: changes of the weights, in the order in which they apply.
        hooks: functions around and inside of the network.
    """

    weights: Weights
    sampling: Sampling
    latent_format: LatentFormat
    context_dim: int
    inputs: NetworkInputs = field(default=no_inputs, compare=False, repr=False)
    patches: tuple[Patch, ...] = ()
    hooks: Hooks = NO_HOOKS

    def hooked(self, **more: Any) -> "Model":
        """The same denoiser with more hooks; see :class:`.hooks.Hooks`."""
        return replace(self, hooks=self.hooks.add(**more))

    def patched(self, *more: Patch) -> "Model":
        """The same denoiser with more changes of its weights."""
        return replace(self, patches=(*self.patches, *more))


@dataclass(frozen=True)
class TextEncoder:
    """One text encoder with its tokenizer.

    Attributes:
        name: ``l`` (OpenAI's CLIP-L), ``h`` or ``g`` (OpenCLIP's ViT-H and ViT-bigG), ``bert``
            (of the latent diffusion paper); embedding files hold its vectors under
            ``clip_<name>``.
        weights: of the network.
        vocab_size: tokens of the tokenizer.
        width: features of a token's vector.
        positions: tokens of a row, start and end included.
        pad: token behind the end of a row; None is the end token.
        layer: whose output is used; -1 the last, -2 the one before.
        final_norm: whether that output goes through the final norm.
        patches: changes of the weights, in the order in which they apply.
        vocabulary: of the tokenizer: CLIP's pairs of bytes, or the word pieces of BERT.
    """

    name: str
    weights: Weights
    vocab_size: int
    width: int
    positions: int
    pad: int | None = None
    layer: int = -1
    final_norm: bool = True
    patches: tuple[Patch, ...] = ()
    vocabulary: Literal["clip", "bert"] = "clip"

    def patched(self, *more: Patch) -> "TextEncoder":
        """The same encoder with more changes of its weights."""
        return replace(self, patches=(*self.patches, *more))


@dataclass(frozen=True)
class Clip:
    """What encodes prompts for a denoiser: one text encoder, or two that are read side by side.

    Attributes:
        encoders: their features are joined in this order; the last one gives the pooled vector.
        layer: whose output is used instead of each encoder's own ("CLIP skip"); None: its own.
        hooks: changes of the weights that texts are encoded with.
        hooks_follow: whether what is encoded carries the hooks on, for the denoiser.
        hooks_scheduled: encode once for each part of the run in which the hooks stay the same;
            otherwise their first keyframes count.
    """

    encoders: tuple[TextEncoder, ...]
    layer: int | None = None
    hooks: WeightHooks = ()
    hooks_follow: bool = True
    hooks_scheduled: bool = False

    def patched(self, *more: Patch, encoder: str | None = None) -> "Clip":
        """The same with more changes of the weights of one encoder, by its name, or of all."""
        changed = (e.patched(*more) if encoder in (None, e.name) else e for e in self.encoders)
        return replace(self, encoders=tuple(changed))


@dataclass(frozen=True)
class Conditioner:
    """What makes a condition of something that is no prompt (tau, Rombach et al. 2022, eq. 3).

    It takes the place of a text encoder, and passes where nothing has to be encoded.

    Attributes:
        kind: what it reads.
        weights: of the network.
        entries: classes that it knows, or words that layouts are written in.
        width: features of a token, or channels of a map.
        length: tokens of a condition.
        halvings: how often a map's sides are halved.
        names: of the classes, in their order, if the file brings them.
        encoders: none.
        layer: none.
    """

    kind: Literal["class", "layout", "segmentation"]
    weights: Weights
    entries: int
    width: int
    length: int = 1
    halvings: int = 0
    names: tuple[str, ...] = ()
    encoders: tuple[TextEncoder, ...] = ()
    layer: int | None = None


@dataclass(frozen=True)
class Vae:
    """An autoencoder between pictures and latents.

    Attributes:
        weights: of the network.
        downscale: pixels a side of one latent cell.
        channels: of the latent.
        encoder: what encodes, where that is a network of its own.
    """

    weights: Weights
    downscale: int
    channels: int
    encoder: "Vae | None" = None


@dataclass(frozen=True)
class ClipVision:
    """What sees a picture as CLIP does.

    Attributes:
        weights: of the network.
        image_size: pixels a side of what it looks at.
        width: features of a picture in the space that it shares with text.
    """

    weights: Weights
    image_size: int
    width: int


@dataclass(frozen=True)
class UpscaleModel:
    """A network that makes pictures larger.

    Attributes:
        weights: of the network.
        scale: how many times larger.
    """

    weights: Weights
    scale: int
