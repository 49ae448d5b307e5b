"""The prompt language: weights in parentheses and embeddings by name.

``(text)`` weighs 1.1 times its surroundings, ``(text:1.3)`` exactly 1.3 whatever surrounds
it, ``\\(`` and ``\\)`` are plain parentheses, ``embedding:name`` stands for learned vectors.

Invariant: no text is lost: what is not understood is kept as it was written.
"""

import re
from dataclasses import dataclass

#: Stand-ins for escaped parentheses while weights are read.
OPEN, CLOSE = "\ufdd0", "\ufdd1"
EMPHASIS = 1.1


@dataclass(frozen=True)
class EmbeddingName:
    """A reference to learned vectors."""

    name: str


def weigh(text: str) -> list[tuple[str, float]]:
    """Split a prompt into pieces of equal weight, in order; empty pieces are left out.

    >>> weigh("a (red:1.3) cat")
    [('a ', 1.0), ('red', 1.3), (' cat', 1.0)]
    """
    waiting = [(text.replace(r"\(", OPEN).replace(r"\)", CLOSE), 1.0, False)]
    found: list[tuple[str, float]] = []
    while waiting:
        piece, weight, is_group = waiting.pop()
        if is_group:
            piece, weight = _weight_of_group(piece, weight)
        parts = _split_groups(piece)
        if len(parts) == 1 and not parts[0][1]:
            found.append((piece.replace(OPEN, "(").replace(CLOSE, ")"), weight))
        else:
            waiting += [(part, weight, group) for part, group in reversed(parts)]
    return found


def _weight_of_group(inside: str, weight: float) -> tuple[str, float]:
    text, colon, number = inside.rpartition(":")
    try:
        return (text, float(number)) if colon else (inside, weight * EMPHASIS)
    except ValueError:
        return inside, weight * EMPHASIS


def _split_groups(text: str) -> list[tuple[str, bool]]:
    """Text outside and inside of the outermost complete parentheses, without empty pieces."""
    parts: list[tuple[str, bool]] = []
    done, depth, opened = 0, 0, 0
    for i, char in enumerate(text):
        if char == "(":
            opened, depth = (i if depth == 0 else opened), depth + 1
        elif char == ")" and depth:
            depth -= 1
            if depth == 0:
                parts += [(text[done:opened], False), (text[opened + 1 : i], True)]
                done = i + 1
    parts.append((text[done:], False))
    return [(part, group) for part, group in parts if part]


def split_embeddings(text: str) -> list[str | EmbeddingName]:
    """Split a piece of a prompt at its embeddings, which follow its start or white space.

    >>> split_embeddings("a embedding:style1 cat")
    ['a', EmbeddingName(name='style1'), 'cat']
    """
    head, *pieces = re.split(r"(?:^|\s)embedding:", text)
    found: list[str | EmbeddingName] = [head] if head else []
    for piece in pieces:
        name, _, rest = re.sub(r"\s", " ", piece, count=1).partition(" ")
        found += [EmbeddingName(name)] if name else []
        found += [rest] if rest else []
    return found
