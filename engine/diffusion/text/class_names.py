"""Names of the classes that models of the latent diffusion paper were trained on.

The thousand of ImageNet (Russakovsky et al. 2015), in the order of their ids in WordNet; and the
340 kinds of objects of OpenImages (Kuznetsova et al. 2020) that layouts are made of: those of the
authors' selection, without the ones they count as others, by their ids, suitcases last.

Invariant: a name that several classes bear is never guessed at.
"""

import difflib
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


def class_number(text: str, dataset: Dataset) -> int:
    """The number of a class that is named, or numbered already.

    Raises:
        InvalidInput: no class has the name, or several have.
    """
    wanted, names = text.strip().lower(), class_names(dataset)
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
        f"No class of {dataset} is called '{text.strip()}'.{_nearest(wanted, dataset)} Give a "
        f"name such as '{names[281][0]}', or a number from 0 to {len(names) - 1}."
    )


def _nearest(wanted: str, dataset: Dataset) -> str:
    every = [name for names in class_names(dataset) for name in names]
    containing = [name for name in every if wanted in name.split()]
    near = containing[:3] or difflib.get_close_matches(wanted, every, 3)
    return f" Did you mean {' or '.join(repr(n) for n in near)}?" if near else ""
