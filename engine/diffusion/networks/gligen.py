"""Grounding by boxes: gated self-attention over objects (Li et al. 2023, GLIGEN, section 4.1).

Invariant: parameter names are those of the published files, the fusers' below a place's name
(:func:`place_name`); with gates of 0 a fuser changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..hooks import Place, Where
from .unet import CrossAttention, FeedForward

#: Frequencies of the features of a coordinate.
FREQUENCIES = 8
#: Sine and cosine of each frequency of x and y of two corners.
POSITION_DIM = FREQUENCIES * 2 * 4
#: Features inside of the network for positions.
HIDDEN = 512


@dataclass(frozen=True)
class GligenConfig:
    """Sizes of the networks of a GLIGEN file.

    Attributes:
        text_dim: of a phrase's vector.
        object_dim: of an object.
        widths: of the transformer blocks that have a fuser.
        heads: of their attention.
    """

    text_dim: int
    object_dim: int
    widths: Mapping[Place, int]
    heads: int = 8


class PositionNet(nn.Module):
    """Phrases and boxes to objects; what is empty is learned."""

    def __init__(self, text_dim: int, object_dim: int) -> None:
        super().__init__()
        self.linears = nn.Sequential(
            nn.Linear(text_dim + POSITION_DIM, HIDDEN),
            nn.SiLU(),
            nn.Linear(HIDDEN, HIDDEN),
            nn.SiLU(),
            nn.Linear(HIDDEN, object_dim),
        )
        self.null_positive_feature = nn.Parameter(torch.zeros(text_dim))
        self.null_position_feature = nn.Parameter(torch.zeros(POSITION_DIM))

    def forward(self, phrases: Tensor, boxes: Tensor, present: Tensor) -> Tensor:
        """Make objects.

        Args:
            phrases: ``b n text_dim``.
            boxes: ``b n 4``, corners x0 y0 x1 y1 in parts of the picture.
            present: ``b n``, 1 for an object, 0 for an empty place.

        Returns:
            ``b n object_dim``.
        """
        present = present[..., None]
        text = torch.lerp(self.null_positive_feature.expand_as(phrases), phrases, present)
        where = box_features(boxes).to(phrases)
        where = torch.lerp(self.null_position_feature.expand_as(where), where, present)
        return self.linears(torch.cat([text, where], dim=-1))


class GatedSelfAttention(nn.Module):
    """Let the tokens of a picture look at each other and at objects, as far as gates are open."""

    def __init__(self, width: int, object_dim: int, heads: int) -> None:
        super().__init__()
        self.linear = nn.Linear(object_dim, width)
        self.attn = CrossAttention(width, width, heads)
        self.ff = FeedForward(width)
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)
        self.alpha_attn = nn.Parameter(torch.zeros(()))
        self.alpha_dense = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor, objects: Tensor) -> Tensor:
        """Tokens ``b n width`` under objects ``b m object_dim``."""
        seen = self.norm1(torch.cat([x, self.linear(objects)], dim=1))
        x = x + self.alpha_attn.tanh() * self.attn(seen)[:, : x.shape[1]]
        return x + self.alpha_dense.tanh() * self.ff(self.norm2(x))


class Gligen(nn.Module):
    """All networks of a file."""

    def __init__(self, config: GligenConfig) -> None:
        super().__init__()
        self.config = config
        self.position_net = PositionNet(config.text_dim, config.object_dim)
        self.fusers = nn.ModuleDict(
            {
                place_name(place): GatedSelfAttention(width, config.object_dim, config.heads)
                for place, width in config.widths.items()
            }
        )

    def fuse(self, x: Tensor, objects: Tensor, where: Where) -> Tensor:
        """The tokens at a place of a U-Net, between its self- and cross-attention."""
        name = place_name(where.place)
        return self.fusers[name](x, objects.to(x)) if name in self.fusers else x


def place_name(place: Place) -> str:
    """A place as it stands in names of tensors."""
    return "_".join(map(str, place))


def box_features(boxes: Tensor) -> Tensor:
    """Sines and cosines of coordinates, ``... 4 -> ... 64``."""
    rates = 100.0 ** (torch.arange(FREQUENCIES, device=boxes.device) / FREQUENCIES)
    angles = boxes.float()[..., None, :] * rates[:, None]  # ... frequency corner
    return torch.stack([angles.sin(), angles.cos()], dim=-2).flatten(-3)
