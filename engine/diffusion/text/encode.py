"""A prompt to conditioning vectors, with weights and embeddings.

Invariant: a text without weights gives exactly the encoder's output; a weight moves a
token's vector along the line from the empty prompt's vector at the same position.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import cast

import torch
from torch import Tensor

from engine.errors import InvalidInput

from .. import residency
from ..handles import Clip, Conditioner, TextEncoder
from ..networks.clip_text import ClipText
from ..weight_hooks import hooked_clip
from .chunks import Row, RowFormat, WeightedToken, cut_into_rows
from .embeddings import Lookup, no_embeddings
from .syntax import EmbeddingName, split_embeddings, weigh
from .tokenizer import Tokenizer
from .wordpiece import WordPiece

log = logging.getLogger(__name__)

tokenizer = lru_cache(maxsize=4)(Tokenizer)
wordpiece = lru_cache(maxsize=2)(WordPiece)
#: The nodes for what is no text.
INSTEAD = {
    "class": "Class Conditioning",
    "layout": "Layout Conditioning",
    "segmentation": "Segmentation Conditioning",
}


@dataclass(frozen=True)
class Tokens:
    """A prompt that is cut into tokens already.

    Attributes:
        rows: by the name of an encoder.
    """

    rows: Mapping[str, Sequence[Row]]


#: A text, or one for each encoder by its name, or tokens.
Prompt = str | Mapping[str, str] | Tokens


@torch.no_grad()
def encode(
    clip: Clip | Conditioner, text: Prompt, lookup: Lookup = no_embeddings
) -> tuple[Tensor, Tensor]:
    """Encode a prompt.

    Args:
        clip: one text encoder or several.
        text: a prompt in the language of :mod:`.syntax`; or one for each encoder by its name,
            the shorter of which are followed by empty rows; or tokens.
        lookup: finds embeddings by name.

    Returns:
        Vectors of all rows one behind the other, ``1 (rows 77) width``, the features of all
        encoders side by side as far as all have rows; and the last encoder's pooled vector of
        the first row, ``1 width``; float32 on the network's device.

    Raises:
        InvalidInput: the model is conditioned by something else than text.
    """
    if isinstance(clip, Conditioner):
        raise InvalidInput(
            f"This model follows no prompts: its condition is a {clip.kind}. Use the node "
            f"{INSTEAD[clip.kind]}."
        )
    clip = hooked_clip(clip) if clip.hooks else clip
    rows = [_rows(e, text, lookup) for e in clip.encoders]
    if not isinstance(text, str):
        longest = max(map(len, rows))
        pairs = zip(clip.encoders, rows, strict=True)
        rows = [r + [_empty_row(e)] * (longest - len(r)) for e, r in pairs]
    encoded = [_encode_one(e, r, clip.layer) for e, r in zip(clip.encoders, rows, strict=True)]
    shortest = min(vectors.shape[1] for vectors, _ in encoded)
    return torch.cat([v[:, :shortest] for v, _ in encoded], dim=-1), encoded[-1][1]


@torch.no_grad()
def summarize(clip: Clip, text: str, lookup: Lookup = no_embeddings) -> Tensor:
    """The last encoder's finished vector at the end of a text, not projected, ``1 width``."""
    encoder = (hooked_clip(clip) if clip.hooks else clip).encoders[-1]
    network = cast(ClipText, residency.load(encoder.weights, encoder.patches))
    return _at_end(network, encoder, tokenize(encoder, text, lookup)[0]).float()


def tokenize(encoder: TextEncoder, text: str, lookup: Lookup = no_embeddings) -> list[Row]:
    """The rows of a prompt: tokens with their weights."""
    words = _words(encoder)
    segments: list[list[WeightedToken]] = []
    for piece, weight in weigh(text):
        for part in _resolve(piece, partial(lookup, key=f"clip_{encoder.name}"), encoder.width):
            tokens = words.encode(part) if isinstance(part, str) else list(part)
            segments.append([(token, weight) for token in tokens])
    return cut_into_rows(segments, _row_format(encoder))


def _rows(encoder: TextEncoder, text: Prompt, lookup: Lookup) -> list[Row]:
    if isinstance(text, Tokens):
        return list(text.rows[encoder.name])
    return tokenize(encoder, _text_for(encoder, text), lookup)


def _text_for(encoder: TextEncoder, text: str | Mapping[str, str]) -> str:
    """The text of an encoder; one that no text is for gets the first."""
    if isinstance(text, str):
        return text
    return text.get(encoder.name, next(iter(text.values())))


def _resolve(
    piece: str, lookup: Callable[[str], Tensor | None], width: int
) -> Iterator[str | Tensor]:
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


def _look_up(
    part: EmbeddingName, lookup: Callable[[str], Tensor | None]
) -> tuple[Tensor | None, str]:
    """Vectors, and the commas that clung to the name."""
    vectors, bare = lookup(part.name), part.name.strip(",")
    if vectors is not None or bare == part.name:
        return vectors, ""
    return lookup(bare), "," * (len(part.name) - len(bare))


def _words(encoder: TextEncoder) -> Tokenizer | WordPiece:
    made = wordpiece if encoder.vocabulary == "bert" else tokenizer
    return made(encoder.vocab_size)


def _row_format(encoder: TextEncoder) -> RowFormat:
    words = _words(encoder)
    pad = words.end if encoder.pad is None else encoder.pad
    return RowFormat(words.start, words.end, pad=pad, length=encoder.positions)


def _empty_row(encoder: TextEncoder) -> Row:
    return cut_into_rows([], _row_format(encoder))[0]


def _encode_one(encoder: TextEncoder, rows: list[Row], layer: int | None) -> tuple[Tensor, Tensor]:
    """Vectors ``1 (rows n) width`` and pooled vector ``1 width`` of one encoder."""
    network = cast(ClipText, residency.load(encoder.weights, encoder.patches))
    encode_rows = partial(_encode_rows, network, encoder, layer or encoder.layer)
    hidden = _weighted(rows, encode_rows, _empty_row(encoder))
    return hidden.flatten(0, 1)[None], _pooled(network, encoder, rows[0])


def _weighted(rows: list[Row], encode_rows: partial[Tensor], empty: Row) -> Tensor:
    """Hidden states of rows, ``rows n width``, moved away from the empty prompt by weight."""
    if all(weight == 1.0 for row in rows for _, weight in row):
        return encode_rows(rows)
    hidden = encode_rows([*rows, empty])
    z, z_empty = hidden[:-1], hidden[-1:]
    weights = z.new_tensor([[weight for _, weight in row] for row in rows])[..., None]
    return (z - z_empty) * weights + z_empty


def _encode_rows(network: ClipText, encoder: TextEncoder, layer: int, rows: list[Row]) -> Tensor:
    """Hidden states of a layer; one beyond the first means the encoder's finished output."""
    exists = -network.config.layers <= layer < 0
    embedded = _embed(network, rows, _row_format(encoder).end)
    if not exists:
        return network.hidden(embedded).float()
    return network.hidden(embedded, layer, encoder.final_norm).float()


def _embed(network: ClipText, rows: list[Row], filler: int) -> Tensor:
    """Token vectors of rows, with learned vectors in their places."""
    device = next(network.parameters()).device
    ids = [[token if isinstance(token, int) else filler for token, _ in row] for row in rows]
    embedded = network.embed(torch.tensor(ids, device=device))
    for r, row in enumerate(rows):
        for i, (token, _) in enumerate(row):
            if not isinstance(token, int):
                embedded[r, i] = token.to(embedded)
    return embedded


def _pooled(network: ClipText, encoder: TextEncoder, row: Row) -> Tensor:
    """The finished vector at the first end of text of a row, projected if the encoder can."""
    return network.project(_at_end(network, encoder, row)).float()


def _at_end(network: ClipText, encoder: TextEncoder, row: Row) -> Tensor:
    end = _row_format(encoder).end
    position = next(
        i for i, (token, _) in enumerate(row) if isinstance(token, int) and token == end
    )
    return network.hidden(_embed(network, [row], end))[:, position]
