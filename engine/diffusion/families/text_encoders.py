"""CLIP text encoders, inside a checkpoint or as files of their own, in both published layouts.

Invariant: whatever the file calls its tensors, the network sees the names of transformers.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from ..handles import Clip, TextEncoder
from ..networks.clip_text import ClipText
from ..weights import Header, Shapes, Weights, strip_prefix
from .open_clip import text_names, unpack, unpacked_shapes
from .sizes import clip_config

#: OpenCLIP's encoders were trained with this token behind the end.
OPEN_CLIP_PAD = 0


def describe_text_encoder(header: Header, prefix: str, name: str) -> TextEncoder | None:
    """The text encoder below a prefix, if it is there, with the rules of its kind.

    Args:
        header: of the file.
        prefix: of its tensors, in OpenCLIP's or transformers' layout; newer and older versions
            of the latter differ in ``text_model.``.
        name: ``l``, ``h`` or ``g``.
    """
    for outer in ("", "text_model."):
        names = partial(_names, prefix, outer)
        shapes = unpacked_shapes(names(header.shapes), header.shapes)
        if "text_model.embeddings.token_embedding.weight" in shapes:
            weights = Weights(
                f"{header.id}:clip_{name}",
                header.path,
                "text",
                partial(ClipText, clip_config(shapes)),
                header.through(names),
            )
            return _encoder(name, weights, shapes)
    return _open_clip(header, prefix, name)


def kind_of(shapes: Shapes, prefix: str) -> str:
    """``l``, ``h`` or ``g``, by the number of layers of the encoder below a prefix."""
    pattern = re.escape(prefix) + r"(?:text_model\.)?(?:encoder\.layers|transformer\.resblocks)"
    found = (re.match(pattern + r"\.(\d+)\.", key) for key in shapes)
    last = max((int(m[1]) for m in found if m), default=0)
    return "g" if last >= 30 else "h" if last >= 22 else "l"


def _open_clip(header: Header, prefix: str, name: str) -> TextEncoder | None:
    if f"{prefix}token_embedding.weight" not in header.shapes:
        return None
    names = partial(text_names, prefix)
    shapes = unpacked_shapes(names(header.shapes), header.shapes)
    build = partial(ClipText, clip_config(shapes))
    id, own = f"{header.id}:clip_{name}", header.through(names)
    return _encoder(name, Weights(id, header.path, "text", build, own, unpack), shapes)


def _names(prefix: str, outer: str, keys: Iterable[str]) -> dict[str, str]:
    """What belongs to the text encoder; a whole CLIP has more."""
    names = strip_prefix(prefix, "", keys).items()
    found = {k: n if n.startswith("text_projection.") else outer + n for k, n in names}
    return {k: n for k, n in found.items() if n.startswith(("text_model.", "text_projection."))}


def _encoder(name: str, weights: Weights, shapes: Shapes) -> TextEncoder:
    config = clip_config(shapes)
    found = TextEncoder(name, weights, config.vocab_size, config.width, config.positions)
    if name == "l":
        return found
    # ViT-H is read behind its 23rd layer; some files do not hold the 24th.
    layer = -1 if name == "h" and config.layers == 23 else -2
    return replace(found, pad=OPEN_CLIP_PAD, layer=layer, final_norm=name == "h")


def join(*encoders: TextEncoder | None) -> Clip | None:
    """One text encoder, or a pair as SDXL reads it: both behind their last layer but one.

    Args:
        encoders: those that a file holds, in the order of their features; None is skipped.
    """
    found = tuple(encoder for encoder in encoders if encoder)
    if len(found) < 2:
        return Clip(found) if found else None
    return Clip(tuple(penultimate(encoder) for encoder in found))


def penultimate(encoder: TextEncoder) -> TextEncoder:
    """The same, read behind the last but one of its layers, without the final norm."""
    return replace(encoder, layer=-2, final_norm=False)
