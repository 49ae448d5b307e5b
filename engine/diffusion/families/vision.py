"""CLIP vision encoders, inside a checkpoint or as files of their own, in both layouts.

Invariant: whatever the file calls its tensors, the network sees the names of transformers.
"""

import math
import re
from collections.abc import Iterable
from functools import partial

from ..handles import ClipVision
from ..networks.clip_vision import ClipVision as Network
from ..networks.clip_vision import ClipVisionConfig
from ..weights import Header, Shapes, Weights, strip_prefix
from .open_clip import unpack, unpacked_shapes, vision_names

PATCHES = "vision_model.embeddings.patch_embedding.weight"


def describe_vision(header: Header, prefix: str) -> ClipVision | None:
    """The vision encoder below a prefix, if it is there."""
    open_clip = f"{prefix}conv1.weight" in header.shapes
    names = partial(vision_names if open_clip else _names, prefix)
    shapes = unpacked_shapes(names(header.shapes), header.shapes)
    if PATCHES not in shapes or "visual_projection.weight" not in shapes:
        return None
    config = vision_config(shapes)
    weights = Weights(
        f"{header.id}:vision",
        header.path,
        "text",
        partial(Network, config),
        header.through(names),
        unpack,
    )
    return ClipVision(weights, config.image_size, config.projection)


def vision_config(shapes: Shapes) -> ClipVisionConfig:
    """Sizes of a CLIP vision encoder.

    OpenAI's encoders (up to 1024 wide) use the approximate GELU; the published ones from there
    on have 16 heads, smaller ones 64 features a head.
    """
    width, _, patch, _ = shapes[PATCHES]
    positions = shapes["vision_model.embeddings.position_embedding.weight"][0]
    found = (re.match(r"vision_model\.encoder\.layers\.(\d+)\.mlp\.fc1\.weight", k) for k in shapes)
    layers = [int(m.group(1)) for m in found if m]
    return ClipVisionConfig(
        width=width,
        layers=max(layers) + 1,
        heads=16 if width >= 1024 else max(1, width // 64),
        inner=shapes["vision_model.encoder.layers.0.mlp.fc1.weight"][0],
        image_size=math.isqrt(positions - 1) * patch,
        patch_size=patch,
        projection=shapes["visual_projection.weight"][0],
        quick_gelu=width <= 1024,
    )


def _names(prefix: str, keys: Iterable[str]) -> dict[str, str]:
    """What belongs to the vision encoder; a whole CLIP has more."""
    names = strip_prefix(prefix, "", keys)
    return {k: n for k, n in names.items() if n.startswith(("vision_model.", "visual_projection."))}
