"""The U-Nets of Rombach et al. 2022: complete at full size, and equal to diffusers' when small."""

import math
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from engine.diffusion.families.sizes import unet_config
from engine.diffusion.networks.autoencoder import AutoencoderConfig
from engine.diffusion.networks.condition_stages import (
    ClassMap,
    ClassTable,
    LdmBert,
    LdmBertConfig,
)
from engine.diffusion.networks.unet import UNet, UNetConfig
from engine.diffusion.networks.vq import VectorQuantised
from engine.diffusion.streaming import Unit, stream
from tests.diffusion.test_networks import (
    BOUND,
    relative_error,
    shapes_of,
    unet_names_of_diffusers,
    with_prefix,
)
from tests.paper_layouts import CONDITIONS, UNETS, unet

#: Millions of parameters that the paper's tables 12 to 15 and its repository name, the
#: conditioning stage included.
MILLIONS = {
    "celeba256": 274,
    "lsun_churches256": 295,
    "inpainting_big": 387,
    "cin256": 395,
    "txt2img-f8-large": 1454,
}
#: Heads of those that read no tokens, which are told by their shape: fixed, or channels of one.
HEADS = {
    "celeba256": (None, 32),
    "lsun_churches256": (8, 32),
    "inpainting_big": (8, 32),
    "bsr_sr": (None, 32),
    "semantic_synthesis256": (8, 32),
}


@pytest.mark.parametrize("name", UNETS)
def test_full_size_unets(name: str) -> None:
    """Every tensor of the published layout, and no other, in its shape."""
    layout = unet(**UNETS[name])
    config = unet_config(layout)
    with torch.device("meta"):
        network = UNet(config)
    assert shapes_of(network) == layout
    if name in HEADS:
        assert (config.heads, config.head_channels) == HEADS[name]
    if name in MILLIONS:
        tensors = [*layout.values(), *CONDITIONS.get(name, {}).values()]
        assert round(sum(map(math.prod, tensors)) / 1e6) == MILLIONS[name]


ALONE = UNetConfig(
    in_channels=5,
    out_channels=3,
    model_channels=128,
    channel_mult=(1, 1),
    num_res_blocks=1,
    attention_depth=(1, 1),
    context_dim=0,
    heads=None,
    head_channels=32,
    tokens=False,
)


def diffusers_unet(config: UNetConfig) -> nn.Module:
    """diffusers' unconditional U-Net of the same sizes, with attention at every level."""
    from diffusers import UNet2DModel

    heads = config.heads_of(config.model_channels)
    way = "resnet" if config.resampling_blocks else "conv"
    levels = len(config.channel_mult)
    return UNet2DModel(
        in_channels=config.in_channels,
        out_channels=config.out_channels,
        block_out_channels=tuple(config.model_channels * m for m in config.channel_mult),
        layers_per_block=config.num_res_blocks,
        down_block_types=("AttnDownBlock2D",) * levels,
        up_block_types=("AttnUpBlock2D",) * levels,
        attention_head_dim=config.model_channels // heads,
        downsample_type=way,
        upsample_type=way,
        resnet_time_scale_shift="scale_shift" if config.scale_shift else "default",
        attn_norm_num_groups=32,
        freq_shift=0,
        sample_size=16,
    ).eval()


#: CompVis' names to diffusers', within a block.
INSIDE = (
    (r"\.in_layers\.0\.", ".norm1."),
    (r"\.in_layers\.2\.", ".conv1."),
    (r"\.emb_layers\.1\.", ".time_emb_proj."),
    (r"\.out_layers\.0\.", ".norm2."),
    (r"\.out_layers\.3\.", ".conv2."),
    (r"\.skip_connection\.", ".conv_shortcut."),
    (r"(attentions\.\d+)\.norm\.", r"\1.group_norm."),
    (r"(attentions\.\d+)\.proj_out\.", r"\1.to_out.0."),
    (r"downsamplers\.0\.op\.", "downsamplers.0.conv."),
)
OUTSIDE = {
    "time_embed.0": "time_embedding.linear_1",
    "time_embed.2": "time_embedding.linear_2",
    "input_blocks.0.0": "conv_in",
    "middle_block.0": "mid_block.resnets.0",
    "middle_block.1": "mid_block.attentions.0",
    "middle_block.2": "mid_block.resnets.1",
    "out.0": "conv_norm_out",
    "out.2": "conv_out",
}


def place(name: str, n: int) -> str:
    """A CompVis name with diffusers' name of its block; ``n`` residual blocks a level."""
    for ours, theirs in OUTSIDE.items():
        if name.startswith(f"{ours}."):
            return theirs + name[len(ours) :]
    side, block, layer, rest = re.match(r"(in|out)put_blocks\.(\d+)\.(\d)\.(.*)", name).groups()  # type: ignore[union-attr]
    level, j = divmod(int(block) - (side == "in"), n + 1)
    if side == "in" and j == n:
        return f"down_blocks.{level}.downsamplers.0.{rest}"
    folder = {"0": f"resnets.{j}", "1": f"attentions.{j}", "2": "upsamplers.0"}[layer]
    return f"{'down' if side == 'in' else 'up'}_blocks.{level}.{folder}.{rest}"


def diffusers_state(network: UNet) -> dict[str, Tensor]:
    """The network's tensors as diffusers names and splits them."""
    found: dict[str, Tensor] = {}
    for key, tensor in network.state_dict().items():
        name = place(key, network.config.num_res_blocks)
        for ours, theirs in INSIDE:
            name = re.sub(ours, theirs, name)
        if ".qkv." in name:
            heads = network.config.heads_of(tensor.shape[0] // 3)
            parts = tensor.reshape(heads, 3, -1, *tensor.shape[1:2]).unbind(1)
            for part, value in zip("qkv", parts, strict=True):
                flat = value.reshape(tensor.shape[0] // 3, *tensor.shape[1:2])
                found[name.replace("qkv", f"to_{part}")] = flat
        else:
            found[name] = tensor.squeeze(-1) if ".to_out." in name and tensor.dim() > 1 else tensor
    return found


@torch.no_grad()
@pytest.mark.parametrize(
    "config",
    [
        ALONE,
        replace(ALONE, heads=8, resampling_blocks=True),
        replace(ALONE, heads=8, resampling_blocks=True, scale_shift=True, num_res_blocks=2),
    ],
)
def test_unets_without_tokens_equal_diffusers(config: UNetConfig) -> None:
    """Attention over pixels, resampling in blocks, scale and shift; measured: 1.3e-6."""
    pytest.importorskip("diffusers")
    ours, theirs = UNet(config).eval(), diffusers_unet(config)
    theirs.load_state_dict(diffusers_state(ours))
    assert unet_config(shapes_of(ours)) == config
    x, t = torch.randn(2, 5, 8, 12), torch.tensor([3.0, 987.5])
    reference = theirs(x, t).sample
    assert relative_error(ours(x, t, torch.zeros(2, 1, 0)), reference) < BOUND


def test_sizes_that_do_not_halve() -> None:
    """Blocks that resample take odd sizes too, as convolutions do."""
    network = UNet(replace(ALONE, resampling_blocks=True, heads=8))
    out = network(torch.randn(1, 5, 7, 9), torch.tensor([5.0]), torch.zeros(1, 1, 0))
    assert out.shape == (1, 3, 7, 9)


@torch.no_grad()
@pytest.mark.parametrize("heads", [1, 4])
def test_unets_with_tokens_equal_diffusers(heads: int) -> None:
    """One head as in cin256-v2, 32 channels a head as in the others; measured: 1.3e-6."""
    pytest.importorskip("diffusers")
    from diffusers import UNet2DConditionModel

    config = UNetConfig(
        in_channels=3,
        out_channels=3,
        model_channels=128,
        channel_mult=(1, 1),
        num_res_blocks=1,
        attention_depth=(0, 1),
        context_dim=48,
        heads=1 if heads == 1 else None,
        head_channels=32,
    )
    theirs: Any = UNet2DConditionModel(
        in_channels=3,
        out_channels=3,
        block_out_channels=(128, 128),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=48,
        attention_head_dim=heads,
        sample_size=16,
    ).eval()
    ours = UNet(config).eval()
    state = with_prefix("model.diffusion_model.", ours)
    theirs.load_state_dict(unet_names_of_diffusers(state, theirs.config))
    x, t, context = torch.randn(2, 3, 8, 12), torch.tensor([3.0, 987.5]), torch.randn(2, 1, 48)
    assert relative_error(ours(x, t, context), theirs(x, t, context).sample) < BOUND


def _lost(unit: Unit) -> None:
    """A unit that goes leaves nothing that can be computed with."""
    unit._is_here = False
    for tensor in unit._tensors:
        if tensor.is_floating_point():
            tensor.data = torch.full_like(tensor.data, math.nan)


@torch.no_grad()
@pytest.mark.parametrize("limit", [1, 100_000, 400_000, 1 << 40])
def test_networks_that_come_layer_by_layer(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    """However they are cut, every part that is used was called, and so is there."""
    config = replace(ALONE, heads=8, resampling_blocks=True, scale_shift=True)
    picture, latent = torch.rand(1, 3, 16, 16), torch.randn(1, 3, 8, 8)
    stage = AutoencoderConfig(64, (1, 1), 1, 3, 3, attention=(False, True), moments=False)
    x, t = torch.randn(1, 5, 8, 8), torch.tensor([3.0])
    text, tokens = LdmBertConfig(300, 96, 2), torch.randint(0, 300, (1, 77))
    calls: list[tuple[nn.Module, Callable[[Any], Tensor]]] = [
        (UNet(config), lambda network: network(x, t, torch.zeros(1, 1, 0))),
        (VectorQuantised(stage, 40), lambda network: network.decode(latent)),
        (VectorQuantised(stage, 40), lambda network: network.encode(picture)),
        (LdmBert(text), lambda network: network(tokens)),
        (ClassTable(10, 8), lambda network: network(torch.tensor([3]))),
        (ClassMap(10, 3, 2), lambda network: network(torch.rand(1, 10, 8, 8))),
    ]
    for network, call in calls:
        torch.manual_seed(0)
        whole = call(network.eval())
        monkeypatch.setattr(Unit, "drop", _lost)
        streamed = stream(network, torch.device("cpu"), 0, limit)
        torch.manual_seed(0)
        assert torch.equal(call(streamed), whole), type(network)
