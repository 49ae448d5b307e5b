"""A prompt to conditioning vectors, with weights and embeddings.

Invariant: a text without weights gives exactly the encoder's output; a weight moves a
token's vector along the line from the empty prompt's vector at the same position.
"""

import logging
from collections.abc import Iterator
from functools import lru_cache, partial
from typing import cast

import torch
from torch import Tensor

from .. import residency
from ..handles import Clip
from ..networks.clip_text import ClipText
from .chunks import Row, RowFormat, WeightedToken, cut_into_rows
from .embeddings import Lookup, no_embeddings
from .syntax import EmbeddingName, split_embeddings, weigh
from .tokenizer import Tokenizer

log = logging.getLogger(__name__)

tokenizer = lru_cache(maxsize=4)(Tokenizer)


@torch.no_grad()
def encode(clip: Clip, text: str, lookup: Lookup = no_embeddings) -> tuple[Tensor, Tensor]:
    """Encode a prompt.

    Args:
        clip: the text encoder.
        text: a prompt in the language of :mod:`.syntax`.
        lookup: finds embeddings by name.

    Returns:
        Vectors of all rows one behind the other, ``1 (rows 77) width``, and the pooled vector
        of the first row, ``1 width``; float32 on the network's device.
    """
    network = cast(ClipText, residency.load(clip.weights))
    rows = tokenize(clip, text, lookup)
    hidden = _weighted(rows, partial(_encode_rows, network, clip), _empty_row(clip))
    return hidden.flatten(0, 1)[None], _pooled(network, clip, rows[0])


def tokenize(clip: Clip, text: str, lookup: Lookup = no_embeddings) -> list[Row]:
    """The rows of a prompt: tokens with their weights."""
    words = tokenizer(clip.vocab_size)
    width = clip.width
    segments: list[list[WeightedToken]] = []
    for piece, weight in weigh(text):
        for part in _resolve(piece, lookup, width):
            tokens = words.encode(part) if isinstance(part, str) else list(part)
            segments.append([(token, weight) for token in tokens])
    return cut_into_rows(segments, _row_format(clip))


def _resolve(piece: str, lookup: Lookup, width: int) -> Iterator[str | Tensor]:
    """Text and vectors of a piece; an unknown embedding is dropped with a warning."""
    for part in split_embeddings(piece):
        if isinstance(part, str):
            yield part
            continue
        vectors, rest = _look_up(part, lookup)
        if vectors is None:
            log.warning("embedding '%s' was not found and is left out", part.name)
        elif vectors.shape[1] != width:
            message = "embedding '%s' has vectors of %d, the text encoder of %d: left out"
            log.warning(message, part.name, vectors.shape[1], width)
        else:
            yield vectors
        if rest:
            yield rest


def _look_up(part: EmbeddingName, lookup: Lookup) -> tuple[Tensor | None, str]:
    """Vectors, and the commas that clung to the name."""
    vectors, bare = lookup(part.name), part.name.strip(",")
    if vectors is not None or bare == part.name:
        return vectors, ""
    return lookup(bare), "," * (len(part.name) - len(bare))


def _row_format(clip: Clip) -> RowFormat:
    words = tokenizer(clip.vocab_size)
    return RowFormat(words.start, words.end, pad=words.end, length=clip.positions)


def _empty_row(clip: Clip) -> Row:
    return cut_into_rows([], _row_format(clip))[0]


def _weighted(rows: list[Row], encode_rows: partial[Tensor], empty: Row) -> Tensor:
    """Hidden states of rows, ``rows n width``, moved away from the empty prompt by weight."""
    if all(weight == 1.0 for row in rows for _, weight in row):
        return encode_rows(rows)
    hidden = encode_rows([*rows, empty])
    z, z_empty = hidden[:-1], hidden[-1:]
    weights = z.new_tensor([[weight for _, weight in row] for row in rows])[..., None]
    return (z - z_empty) * weights + z_empty


def _encode_rows(network: ClipText, clip: Clip, rows: list[Row]) -> Tensor:
    layers = network.config.layers
    layer = clip.layer if -layers <= clip.layer < 0 else -1
    return network.hidden(_embed(network, rows, _row_format(clip).end), layer).float()


def _embed(network: ClipText, rows: list[Row], filler: int) -> Tensor:
    """Token vectors of rows, with learned vectors in their places."""
    device = network.text_model.embeddings.token_embedding.weight.device
    ids = [[token if isinstance(token, int) else filler for token, _ in row] for row in rows]
    embedded = network.embed(torch.tensor(ids, device=device))
    for r, row in enumerate(rows):
        for i, (token, _) in enumerate(row):
            if not isinstance(token, int):
                embedded[r, i] = token.to(embedded)
    return embedded


def _pooled(network: ClipText, clip: Clip, row: Row) -> Tensor:
    """The last layer's vector at the first end of text of the first row."""
    end = _row_format(clip).end
    position = next(
        i for i, (token, _) in enumerate(row) if isinstance(token, int) and token == end
    )
    return network.hidden(_embed(network, [row], end))[:, position].float()
