"""How files spell what an adapter holds and where it belongs.

Invariant: a tensor's name is a place and a part; places are resolved by exact lookup among all
spellings of a network's own tensor names, never by guessing at underscores.
"""

import re
from collections.abc import Iterable

#: Endings of names to parts: kohya's, diffusers' old and new ones, PEFT's.
_ENDINGS: dict[str, str] = {
    ".lora_up.weight": "up",
    ".lora_down.weight": "down",
    ".lora_mid.weight": "mid",
    "_lora.up.weight": "up",
    "_lora.down.weight": "down",
    ".lora.up.weight": "up",
    ".lora.down.weight": "down",
    ".lora_linear_layer.up.weight": "up",
    ".lora_linear_layer.down.weight": "down",
    ".lora_B.weight": "up",
    ".lora_A.weight": "down",
    ".lora_B": "up",
    ".lora_A": "down",
    ".hada_w1_a": "w1_a",
    ".hada_w1_b": "w1_b",
    ".hada_w2_a": "w2_a",
    ".hada_w2_b": "w2_b",
    ".hada_t1": "t1",
    ".hada_t2": "t2",
    ".lokr_w1": "k1",
    ".lokr_w1_a": "k1_a",
    ".lokr_w1_b": "k1_b",
    ".lokr_w2": "k2",
    ".lokr_w2_a": "k2_a",
    ".lokr_w2_b": "k2_b",
    ".lokr_t1": "kt1",
    ".lokr_t2": "kt2",
    ".a1.weight": "a1",
    ".a2.weight": "a2",
    ".b1.weight": "b1",
    ".b2.weight": "b2",
    ".oft_blocks": "blocks",
    ".rescale": "rescale",
    ".alpha": "alpha",
    "_lora.alpha": "alpha",
    ".dora_scale": "dora_scale",
    ".lora_magnitude_vector": "magnitude",
    ".lora_magnitude_vector.weight": "magnitude",
    ".diff": "diff",
    ".w_norm": "diff",
    ".diff_b": "bias",
    ".b_norm": "bias",
    ".set_weight": "set",
}
_LONGEST_FIRST = sorted(_ENDINGS, key=len, reverse=True)
#: PEFT puts the name of the adapter in.
_ADAPTER_NAME = re.compile(r"\.(lora_A|lora_B|lora_magnitude_vector)\.[A-Za-z]\w*(\.weight)?$")

_EMBEDDINGS = (
    ("time_embed.0", "time_embedding.linear_1"),
    ("time_embed.2", "time_embedding.linear_2"),
    ("label_emb.0.0", "add_embedding.linear_1"),
    ("label_emb.0.2", "add_embedding.linear_2"),
    ("input_blocks.0.0", "conv_in"),
    ("out.0", "conv_norm_out"),
    ("out.2", "conv_out"),
)
_RESIDUAL = {
    "in_layers.0": "norm1",
    "in_layers.2": "conv1",
    "emb_layers.1": "time_emb_proj",
    "out_layers.0": "norm2",
    "out_layers.3": "conv2",
    "skip_connection": "conv_shortcut",
}
_BLOCK = re.compile(r"(input|output)_blocks\.(\d+)\.(\d)\.(.+)")
_MIDDLE = re.compile(r"middle_block\.(\d)\.(.+)")


def place_and_part(key: str) -> tuple[str, str] | None:
    """What comes before the ending, and the part that the ending means."""
    if (m := _ADAPTER_NAME.search(key)) and m[0] not in _ENDINGS:
        key = key[: m.start()] + f".{m[1]}.weight"
    ending = next((e for e in _LONGEST_FIRST if key.endswith(e)), None)
    return (key[: -len(ending)], _ENDINGS[ending]) if ending else None


def unet_spellings(names: Iterable[str], blocks: int) -> dict[str, str]:
    """Every spelling of a place in a U-Net to the network's tensor name.

    Args:
        names: of the network's tensors.
        blocks: residual blocks of each level on the way down.
    """
    found: dict[str, str] = {}
    for name in names:
        base = name.removesuffix(".weight")
        found |= dict.fromkeys((f"lora_unet_{_flat(base)}", f"diffusion_model.{base}"), name)
        theirs = diffusers_name(base, blocks)
        if theirs and name.endswith(".weight"):
            found |= dict.fromkeys(_diffusers_spellings(theirs), name)
    return found


def _diffusers_spellings(base: str) -> Iterable[str]:
    yield from (f"lora_unet_{_flat(base)}", f"lycoris_{_flat(base)}")
    processor = re.sub(r"\.(to_[qkv]|to_out)(\.0)?$", r".processor.\1", base)
    for dotted in (base, processor):
        yield from (f"{outer}{dotted}" for outer in ("", "unet.", "base_model.model."))


def diffusers_name(name: str, blocks: int) -> str | None:
    """diffusers' name for a tensor of a U-Net (with or without ``.weight``), if it has one.

    Args:
        name: in CompVis' layout.
        blocks: residual blocks of each level on the way down.
    """
    for ours, theirs in _EMBEDDINGS:
        if name == ours or name.startswith(f"{ours}."):
            return theirs + name[len(ours) :]
    if m := _MIDDLE.fullmatch(name):
        if m[1] == "1":
            return f"mid_block.attentions.0.{m[2]}"
        return f"mid_block.resnets.{int(m[1]) // 2}.{_residual(m[2])}"
    if m := _BLOCK.fullmatch(name):
        return _block_name(m[1] == "input", int(m[2]), int(m[3]), m[4], blocks)
    return None


def _block_name(down: bool, number: int, layer: int, rest: str, blocks: int) -> str:
    level, i = divmod(number - 1 if down else number, blocks + 1)
    side = f"{'down' if down else 'up'}_blocks.{level}"
    if down and rest.startswith("op"):
        return f"{side}.downsamplers.0.conv{rest[2:]}"
    if not down and rest.startswith("conv"):
        return f"{side}.upsamplers.0.{rest}"
    return f"{side}.attentions.{i}.{rest}" if layer else f"{side}.resnets.{i}.{_residual(rest)}"


def _residual(rest: str) -> str:
    for ours, theirs in _RESIDUAL.items():
        if rest == ours or rest.startswith(f"{ours}."):
            return theirs + rest[len(ours) :]
    return rest


def text_spellings(names: Iterable[str], encoder: str, pair: bool) -> dict[str, str]:
    """Every spelling of a place in a text encoder to the network's tensor name.

    Args:
        names: of the network's tensors.
        encoder: its name, ``l``, ``h`` or ``g``.
        pair: whether a CLIP-L is read beside it.
    """
    second = encoder == "g"
    flat = ["lora_te2"] if second else ["lora_te1", "lora_te"]
    flat += ["lora_te", "lora_prior_te"] if second and not pair else []
    dotted = ["text_encoder_2" if second else "text_encoder"]
    dotted += ["text_encoder"] if second and not pair else []
    found: dict[str, str] = {}
    for name in names:
        base = name.removesuffix(".weight")
        found[f"text_encoders.clip_{encoder}.transformer.{base}"] = name
        found |= {f"{prefix}_{_flat(base)}": name for prefix in flat}
        found |= {f"{prefix}.{base}": name for prefix in dotted}
    return found


def is_for_text(place: str) -> bool:
    """Whether a place is one of a text encoder, whichever."""
    return place.startswith(("lora_te", "lora_prior_te", "text_encoder"))


def _flat(name: str) -> str:
    return name.replace(".", "_")
