"""Token sequences cut into the rows of 77 that CLIP was trained on.

Invariant: every row is start, up to 75 tokens, end, padding; no token is lost, and a short
segment is never torn apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

#: A token id, or a learned vector (``width``) in its place.
Token = int | Tensor
#: A token and how much it counts.
WeightedToken = tuple[Token, float]
Row = list[WeightedToken]

#: Segments of fewer tokens move to the next row as a whole if they do not fit.
SHORT_SEGMENT = 8


@dataclass(frozen=True)
class RowFormat:
    """What frames a row.

    Attributes:
        start: id of start of text.
        end: id of end of text.
        pad: id behind the end.
        length: tokens of a row, frame included.
    """

    start: int
    end: int
    pad: int
    length: int = 77


def cut_into_rows(segments: Sequence[Sequence[WeightedToken]], form: RowFormat) -> list[Row]:
    """Rows of a prompt's segments; one empty row if there are no tokens."""
    rows: list[Row] = [[]]
    room = form.length - 2
    for segment in segments:
        if len(segment) < SHORT_SEGMENT and len(rows[-1]) + len(segment) > room:
            rows.append([])
        _append(rows, segment, room)
    return [_frame(row, form) for row in rows]


def _append(rows: list[Row], segment: Sequence[WeightedToken], room: int) -> None:
    rest = list(segment)
    while rest:
        if len(rows[-1]) == room:
            rows.append([])
        free = room - len(rows[-1])
        rows[-1] += rest[:free]
        rest = rest[free:]


def _frame(row: Row, form: RowFormat) -> Row:
    padding: Row = [(form.pad, 1.0)] * (form.length - 2 - len(row))
    return [(form.start, 1.0), *row, (form.end, 1.0), *padding]
