"""Sizes of networks, read off the names and shapes of their tensors.

Invariant: one function serves every family that uses the network; the few numbers that no
tensor shows (attention heads) follow the rules of the published models.
"""

import re
from collections.abc import Iterable
from dataclasses import replace

from ..networks.autoencoder import AutoencoderConfig
from ..networks.clip_text import ClipTextConfig
from ..networks.unet import UNetConfig
from ..weights import Shapes


def unet_config(shapes: Shapes) -> UNetConfig:
    """Sizes of a U-Net; names begin behind ``model.diffusion_model.``.

    Convolutions around the transformers mean 8 heads (SD 1.x), linear layers 64 channels a
    head (SD 2.x, SDXL). Without transformers, 32 channels a head; but 8 heads where residual
    blocks resample, or where only the middle attends (the models of Rombach et al. 2022).
    """
    out_channels, model_channels = shapes["out.2.weight"][0], shapes["out.2.weight"][1]
    levels = _levels(shapes)
    projections = [len(s) for k, s in shapes.items() if k.endswith(".1.proj_in.weight")]
    linear = bool(projections) and projections[0] == 2
    vector, classes = shapes.get("label_emb.0.0.weight"), shapes.get("label_emb.weight")
    config = UNetConfig(
        in_channels=shapes["input_blocks.0.0.weight"][1],
        out_channels=out_channels,
        model_channels=model_channels,
        channel_mult=tuple(_width(shapes, level[0]) // model_channels for level in levels),
        num_res_blocks=len(levels[0]),
        attention_depth=tuple(_depth(shapes, f"input_blocks.{level[0]}") for level in levels),
        middle_depth=_depth(shapes, "middle_block"),
        context_dim=next((s[1] for k, s in shapes.items() if k.endswith("attn2.to_k.weight")), 0),
        heads=None if linear else 8,
        linear_projection=linear,
        vector_channels=vector[1] if vector else None,
        middle_blocks=sum(f"middle_block.{i}.in_layers.0.weight" in shapes for i in range(3)),
        only_cross=tuple(_only_cross(shapes, level[0]) for level in levels),
        classes=classes[0] if classes else None,
        tokens=not _pixels_attend(shapes),
        resampling_blocks=_resampled_by_blocks(shapes),
        scale_shift=_is_scaled(shapes),
    )
    config = config if config.tokens else _with_pixel_heads(config)
    return _with_depths(config, shapes, [block for level in levels for block in level])


def _pixels_attend(shapes: Shapes) -> bool:
    return any(name.endswith(".1.qkv.weight") for name in shapes)


def _is_scaled(shapes: Shapes) -> bool:
    """Whether the timestep gives two numbers a channel: a scale and a shift."""
    told = shapes["input_blocks.1.0.emb_layers.1.weight"][0]
    return told == 2 * shapes["input_blocks.1.0.in_layers.2.weight"][0]


def _resampled_by_blocks(shapes: Shapes) -> bool:
    return any(re.match(r"output_blocks\.\d+\.[12]\.in_layers\.", name) for name in shapes)


def _with_pixel_heads(config: UNetConfig) -> UNetConfig:
    """The config with the heads of networks that read no tokens."""
    fixed = config.resampling_blocks or not any(config.attention_depth)
    return replace(config, heads=8 if fixed else None, head_channels=32)


def _with_depths(config: UNetConfig, shapes: Shapes, blocks: list[int]) -> UNetConfig:
    """The config with depths block by block if some level is not uniform."""
    outputs = range(_count(shapes, r"output_blocks\.(\d+)\."))
    down = tuple(_depth(shapes, f"input_blocks.{i}") for i in blocks)
    up = tuple(_depth(shapes, f"output_blocks.{i}") for i in outputs)
    uniform = (down, up) == config.uniform_depths()
    crossed = config.only_cross if any(config.only_cross) else ()
    return replace(config, depths=None if uniform else (down, up), only_cross=crossed)


def _only_cross(shapes: Shapes, block: int) -> bool:
    """Whether keys of the first attention are made from something wider than the picture's."""
    name = f"input_blocks.{block}.1.transformer_blocks.0.attn1.to_k.weight"
    return name in shapes and shapes[name][0] != shapes[name][1]


def clip_config(shapes: Shapes) -> ClipTextConfig:
    """Sizes of a CLIP text encoder; names begin with ``text_model.`` or ``text_projection.``.

    64 features a head. OpenAI's encoders (up to 768 wide) use the approximate GELU,
    OpenCLIP's larger ones the exact one.
    """
    vocab_size, width = shapes["text_model.embeddings.token_embedding.weight"]
    projection = shapes.get("text_projection.weight")
    return ClipTextConfig(
        vocab_size=vocab_size,
        width=width,
        layers=_count(shapes, r"text_model\.encoder\.layers\.(\d+)\."),
        heads=width // 64,
        positions=shapes["text_model.embeddings.position_embedding.weight"][0],
        quick_gelu=width <= 768,
        projection=projection[0] if projection else None,
    )


def autoencoder_config(shapes: Shapes) -> AutoencoderConfig:
    """Sizes of an autoencoder; names begin with ``encoder.``, ``decoder.`` and so on."""
    channels, image_channels = shapes["encoder.conv_in.weight"][:2]
    levels = range(_count(shapes, r"encoder\.down\.(\d+)\."))
    widths = [shapes[f"encoder.down.{i}.block.0.conv1.weight"][0] for i in levels]
    z_channels = shapes["decoder.conv_in.weight"][1]
    attention = tuple(f"encoder.down.{i}.attn.0.norm.weight" in shapes for i in levels)
    return AutoencoderConfig(
        channels=channels,
        channel_mult=tuple(width // channels for width in widths),
        num_res_blocks=_count(shapes, r"encoder\.down\.0\.block\.(\d+)\."),
        z_channels=z_channels,
        embed_dim=shapes.get("post_quant_conv.weight", (0, z_channels))[1],
        image_channels=image_channels,
        attention=attention if any(attention) else (),
        middle_attention="encoder.mid.attn_1.norm.weight" in shapes,
        moments=shapes["encoder.conv_out.weight"][0] != z_channels,
    )


def below(shapes: Shapes, prefix: str, replacement: str = "") -> Shapes:
    """The tensors below a prefix, with the replacement in its place."""
    n = len(prefix)
    return {replacement + k[n:]: s for k, s in shapes.items() if k.startswith(prefix)}


def _levels(shapes: Shapes) -> list[list[int]]:
    """Input blocks with residual blocks, grouped by the downsampling between them."""
    levels: list[list[int]] = [[]]
    count = _count(shapes, r"input_blocks\.(\d+)\.")
    halving = _downsampling(shapes, count)
    for i in range(1, count):
        if i in halving:
            levels.append([])
        else:
            levels[-1].append(i)
    return levels


def _downsampling(shapes: Shapes, count: int) -> range | set[int]:
    """Input blocks that halve the size.

    Residual blocks that do so look like others; but those that double it again stand behind
    another one, and tell how many there are in a level.
    """
    if not _resampled_by_blocks(shapes):
        return {i for i in range(count) if f"input_blocks.{i}.0.op.weight" in shapes}
    pattern = re.compile(r"output_blocks\.(\d+)\.[12]\.in_layers\.")
    first = min(int(m[1]) for m in map(pattern.match, shapes) if m)
    return range(first + 1, count, first + 1)


def _width(shapes: Shapes, block: int) -> int:
    return shapes[f"input_blocks.{block}.0.out_layers.3.weight"][0]


def _depth(shapes: Shapes, block: str) -> int:
    if f"{block}.1.qkv.weight" in shapes:
        return 1
    return _count(shapes, re.escape(block) + r"\.1\.transformer_blocks\.(\d+)\.")


def _count(names: Iterable[str], pattern: str) -> int:
    """One more than the largest number that the pattern's group finds; 0 if there is none."""
    found = (re.match(pattern, name) for name in names)
    return max((int(m.group(1)) + 1 for m in found if m), default=0)
