"""What encodes the conditions of latent diffusion (Rombach et al. 2022, appendix E.2.1).

Captions and layouts are read by a BERT-like transformer in the layout of the library
x-transformers: pre-normed attention without biases and feed-forward layers in turn, every token
sees every other. Classes have a table, maps of classes are scaled down and mixed.

Invariant: parameter names are those of the original checkpoints below
``cond_stage_model.`` (of the transformer ``cond_stage_model.transformer.``, without the head
that predicts tokens).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .layers import attention

#: Features of an attention head.
HEAD = 64


@dataclass(frozen=True)
class LdmBertConfig:
    """Sizes of such a transformer.

    Attributes:
        vocab_size: tokens.
        width: features of a token.
        layers: pairs of attention and feed-forward.
        positions: longest sequence.
        inner: features of all attention heads together.
        projection: kept for the face that text encoders share: nothing is projected.
    """

    vocab_size: int = 30522
    width: int = 1280
    layers: int = 32
    positions: int = 77
    inner: int = 512
    projection: int | None = None


class SelfAttention(nn.Module):
    """Multi-head self-attention; only its output has a bias."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.heads = inner // HEAD
        self.to_q = nn.Linear(width, inner, bias=False)
        self.to_k = nn.Linear(width, inner, bias=False)
        self.to_v = nn.Linear(width, inner, bias=False)
        self.to_out = nn.Linear(inner, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.to_out(attention(self.to_q(x), self.to_k(x), self.to_v(x), self.heads))


class FeedForward(nn.Module):
    """Position-wise feed-forward layer, four times as wide inside."""

    def __init__(self, width: int) -> None:
        super().__init__()
        first = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU())
        self.net = nn.Sequential(first, nn.Identity(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


class Positions(nn.Module):
    """One vector for each place in a sequence."""

    def __init__(self, config: LdmBertConfig) -> None:
        super().__init__()
        self.emb = nn.Embedding(config.positions, config.width)

    def forward(self, x: Tensor) -> Tensor:
        """Those of a sequence ``b n width``: ``n width``."""
        return self.emb(torch.arange(x.shape[1], device=x.device))


class Layers(nn.Module):
    """Attention and feed-forward in turn, each behind its norm."""

    def __init__(self, config: LdmBertConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList()
        for _ in range(config.layers):
            for layer in (SelfAttention(config.width, config.inner), FeedForward(config.width)):
                self.layers.append(nn.ModuleList([nn.LayerNorm(config.width), layer]))

    def forward(self, x: Tensor, pairs: int) -> Tensor:
        """The states ``b n width`` behind so many pairs."""
        for norm, block in self.layers[: 2 * pairs]:  # type: ignore[misc]
            x = x + block(norm(x))
        return x


class LdmBert(nn.Module):
    """Tokens to one feature vector a token, with the face of a CLIP text encoder."""

    def __init__(self, config: LdmBertConfig) -> None:
        super().__init__()
        self.config = config
        self.token_emb = nn.Embedding(config.vocab_size, config.width)
        self.pos_emb = Positions(config)
        self.attn_layers = Layers(config)
        self.norm = nn.LayerNorm(config.width)

    def embed(self, tokens: Tensor) -> Tensor:
        """Token vectors without positions: ``b n`` -> ``b n width``."""
        return self.token_emb(tokens)

    def hidden(self, embedded: Tensor, layer: int = -1, final_norm: bool = True) -> Tensor:
        """Hidden state behind a layer.

        Args:
            embedded: ``b n width``, from :meth:`embed`.
            layer: -1 the last, -2 the one before, or 0-based from the front.
            final_norm: apply the final layer norm.

        Returns:
            ``b n width``.
        """
        x = embedded + self.pos_emb(embedded)
        x = self.attn_layers(x, layer % self.config.layers + 1)
        return self.norm(x) if final_norm else x

    def project(self, pooled: Tensor) -> Tensor:
        """The pooled vector as it is: ``b width``."""
        return pooled

    def forward(self, tokens: Tensor) -> Tensor:
        """Last hidden state after the final norm: ``b n`` -> ``b n width``."""
        return self.hidden(self.embed(tokens))


class ClassTable(nn.Module):
    """One vector for each class, the only token of a condition."""

    def __init__(self, classes: int, width: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(classes, width)

    def forward(self, numbers: Tensor) -> Tensor:
        """Classes ``b`` as conditions ``b 1 width``."""
        return self.embedding(numbers)[:, None]


class ClassMap(nn.Module):
    """A map of classes as a few channels of the size of a latent.

    Args:
        classes: kinds of things.
        channels: of the result.
        halvings: how often sides are halved.
    """

    def __init__(self, classes: int, channels: int, halvings: int) -> None:
        super().__init__()
        self.halvings = halvings
        self.channel_mapper = nn.Conv2d(classes, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """One channel a class, ``b classes h w``, to ``b channels h/2**n w/2**n``."""
        for _ in range(self.halvings):
            x = torch.nn.functional.interpolate(x, scale_factor=0.5, mode="bilinear")
        return self.channel_mapper(x)
