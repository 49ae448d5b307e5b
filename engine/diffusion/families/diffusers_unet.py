"""U-Nets in diffusers' layout: their names to CompVis'.

Invariant: the names of every tensor of the file decide its new name; nothing is guessed from
sizes, so one table serves all families and pruned networks.
"""

import re
from collections.abc import Collection, Iterable

from .parts import UNET

_EMBEDDINGS = (
    (r"^time_embedding\.linear_1\.", "time_embed.0."),
    (r"^time_embedding\.linear_2\.", "time_embed.2."),
    (r"^add_embedding\.linear_1\.", "label_emb.0.0."),
    (r"^add_embedding\.linear_2\.", "label_emb.0.2."),
    (r"^class_embedding\.linear_1\.", "label_emb.0.0."),
    (r"^class_embedding\.linear_2\.", "label_emb.0.2."),
    (r"^class_embedding\.weight", "label_emb.weight"),
    (r"^conv_in\.", "input_blocks.0.0."),
    (r"^conv_norm_out\.", "out.0."),
    (r"^conv_out\.", "out.2."),
    (r"^mid_block\.resnets\.0\.", "middle_block.0."),
    (r"^mid_block\.attentions\.0\.", "middle_block.1."),
    (r"^mid_block\.resnets\.1\.", "middle_block.2."),
)
_RESIDUAL = (
    (".norm1.", ".in_layers.0."),
    (".conv1.", ".in_layers.2."),
    (".time_emb_proj.", ".emb_layers.1."),
    (".norm2.", ".out_layers.0."),
    (".conv2.", ".out_layers.3."),
    (".conv_shortcut.", ".skip_connection."),
)


def is_diffusers_unet(keys: Collection[str]) -> bool:
    """Whether these are the tensors of a U-Net in diffusers' layout."""
    return "conv_in.weight" in keys and "down_blocks.0.resnets.0.norm1.weight" in keys


def compvis_names(keys: Iterable[str]) -> dict[str, str]:
    """diffusers' names to those below ``model.diffusion_model.`` of a checkpoint."""
    keys = list(keys)
    blocks = 1 + _last(keys, r"down_blocks\.0\.resnets\.(\d+)\.")
    with_attention = {m[0] for key in keys if (m := re.match(r"\w+_blocks?\.\d+\.attentions", key))}
    return {key: UNET + _compvis_name(key, blocks, with_attention) for key in keys}


def _compvis_name(key: str, blocks: int, with_attention: Collection[str]) -> str:
    """One name.

    Args:
        key: of the file.
        blocks: residual blocks of each level on the way down.
        with_attention: beginnings of the names of levels with transformers.
    """
    for pattern, replacement in _EMBEDDINGS:
        key = re.sub(pattern, replacement, key)
    residual = ".resnets." in key or key.startswith(("middle_block.0.", "middle_block.2."))
    if m := re.match(r"(down|up)_blocks\.(\d+)\.(\w+)\.(\d+)\.", key):
        side, level, kind, i = m[1], int(m[2]), m[3], int(m[4])
        rest = key[m.end() :].replace("conv.", "op.") if kind == "downsamplers" else key[m.end() :]
        key = _place(side, level, kind, i, blocks, with_attention) + rest
    if residual:
        for theirs, ours in _RESIDUAL:
            key = key.replace(theirs, ours)
    return key


def _place(
    side: str, level: int, kind: str, i: int, blocks: int, with_attention: Collection[str]
) -> str:
    """Where a layer of a level is: number of the block, and of the layer in it."""
    part = 1 if kind == "attentions" else 0
    if side == "down":
        number = 1 + level * (blocks + 1) + (blocks if kind == "downsamplers" else i)
        return f"input_blocks.{number}.{part}."
    if kind == "upsamplers":
        layer = 2 if f"up_blocks.{level}.attentions" in with_attention else 1
        return f"output_blocks.{level * (blocks + 1) + blocks}.{layer}."
    return f"output_blocks.{level * (blocks + 1) + i}.{part}."


def _last(keys: Iterable[str], pattern: str) -> int:
    return max(int(m[1]) for key in keys if (m := re.match(pattern, key)))
