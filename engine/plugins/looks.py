"""How values look to the classes of packs.

Invariant: as they are, until the room of compatibility modules says otherwise; typed functions
always get values as they are.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


def _as_it_is(value: Any) -> Any:
    return value


@dataclass
class Looks:
    """What is done to values on their way into a class and out of it.

    Attributes:
        put_on: to an input.
        take_off: to an output.
    """

    put_on: Callable[[Any], Any] = _as_it_is
    take_off: Callable[[Any], Any] = _as_it_is


LOOKS = Looks()
