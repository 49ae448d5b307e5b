"""Socket types: which may be wired together, and what a constant must look like.

Invariant: types are strings; ``A,B`` accepts either, ``*`` accepts all.
"""

import math
from typing import Any

#: Types whose value the user can type in.
WIDGET_TYPES = frozenset({"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO", "COLOR"})
#: Types of models, pictures and the like, which nothing but a wire can bring. A type that only a
#: pack knows may have a field of its own on the canvas, so its constants reach the node.
WIRE_TYPES = frozenset(
    {
        *("AUDIO", "CLIP", "CLIP_VISION", "CLIP_VISION_OUTPUT", "CONDITIONING", "CONTROL_NET"),
        *("GLIGEN", "GUIDER", "HOOKS", "HOOK_KEYFRAMES", "IMAGE", "IPADAPTER", "LATENT"),
        *("LATENT_OPERATION", "LOOP", "MASK", "MODEL", "NOISE", "SAMPLER", "SIGMAS"),
        *("STYLE_MODEL", "TIMESTEPS_RANGE", "UPSCALE_MODEL", "VAE", "VIDEO"),
    }
)

_FALSE = frozenset({"false", "0", "no", "off", ""})


def compatible(produced: str, wanted: str) -> bool:
    """Whether an output of type ``produced`` may feed an input of type ``wanted``.

    >>> compatible("IMAGE", "IMAGE,MASK"), compatible("*", "LATENT"), compatible("A", "B")
    (True, True, False)
    """
    if produced == wanted or "*" in (produced, wanted):
        return True
    return not _names(produced).isdisjoint(_names(wanted))


def _names(type: str) -> set[str]:
    return {name.strip() for name in type.split(",")}


def coerce(value: Any, type: str) -> Any:
    """The constant as its type wants it; unknown types pass unchanged.

    Raises:
        ValueError: the value cannot mean one of that type.

    >>> coerce("7", "INT"), coerce(2, "FLOAT"), coerce("false", "BOOLEAN")
    (7, 2.0, False)
    """
    match type:
        case "INT":
            return _whole(value)
        case "FLOAT":
            return _number(value)
        case "STRING":
            return _text(value)
        case "BOOLEAN":
            return value.strip().lower() not in _FALSE if isinstance(value, str) else bool(value)
        case _:
            return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("a number is needed")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("a finite number is needed")
    return number


def _whole(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lstrip("+-").isdigit():
        return int(value)
    number = _number(value)
    if number != int(number):
        raise ValueError("a whole number is needed")
    return int(number)


def _text(value: Any) -> str:
    if isinstance(value, dict | list) or value is None:
        raise ValueError("text is needed")
    return str(value)
