"""Autoencoders, inside a checkpoint or as files of their own, in both published layouts.

A codebook among the tensors (``quantize.embedding.weight``) means vector quantisation, none the
KL-regularised kind.

Invariant: whatever the file calls its tensors, the network sees CompVis' names.
"""

import re
from collections.abc import Callable, Iterable
from functools import partial

from torch import nn

from ..handles import Vae
from ..networks.autoencoder import AutoencoderKL
from ..networks.vq import VectorQuantised
from ..weights import Header, Names, Shapes, Weights, strip_prefix
from .sizes import autoencoder_config, below

CODEBOOK = "quantize.embedding.weight"
#: diffusers' names to CompVis' names; ``down_blocks`` and ``up_blocks`` are done apart.
DIFFUSERS_NAMES = (
    (r"\.conv_norm_out\.", ".norm_out."),
    (r"\.conv_shortcut\.", ".nin_shortcut."),
    (r"\.(attentions\.\d+)\.group_norm\.", r".\1.norm."),
    (r"\.(attentions\.\d+)\.(?:to_([qkv])|(q)uery|(k)ey|(v)alue)\.", r".\1.\2\3\4\5."),
    (r"\.(attentions\.\d+)\.(?:to_out\.0|proj_attn)\.", r".\1.proj_out."),
    (r"\.mid_block\.attentions\.0\.", ".mid.attn_1."),
    (r"\.attentions\.", ".attn."),
    (r"\.mid_block\.resnets\.0\.", ".mid.block_1."),
    (r"\.mid_block\.resnets\.1\.", ".mid.block_2."),
    (r"\.resnets\.", ".block."),
    (r"\.downsamplers\.0\.", ".downsample."),
    (r"\.upsamplers\.0\.", ".upsample."),
    (r"\.down_blocks\.", ".down."),
)


def describe_vae(header: Header, prefix: str) -> Vae | None:
    """The autoencoder below a prefix, if it is there."""
    shapes = below(header.shapes, prefix)
    names: Names = partial(strip_prefix, prefix, "")
    if "decoder.up_blocks.0.resnets.0.norm1.weight" in shapes:
        names = partial(_from_diffusers, prefix)
        renamed = names(header.shapes)
        shapes = {renamed[k]: s for k, s in header.shapes.items() if k in renamed}
    if "decoder.conv_in.weight" not in shapes or "encoder.conv_in.weight" not in shapes:
        return None
    return _vae(header, shapes, names)


def _vae(header: Header, shapes: Shapes, names: Names) -> Vae:
    config = autoencoder_config(shapes)
    build: Callable[[], nn.Module] = partial(AutoencoderKL, config)
    if CODEBOOK in shapes:
        build = partial(VectorQuantised, config, shapes[CODEBOOK][0])
    weights = Weights(f"{header.id}:vae", header.path, "vae", build, header.through(names))
    return Vae(weights, config.downscale, config.embed_dim)


def _from_diffusers(prefix: str, keys: Iterable[str]) -> dict[str, str]:
    names = strip_prefix(prefix, "", keys)
    ups = [re.match(r"decoder\.up_blocks\.(\d+)\.", name) for name in names.values()]
    last = max(int(m.group(1)) for m in ups if m)
    return {key: _compvis_name(name, last) for key, name in names.items()}


def _compvis_name(name: str, last: int) -> str:
    """CompVis counts the levels of the decoder from the finest, diffusers from the coarsest."""
    name = re.sub(r"\.up_blocks\.(\d+)\.", lambda m: f".up.{last - int(m.group(1))}.", name)
    for pattern, replacement in DIFFUSERS_NAMES:
        name = re.sub(pattern, replacement, name)
    return name
