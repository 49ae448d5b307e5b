"""Weights in the order of the CPU: the same numbers, the same bits back, shared by variants."""

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from engine.diffusion.checkpoints import load_checkpoint
from engine.diffusion.compilation import compiled
from engine.diffusion.networks.packed import (
    CONV_CHANNELS,
    PackedConv2d,
    PackedLinear,
    make_packed,
    packer,
    plain,
    unpack,
)
from engine.diffusion.networks.unet import UNet, UNetConfig
from engine.diffusion.patches import Patch
from engine.diffusion.residency import Limits, Residency, size_of
from engine.diffusion.weights import Weights

CPU = torch.device("cpu")
WIDE = UNetConfig(
    model_channels=CONV_CHANNELS // 2,
    channel_mult=(1, 2),
    num_res_blocks=1,
    attention_depth=(0, 1),
    context_dim=256,
    heads=8,
)
CHANGED = "middle_block.1.transformer_blocks.0.attn1.to_q.weight"


def layers() -> nn.Sequential:
    """The first layer is never packed; the others are, but for the narrow one and that of 1x1."""
    c = CONV_CHANNELS
    return nn.Sequential(
        nn.Conv2d(3, c, 3, padding=1),
        nn.Conv2d(c, c, 3, padding=1),
        nn.Conv2d(c, c, 1),
        nn.Conv2d(c, 8, 3, padding=1),
    ).requires_grad_(False)


def pack(network: nn.Module) -> nn.Module:
    change = packer(network)
    state = {name: change(name, t) for name, t in network.state_dict().items()}
    network.load_state_dict(state, assign=True)
    make_packed(network)
    return network.requires_grad_(False)


@pytest.mark.parametrize("size", [4, 16, 33])
def test_packed_convolutions_compute_the_same(size: int) -> None:
    """Measured: 0.004 of the largest value, bfloat16's rounding."""
    network, x = layers().bfloat16(), torch.randn(2, 3, size, size).bfloat16()
    weight = network[1].weight
    with torch.no_grad():
        expected = network(x)
        found = pack(network)(x)
        assert [type(layer) for layer in network] == [nn.Conv2d, PackedConv2d, nn.Conv2d, nn.Conv2d]
        assert (found - expected).abs().max() < 0.02 * expected.abs().max()
        assert torch.equal(plain(network[1].weight), weight)
        unpack(network)
        assert torch.equal(network(x), expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_packed_linear_layers_compute_the_same(dtype: torch.dtype) -> None:
    network = nn.Sequential(nn.Linear(8, 256), nn.Linear(256, 512)).to(dtype)
    x = torch.randn(3, 5, 8).to(dtype)
    with torch.no_grad():
        expected = network(x)
        pack(network)
        assert type(network[1]) is PackedLinear
        torch.testing.assert_close(network(x), expected, rtol=0.02, atol=1e-5)


@pytest.fixture(scope="module")
def unet(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    path = tmp_path_factory.mktemp("models") / "wide.safetensors"
    tensors = {f"model.diffusion_model.{k}": t for k, t in UNet(WIDE).state_dict().items()}
    save_file(tensors, path)
    return load_checkpoint(path).model.weights


def test_variants_share_packed_weights(unet: Weights) -> None:
    """And are as far from the plain network as they would be without packing."""
    patch = Patch("half", 0.5, {CHANGED: lambda weight, strength: weight * strength})
    residency = Residency(CPU, limits=Limits({"diffusion": "bf16"}))
    base, variant = residency.load(unet), residency.load(unet, [patch])
    packed = [n for n, p in base.named_parameters() if p.layout is torch._mkldnn]
    assert len(packed) > 10 and CHANGED in packed
    shared = [n for n in packed if base.get_parameter(n) is variant.get_parameter(n)]
    assert set(packed) - set(shared) == {CHANGED}
    halved = plain(variant.get_parameter(CHANGED)).float()
    assert torch.equal(halved, plain(base.get_parameter(CHANGED)).float() * 0.5)
    sizes = {held.owner: held.bytes for held in residency.ledger()}
    assert sizes[unet.id] == size_of(base)
    assert sorted(sizes.values())[0] == variant.get_parameter(CHANGED).numel() * 2


def test_compilers_get_plain_networks(unet: Weights) -> None:
    network = Residency(CPU, limits=Limits({"diffusion": "fp32"})).load(unet)
    assert any(type(layer) is PackedLinear for layer in network.modules())
    compiled(network, "eager")
    assert not any(p.layout is torch._mkldnn for p in network.parameters())


def test_large_pictures_are_left_alone(unet: Weights) -> None:
    """Upscalers take whole pictures, where order costs nothing; compilers order by themselves."""
    network = Residency(CPU, limits=Limits(compiled="inductor")).load(unet)
    assert not any(p.layout is torch._mkldnn for p in network.parameters())
