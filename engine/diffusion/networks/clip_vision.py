"""The CLIP vision transformer (Radford et al. 2021).

Invariant: parameter names are those of the transformers library; the picture is prepared by
the caller.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .clip_text import EncoderLayer


@dataclass(frozen=True)
class ClipVisionConfig:
    """Sizes of a CLIP vision encoder.

    Attributes:
        width: features of a patch.
        layers: transformer layers.
        heads: attention heads.
        inner: features inside of a feed-forward layer.
        image_size: pixels a side of the picture.
        patch_size: pixels a side of a patch.
        projection: features in the space that is shared with text.
        quick_gelu: the sigmoid approximation of GELU that OpenAI's encoders were trained with.
    """

    width: int = 1024
    layers: int = 24
    heads: int = 16
    inner: int = 4096
    image_size: int = 224
    patch_size: int = 14
    projection: int = 768
    quick_gelu: bool = True


class Embeddings(nn.Module):
    """Patches, the class vector in front of them, and positions."""

    def __init__(self, config: ClipVisionConfig) -> None:
        super().__init__()
        patch, width = config.patch_size, config.width
        self.class_embedding = nn.Parameter(torch.zeros(width))
        self.patch_embedding = nn.Conv2d(3, width, patch, stride=patch, bias=False)
        self.position_embedding = nn.Embedding((config.image_size // patch) ** 2 + 1, width)

    def forward(self, x: Tensor) -> Tensor:
        patches = self.patch_embedding(x).flatten(2).transpose(1, 2)  # b c h w -> b (h w) c
        first = self.class_embedding.expand(len(x), 1, -1)
        return torch.cat([first, patches], dim=1) + self.position_embedding.weight


class Encoder(nn.Module):
    """The stack of layers."""

    def __init__(self, config: ClipVisionConfig) -> None:
        super().__init__()
        sizes = (config.width, config.heads, config.inner, config.quick_gelu)
        self.layers = nn.ModuleList(EncoderLayer(*sizes) for _ in range(config.layers))


class VisionTransformer(nn.Module):
    """Embeddings, layers and norms, under the names that files use (one of them misspelt)."""

    def __init__(self, config: ClipVisionConfig) -> None:
        super().__init__()
        self.embeddings = Embeddings(config)
        self.pre_layrnorm = nn.LayerNorm(config.width)
        self.encoder = Encoder(config)
        self.post_layernorm = nn.LayerNorm(config.width)


class ClipVision(nn.Module):
    """A picture to its features."""

    def __init__(self, config: ClipVisionConfig) -> None:
        super().__init__()
        self.config = config
        self.vision_model = VisionTransformer(config)
        self.visual_projection = nn.Linear(config.width, config.projection, bias=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Features of pictures.

        Args:
            x: ``b 3 s s``, normalised.

        Returns:
            The vector shared with text, ``b projection``; the states behind the last layer and
            behind the one before, ``b (1 + patches) width``, neither normed.
        """
        model = self.vision_model
        h = before = model.pre_layrnorm(model.embeddings(x))
        for layer in model.encoder.layers:
            before, h = h, layer(h)
        return self.visual_projection(model.post_layernorm(h[:, 0])), h, before
