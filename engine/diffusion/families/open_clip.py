"""OpenCLIP's names (Ilharco et al. 2021) for the tensors of CLIP, and its fused matrices.

Invariant: renamed and unpacked, a file in OpenCLIP's layout gives exactly the tensors of the
transformers layout, which the networks have.
"""

import re
from collections.abc import Iterable, Mapping

from torch import Tensor

from ..weights import strip_prefix

_BLOCKS = (
    (r"transformer\.resblocks\.(\d+)\.", r"encoder.layers.\1."),
    (r"\.attn\.in_proj_(weight|bias)$", r".self_attn.in_proj.\1"),
    (r"\.attn\.out_proj\.", ".self_attn.out_proj."),
    (r"\.ln_([12])\.", r".layer_norm\1."),
    (r"\.mlp\.c_fc\.", ".mlp.fc1."),
    (r"\.mlp\.c_proj\.", ".mlp.fc2."),
)
_TEXT = (
    (r"^text_projection$", "text_projection.matrix"),
    (r"^token_embedding\.", "text_model.embeddings.token_embedding."),
    (r"^positional_embedding$", "text_model.embeddings.position_embedding.weight"),
    (r"^ln_final\.", "text_model.final_layer_norm."),
    (r"^transformer\.", "text_model.transformer."),
    *_BLOCKS,
)
_VISION = (
    (r"^proj$", "visual_projection.matrix"),
    (r"^class_embedding$", "vision_model.embeddings.class_embedding"),
    (r"^positional_embedding$", "vision_model.embeddings.position_embedding.weight"),
    (r"^conv1\.", "vision_model.embeddings.patch_embedding."),
    (r"^ln_pre\.", "vision_model.pre_layrnorm."),
    (r"^ln_post\.", "vision_model.post_layernorm."),
    (r"^transformer\.", "vision_model.transformer."),
    *_BLOCKS,
)


def text_names(prefix: str, keys: Iterable[str]) -> dict[str, str]:
    """Names of a text encoder below ``prefix``; a vision encoder beside it is left out."""
    names = strip_prefix(prefix, "", keys)
    kept = {k: n for k, n in names.items() if not n.startswith("visual.")}
    return {k: _renamed(n, _TEXT) for k, n in kept.items()}


def vision_names(prefix: str, keys: Iterable[str]) -> dict[str, str]:
    """Names of a vision encoder below ``prefix``."""
    return {k: _renamed(n, _VISION) for k, n in strip_prefix(prefix, "", keys).items()}


def unpack(name: str, tensor: Tensor) -> Mapping[str, Tensor]:
    """Query, key and value apart; projections the other way round."""
    if ".in_proj." in name:
        parts = zip("qkv", tensor.chunk(3), strict=True)
        return {name.replace(".in_proj.", f".{part}_proj."): t for part, t in parts}
    if name.endswith("_projection.matrix"):
        return {name.replace(".matrix", ".weight"): tensor.mT}
    return {name: tensor}


def unpacked_shapes(
    names: Mapping[str, str], shapes: Mapping[str, tuple[int, ...]]
) -> dict[str, tuple[int, ...]]:
    """Shapes under the new names, of fused matrices as they are, of projections turned."""
    found = {name: shapes[key] for key, name in names.items()}
    turned = {k: s for k, s in found.items() if k.endswith("_projection.matrix")}
    return found | {k.replace(".matrix", ".weight"): s[::-1] for k, s in turned.items()}


def _renamed(name: str, rules: Iterable[tuple[str, str]]) -> str:
    for pattern, replacement in rules:
        name = re.sub(pattern, replacement, name)
    return name
