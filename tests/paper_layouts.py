"""Names and shapes of the tensors in the checkpoints of Rombach et al. 2022.

Derived from the constructors in CompVis/latent-diffusion (MIT: ldm/modules/diffusionmodules/
model.py and openaimodel.py, ldm/models/autoencoder.py, ldm/modules/x_transformer.py,
ldm/modules/encoders/modules.py) by walking them with the numbers of the published
configurations, independently of the networks under test.
"""

from collections.abc import Sequence

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
