"""Names of the thousand classes of ImageNet (Russakovsky et al. 2015), in the order of their ids.

Invariant: a name that several classes bear is never guessed at.
"""

import difflib
from functools import cache
from pathlib import Path

from engine.errors import InvalidInput

#: One class a line: its names in WordNet, separated by commas.
NAMES_FILE = Path(__file__).parent / "imagenet_classes.txt"


@cache
def imagenet_names() -> tuple[tuple[str, ...], ...]:
    """The names of each class, in lower case."""
    lines = NAMES_FILE.read_text("utf-8").splitlines()
    return tuple(tuple(name.strip().lower() for name in line.split(",")) for line in lines)


def class_number(text: str) -> int:
    """The number of a class that is named, or numbered already.

    Raises:
        InvalidInput: no class has the name, or several have.
    """
    wanted = text.strip().lower()
    if wanted.isdecimal():
        return int(wanted)
    found = [i for i, names in enumerate(imagenet_names()) if wanted in names]
    if len(found) == 1:
        return found[0]
    if found:
        lines = "; ".join(f"{i} is {', '.join(imagenet_names()[i])}" for i in found)
        raise InvalidInput(
            f"Several classes are called '{text.strip()}': {lines}. Give the number."
        )
    raise InvalidInput(
        f"No class of ImageNet is called '{text.strip()}'.{_nearest(wanted)} Give a name of "
        "WordNet, such as 'tabby', or a number from 0 to 999."
    )


def _nearest(wanted: str) -> str:
    every = [name for names in imagenet_names() for name in names]
    containing = [name for name in every if wanted in name.split()]
    near = containing[:3] or difflib.get_close_matches(wanted, every, 3)
    return f" Did you mean {' or '.join(repr(n) for n in near)}?" if near else ""
