"""Names of the classes that models of the latent diffusion paper were trained on.

The thousand of ImageNet (Russakovsky et al. 2015), in the order of their ids in WordNet; and the
340 kinds of objects of OpenImages (Kuznetsova et al. 2020) that layouts are made of: those of the
authors' selection, without the ones they count as others, by their ids, suitcases last.

Invariant: a name that several classes bear is never guessed at.
"""

import difflib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Literal

from engine.errors import InvalidInput

#: One class a line; of ImageNet all names, separated by commas.
FILES = {"ImageNet": "imagenet_classes.txt", "OpenImages": "layout_classes.txt"}
Dataset = Literal["ImageNet", "OpenImages"]


@cache
def class_names(dataset: Dataset) -> tuple[tuple[str, ...], ...]:
    """The names of each class, in lower case."""
    lines = Path(__file__).with_name(FILES[dataset]).read_text("utf-8").splitlines()
    return tuple(tuple(name.strip().lower() for name in line.split(",")) for line in lines)


def class_number(text: str, dataset: Dataset, own: Sequence[str] = ()) -> int:
    """The number of a class that is named, or numbered already.

    Args:
        text: the name or the number.
        dataset: whose names count.
        own: names that the model's file brings, instead of those.

    Raises:
        InvalidInput: no class has the name, or several have.
    """
    names = tuple((name.lower(),) for name in own) or class_names(dataset)
    wanted = text.strip().lower()
    if wanted.isdecimal():
        return int(wanted)
    found = [i for i, own in enumerate(names) if wanted in own]
    if len(found) == 1:
        return found[0]
    if found:
        lines = "; ".join(f"{i} is {', '.join(names[i])}" for i in found)
        raise InvalidInput(
            f"Several classes are called '{text.strip()}': {lines}. Give the number."
        )
    raise InvalidInput(
        f"No class of {'this model' if own else dataset} is called '{text.strip()}'."
        f"{_nearest(wanted, names)} Give a name such as '{names[281 % len(names)][0]}', or a "
        f"number from 0 to {len(names) - 1}."
    )


def _nearest(wanted: str, classes: Sequence[tuple[str, ...]]) -> str:
    every = [name for names in classes for name in names]
    containing = [name for name in every if wanted in name.split()]
    near = containing[:3] or difflib.get_close_matches(wanted, every, 3)
    return f" Did you mean {' or '.join(repr(n) for n in near)}?" if near else ""
