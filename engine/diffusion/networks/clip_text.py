"""The CLIP text transformer (Radford et al. 2021), as diffusion models use it.

Invariant: parameter names are those of the transformers library below ``text_model.``,
which is also how SD 1.x checkpoints hold them (``cond_stage_model.transformer.``).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .layers import attention


@dataclass(frozen=True)
class ClipTextConfig:
    """Sizes of a CLIP text encoder.

    Attributes:
        vocab_size: tokens, the last two being start and end of text.
        width: features of a token.
        layers: transformer layers.
        heads: attention heads.
        positions: longest sequence.
        quick_gelu: the sigmoid approximation of GELU that OpenAI's CLIP-L was trained with.
        projection: features that the pooled vector is projected to; None: it is not.
    """

    vocab_size: int = 49408
    width: int = 768
    layers: int = 12
    heads: int = 12
    positions: int = 77
    quick_gelu: bool = True
    projection: int | None = None


class Embeddings(nn.Module):
    """Token and position embeddings."""

    def __init__(self, config: ClipTextConfig) -> None:
        super().__init__()
        self.token_embedding = nn.Embedding(config.vocab_size, config.width)
        self.position_embedding = nn.Embedding(config.positions, config.width)


class SelfAttention(nn.Module):
    """Multi-head self-attention with biases."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q_proj = nn.Linear(width, width)
        self.k_proj = nn.Linear(width, width)
        self.v_proj = nn.Linear(width, width)
        self.out_proj = nn.Linear(width, width)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        q, k, v = self.q_proj(x), self.k_proj(x), self.v_proj(x)
        return self.out_proj(attention(q, k, v, self.heads, mask))


class MLP(nn.Module):
    """Feed-forward layer."""

    def __init__(self, width: int, inner: int, quick_gelu: bool) -> None:
        super().__init__()
        self.quick_gelu = quick_gelu
        self.fc1 = nn.Linear(width, inner)
        self.fc2 = nn.Linear(inner, width)

    def forward(self, x: Tensor) -> Tensor:
        h = self.fc1(x)
        return self.fc2(h * torch.sigmoid(1.702 * h) if self.quick_gelu else F.gelu(h))


class EncoderLayer(nn.Module):
    """One pre-normed transformer layer."""

    def __init__(self, width: int, heads: int, inner: int, quick_gelu: bool) -> None:
        super().__init__()
        self.self_attn = SelfAttention(width, heads)
        self.layer_norm1 = nn.LayerNorm(width)
        self.mlp = MLP(width, inner, quick_gelu)
        self.layer_norm2 = nn.LayerNorm(width)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        x = x + self.self_attn(self.layer_norm1(x), mask)
        return x + self.mlp(self.layer_norm2(x))


class Encoder(nn.Module):
    """The stack of layers."""

    def __init__(self, config: ClipTextConfig) -> None:
        super().__init__()
        sizes = (config.width, config.heads, config.width * 4, config.quick_gelu)
        self.layers = nn.ModuleList(EncoderLayer(*sizes) for _ in range(config.layers))


class TextTransformer(nn.Module):
    """Embeddings, layers and the final norm, under the names that checkpoints use."""

    def __init__(self, config: ClipTextConfig) -> None:
        super().__init__()
        self.embeddings = Embeddings(config)
        self.encoder = Encoder(config)
        self.final_layer_norm = nn.LayerNorm(config.width)


class ClipText(nn.Module):
    """Tokens to one feature vector a token."""

    def __init__(self, config: ClipTextConfig) -> None:
        super().__init__()
        self.config = config
        self.text_model = TextTransformer(config)
        if config.projection is not None:
            self.text_projection = nn.Linear(config.width, config.projection, bias=False)

    def embed(self, tokens: Tensor) -> Tensor:
        """Token vectors without positions: ``b n`` -> ``b n width``."""
        return self.text_model.embeddings.token_embedding(tokens)

    def hidden(self, embedded: Tensor, layer: int = -1, final_norm: bool = True) -> Tensor:
        """Hidden state behind a layer.

        Args:
            embedded: ``b n width``, from :meth:`embed`, perhaps with learned vectors put in.
            layer: -1 the last, -2 the one before ("CLIP skip 2"), or 0-based from the front.
            final_norm: apply the final layer norm (SD 1.x does so for every layer).

        Returns:
            ``b n width``.
        """
        model, n = self.text_model, embedded.shape[1]
        x = embedded + model.embeddings.position_embedding.weight[:n]
        mask = torch.full((n, n), float("-inf"), dtype=x.dtype, device=x.device).triu(1)
        for block in model.encoder.layers[: layer % len(model.encoder.layers) + 1]:
            x = block(x, mask)
        return model.final_layer_norm(x) if final_norm else x

    def project(self, pooled: Tensor) -> Tensor:
        """A pooled vector in the space that text and pictures share: ``b width -> b p``."""
        return pooled if self.config.projection is None else self.text_projection(pooled)

    def forward(self, tokens: Tensor) -> Tensor:
        """Last hidden state after the final norm: ``b n`` -> ``b n width``."""
        return self.hidden(self.embed(tokens))
