"""A row of the results table, and medians."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Row:
    """One measurement.

    Attributes:
        what: what was measured.
        goal: the goal or limit, as text with its unit.
        result: the median with minimum and maximum, as text.
        met: whether the goal was reached.
    """

    what: str
    goal: str
    result: str
    met: bool


def row(what: str, limit: float, values: Sequence[float], unit: str, digits: int = 2) -> Row:
    """A row for values that should stay below ``limit``."""
    low, middle, high = min(values), median(values), max(values)
    shown = f"{middle:.{digits}f} {unit} ({low:.{digits}f} to {high:.{digits}f}, n={len(values)})"
    return Row(what, f"{limit:g} {unit} or less", shown, middle <= limit)


def repeat(times: int, measure: Callable[[], float]) -> list[float]:
    """Values of so many runs."""
    return [measure() for _ in range(times)]
