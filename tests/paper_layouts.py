"""Names and shapes of the tensors in the checkpoints of Rombach et al. 2022.

Derived from the constructors in CompVis/latent-diffusion (MIT: ldm/modules/diffusionmodules/
model.py and openaimodel.py, ldm/models/autoencoder.py, ldm/modules/x_transformer.py,
ldm/modules/encoders/modules.py) by walking them with the numbers of the published
configurations, independently of the networks under test.
"""

from collections.abc import Sequence
from typing import Any

Layout = dict[str, tuple[int, ...]]

#: Published first stages: ch_mult, levels that attend, z_channels, entries of the codebook (None:
#: KL), and whether the middle attends.
FIRST_STAGES: dict[str, tuple[tuple[int, ...], tuple[int, ...], int, int | None, bool]] = {
    "kl-f4": ((1, 2, 4), (), 3, None, True),
    "kl-f8": ((1, 2, 4, 4), (), 4, None, True),
    "kl-f16": ((1, 1, 2, 2, 4), (4,), 16, None, True),
    "kl-f32": ((1, 1, 2, 2, 4, 4), (4, 5), 64, None, True),
    "vq-f4": ((1, 2, 4), (), 3, 8192, True),
    "vq-f4-noattn": ((1, 2, 4), (), 3, 8192, False),
    "vq-f8": ((1, 2, 2, 4), (3,), 4, 16384, True),
    "vq-f8-n256": ((1, 2, 2, 4), (3,), 4, 256, True),
    "vq-f16": ((1, 1, 2, 2, 4), (4,), 8, 16384, True),
}


def first_stage(name: str) -> Layout:
    """The tensors of a published first stage."""
    return autoencoder(*FIRST_STAGES[name])


def autoencoder(
    mult: Sequence[int],
    attending: Sequence[int],
    z: int,
    entries: int | None,
    middle: bool = True,
    ch: int = 128,
    blocks: int = 2,
) -> Layout:
    """The tensors of an autoencoder whose latent has as many channels as its bottleneck."""
    found = Tensors()
    out = z if entries else 2 * z
    found.conv("encoder.conv_in", 3, ch, 3)
    width = ch
    for i, m in enumerate(mult):
        for j in range(blocks):
            found.resnet(f"encoder.down.{i}.block.{j}", width, ch * m)
            width = ch * m
            if i in attending:
                found.attention(f"encoder.down.{i}.attn.{j}", width)
        if i < len(mult) - 1:
            found.conv(f"encoder.down.{i}.downsample.conv", width, width, 3)
    found.middle("encoder.mid", width, middle)
    found.norm("encoder.norm_out", width)
    found.conv("encoder.conv_out", width, out, 3)
    found.conv("decoder.conv_in", z, width, 3)
    found.middle("decoder.mid", width, middle)
    for i in reversed(range(len(mult))):
        for j in range(blocks + 1):
            found.resnet(f"decoder.up.{i}.block.{j}", width, ch * mult[i])
            width = ch * mult[i]
            if i in attending:
                found.attention(f"decoder.up.{i}.attn.{j}", width)
        if i:
            found.conv(f"decoder.up.{i}.upsample.conv", width, width, 3)
    found.norm("decoder.norm_out", width)
    found.conv("decoder.conv_out", width, 3, 3)
    found.conv("quant_conv", out, out, 1)
    found.conv("post_quant_conv", z, z, 1)
    if entries:
        found["quantize.embedding.weight"] = (entries, z)
    return dict(found)


class Tensors(dict[str, tuple[int, ...]]):
    """A layout that grows module by module."""

    def both(self, name: str, shape: tuple[int, ...]) -> None:
        self[f"{name}.weight"], self[f"{name}.bias"] = shape, shape[:1]

    def conv(self, name: str, c_in: int, c_out: int, kernel: int) -> None:
        self.both(name, (c_out, c_in, kernel, kernel))

    def norm(self, name: str, c: int) -> None:
        self.both(name, (c,))

    def resnet(self, name: str, c_in: int, c_out: int) -> None:
        self.norm(f"{name}.norm1", c_in)
        self.conv(f"{name}.conv1", c_in, c_out, 3)
        self.norm(f"{name}.norm2", c_out)
        self.conv(f"{name}.conv2", c_out, c_out, 3)
        if c_in != c_out:
            self.conv(f"{name}.nin_shortcut", c_in, c_out, 1)

    def attention(self, name: str, c: int) -> None:
        self.norm(f"{name}.norm", c)
        for part in ("q", "k", "v", "proj_out"):
            self.conv(f"{name}.{part}", c, c, 1)

    def middle(self, name: str, c: int, attend: bool) -> None:
        self.resnet(f"{name}.block_1", c, c)
        if attend:
            self.attention(f"{name}.attn_1", c)
        self.resnet(f"{name}.block_2", c, c)


def with_prefix(prefix: str, layout: Layout) -> Layout:
    """A layout below a prefix."""
    return {prefix + name: shape for name, shape in layout.items()}


class UNetTensors(Tensors):
    """A U-Net that grows module by module."""

    def __init__(self, **config: Any) -> None:
        super().__init__()
        self.c = config

    def block(self, name: str, c_in: int, c_out: int) -> None:
        emb = 4 * self.c["model_channels"]
        self.norm(f"{name}.in_layers.0", c_in)
        self.conv(f"{name}.in_layers.2", c_in, c_out, 3)
        scaled = 2 if self.c.get("use_scale_shift_norm") else 1
        self.both(f"{name}.emb_layers.1", (scaled * c_out, emb))
        self.norm(f"{name}.out_layers.0", c_out)
        self.conv(f"{name}.out_layers.3", c_out, c_out, 3)
        if c_in != c_out:
            self.conv(f"{name}.skip_connection", c_in, c_out, 1)

    def attend(self, name: str, c: int) -> None:
        self.norm(f"{name}.norm", c)
        if not self.c.get("use_spatial_transformer"):
            self.both(f"{name}.qkv", (3 * c, c, 1))
            self.both(f"{name}.proj_out", (c, c, 1))
            return
        self.conv(f"{name}.proj_in", c, c, 1)
        for i in range(self.c["transformer_depth"]):
            self.transformer(f"{name}.transformer_blocks.{i}", c)
        self.conv(f"{name}.proj_out", c, c, 1)

    def transformer(self, name: str, c: int) -> None:
        for attn, width in (("attn1", c), ("attn2", self.c["context_dim"])):
            self[f"{name}.{attn}.to_q.weight"] = (c, c)
            self[f"{name}.{attn}.to_k.weight"] = (c, width)
            self[f"{name}.{attn}.to_v.weight"] = (c, width)
            self.both(f"{name}.{attn}.to_out.0", (c, c))
        self.both(f"{name}.ff.net.0.proj", (8 * c, c))
        self.both(f"{name}.ff.net.2", (c, 4 * c))
        for i in (1, 2, 3):
            self.norm(f"{name}.norm{i}", c)


def unet(**config: Any) -> Layout:
    """The tensors of a U-Net, by the arguments of CompVis' ``UNetModel``."""
    found = UNetTensors(**config)
    ch, mult, n = config["model_channels"], config["channel_mult"], config["num_res_blocks"]
    attended, by_blocks = config["attention_resolutions"], config.get("resblock_updown")
    found.both("time_embed.0", (4 * ch, ch))
    found.both("time_embed.2", (4 * ch, 4 * ch))
    found.conv("input_blocks.0.0", config["in_channels"], ch, 3)
    width, skips, i = ch, [ch], 0
    for level, m in enumerate(mult):
        for _ in range(n):
            i += 1
            found.block(f"input_blocks.{i}.0", width, ch * m)
            width = ch * m
            if 2**level in attended:
                found.attend(f"input_blocks.{i}.1", width)
            skips.append(width)
        if level < len(mult) - 1:
            i += 1
            if by_blocks:
                found.block(f"input_blocks.{i}.0", width, width)
            else:
                found.conv(f"input_blocks.{i}.0.op", width, width, 3)
            skips.append(width)
    found.block("middle_block.0", width, width)
    found.attend("middle_block.1", width)
    found.block("middle_block.2", width, width)
    i = 0
    for level, m in reversed(list(enumerate(mult))):
        for j in range(n + 1):
            found.block(f"output_blocks.{i}.0", width + skips.pop(), ch * m)
            width, last = ch * m, 1
            if 2**level in attended:
                found.attend(f"output_blocks.{i}.1", width)
                last = 2
            if level and j == n and by_blocks:
                found.block(f"output_blocks.{i}.{last}", width, width)
            elif level and j == n:
                found.conv(f"output_blocks.{i}.{last}.conv", width, width, 3)
            i += 1
    found.norm("out.0", width)
    found.conv("out.2", ch, config["out_channels"], 3)
    return dict(found)


def bert(width: int, layers: int, vocab: int = 30522, positions: int = 77) -> Layout:
    """The tensors of CompVis' ``TransformerWrapper`` with 8 heads of 64 features."""
    found = Tensors({"token_emb.weight": (vocab, width), "pos_emb.emb.weight": (positions, width)})
    for i in range(layers):
        attention, forward = (f"attn_layers.layers.{2 * i + k}" for k in (0, 1))
        found.norm(f"{attention}.0", width)
        for part in ("to_q", "to_k", "to_v"):
            found[f"{attention}.1.{part}.weight"] = (512, width)
        found.both(f"{attention}.1.to_out", (width, 512))
        found.norm(f"{forward}.0", width)
        found.both(f"{forward}.1.net.0.0", (4 * width, width))
        found.both(f"{forward}.1.net.2", (width, 4 * width))
    found.norm("norm", width)
    found.both("to_logits", (vocab, width))
    return dict(found)


#: Arguments of the published U-Nets.
_FACES: dict[str, Any] = {
    "in_channels": 3,
    "out_channels": 3,
    "model_channels": 224,
    "attention_resolutions": (8, 4, 2),
    "num_res_blocks": 2,
    "channel_mult": (1, 2, 3, 4),
    "num_head_channels": 32,
}
_TOKENS: dict[str, Any] = {"use_spatial_transformer": True, "transformer_depth": 1}
UNETS: dict[str, dict[str, Any]] = {
    "celeba256": _FACES,
    "lsun_churches256": {
        "in_channels": 4,
        "out_channels": 4,
        "model_channels": 192,
        "attention_resolutions": (1, 2, 4, 8),
        "num_res_blocks": 2,
        "channel_mult": (1, 2, 2, 4, 4),
        "num_heads": 8,
        "use_scale_shift_norm": True,
        "resblock_updown": True,
    },
    "inpainting_big": {
        **{k: v for k, v in _FACES.items() if k != "num_head_channels"},
        "in_channels": 7,
        "model_channels": 256,
        "num_heads": 8,
        "resblock_updown": True,
    },
    "bsr_sr": {
        **_FACES,
        "in_channels": 6,
        "model_channels": 160,
        "attention_resolutions": (16, 8),
        "channel_mult": (1, 2, 2, 4),
    },
    "semantic_synthesis256": {
        "in_channels": 6,
        "out_channels": 3,
        "model_channels": 128,
        "attention_resolutions": (32, 16, 8),
        "num_res_blocks": 2,
        "channel_mult": (1, 4, 8),
        "num_heads": 8,
    },
    "cin256": {
        **_FACES,
        **_TOKENS,
        "in_channels": 4,
        "out_channels": 4,
        "model_channels": 256,
        "attention_resolutions": (4, 2, 1),
        "channel_mult": (1, 2, 4),
        "context_dim": 512,
    },
    "cin256-v2": {
        **{k: v for k, v in _FACES.items() if k != "num_head_channels"},
        **_TOKENS,
        "model_channels": 192,
        "channel_mult": (1, 2, 3, 5),
        "num_heads": 1,
        "context_dim": 512,
    },
    "text2img256": {
        **_FACES,
        **_TOKENS,
        "model_channels": 192,
        "channel_mult": (1, 2, 3, 5),
        "context_dim": 640,
    },
    "txt2img-f8-large": {
        **_TOKENS,
        "in_channels": 4,
        "out_channels": 4,
        "model_channels": 320,
        "attention_resolutions": (4, 2, 1),
        "num_res_blocks": 2,
        "channel_mult": (1, 2, 4, 4),
        "num_heads": 8,
        "context_dim": 1280,
    },
    "layout2img-openimages256": {
        **_FACES,
        **_TOKENS,
        "model_channels": 128,
        "transformer_depth": 3,
        "context_dim": 512,
    },
}
#: First stage of each.
STAGES = {
    "celeba256": "vq-f4",
    "lsun_churches256": "kl-f8",
    "inpainting_big": "vq-f4-noattn",
    "bsr_sr": "vq-f4",
    "semantic_synthesis256": "vq-f4",
    "cin256": "vq-f8",
    "cin256-v2": "vq-f4",
    "text2img256": "vq-f4",
    "txt2img-f8-large": "kl-f8",
    "layout2img-openimages256": "vq-f4",
}
#: Tensors of what encodes the conditions.
CONDITIONS: dict[str, Layout] = {
    "cin256": {"embedding.weight": (1000, 512)},
    "cin256-v2": {"embedding.weight": (1001, 512)},
    "text2img256": with_prefix("transformer.", bert(640, 32)),
    "txt2img-f8-large": with_prefix("transformer.", bert(1280, 32)),
    "layout2img-openimages256": with_prefix("transformer.", bert(512, 16, 8192, 92)),
    "semantic_synthesis256": {"channel_mapper.weight": (3, 182, 1, 1)},
}
#: First and last beta of each.
BETAS = {
    "celeba256": (0.0015, 0.0195),
    "lsun_churches256": (0.0015, 0.0155),
    "inpainting_big": (0.0015, 0.0205),
    "bsr_sr": (0.0015, 0.0155),
    "semantic_synthesis256": (0.0015, 0.0205),
    "cin256": (0.0015, 0.0195),
    "cin256-v2": (0.0015, 0.0195),
    "text2img256": (0.0015, 0.0195),
    "txt2img-f8-large": (0.00085, 0.012),
    "layout2img-openimages256": (0.0015, 0.0205),
}


def checkpoint(name: str) -> Layout:
    """The tensors of a published checkpoint that are used; its schedule and EMA left out."""
    found = with_prefix("model.diffusion_model.", unet(**UNETS[name]))
    found |= with_prefix("first_stage_model.", first_stage(STAGES[name]))
    return found | with_prefix("cond_stage_model.", CONDITIONS.get(name, {}))
