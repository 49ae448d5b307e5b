"""The three networks against diffusers and transformers, in float32, on the same weights.

Both sides compute the same formulas in another order, so the bound is the rounding of
float32, not a tolerance for another model.
"""

import pytest
import torch
from torch import Tensor, nn

from engine.diffusion.families.autoencoder import describe_vae
from engine.diffusion.families.sizes import autoencoder_config, clip_config, unet_config
from engine.diffusion.networks.autoencoder import AutoencoderConfig, AutoencoderKL
from engine.diffusion.networks.clip_text import ClipText, ClipTextConfig
from engine.diffusion.networks.unet import UNet, UNetConfig
from engine.diffusion.weights import Header

#: Largest difference allowed, as a fraction of the largest value of the reference.
BOUND = 1e-4


def relative_error(ours: Tensor, theirs: Tensor) -> float:
    """Largest difference over largest value; printed, so that a run tells how close it was."""
    error = ((ours - theirs).abs().max() / theirs.abs().max()).item()
    print(f"max relative error {error:.1e}")
    return error


def shapes_of(network: nn.Module) -> dict[str, tuple[int, ...]]:
    return {k: tuple(t.shape) for k, t in network.state_dict().items()}


def with_prefix(prefix: str, network: nn.Module) -> dict[str, Tensor]:
    return {prefix + k: t for k, t in network.state_dict().items()}


def diffusers_unet(config: UNetConfig) -> nn.Module:
    """diffusers' U-Net of the same sizes (attention at some levels, by depth 0 or 1)."""
    from diffusers import UNet2DConditionModel

    down = [("CrossAttn" if d else "") + "DownBlock2D" for d in config.attention_depth]
    up = [("CrossAttn" if d else "") + "UpBlock2D" for d in reversed(config.attention_depth)]
    return UNet2DConditionModel(
        block_out_channels=tuple(config.model_channels * m for m in config.channel_mult),
        layers_per_block=config.num_res_blocks,
        down_block_types=tuple(down),
        up_block_types=tuple(up),
        cross_attention_dim=config.context_dim,
        attention_head_dim=config.heads,
        sample_size=16,
    ).eval()


def diffusers_vae(config: AutoencoderConfig) -> nn.Module:
    from diffusers import AutoencoderKL as Theirs

    levels = len(config.channel_mult)
    return Theirs(
        block_out_channels=tuple(config.channels * m for m in config.channel_mult),
        layers_per_block=config.num_res_blocks,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        latent_channels=config.z_channels,
        norm_num_groups=32,
    ).eval()


def transformers_clip(config: ClipTextConfig) -> nn.Module:
    from transformers import CLIPTextConfig, CLIPTextModel

    sizes = CLIPTextConfig(
        vocab_size=config.vocab_size,
        hidden_size=config.width,
        intermediate_size=config.width * 4,
        num_hidden_layers=config.layers,
        num_attention_heads=config.heads,
        max_position_embeddings=config.positions,
        hidden_act="quick_gelu" if config.quick_gelu else "gelu",
        eos_token_id=config.vocab_size - 1,
        bos_token_id=config.vocab_size - 2,
        pad_token_id=config.vocab_size - 1,
    )
    return CLIPTextModel(sizes).eval()


def unet_names_of_diffusers(state: dict[str, Tensor], config: dict) -> dict[str, Tensor]:
    convert = pytest.importorskip("diffusers.loaders.single_file_utils").convert_ldm_unet_checkpoint
    return convert(state, config)


def vae_names_of_diffusers(state: dict[str, Tensor], config: dict) -> dict[str, Tensor]:
    convert = pytest.importorskip("diffusers.loaders.single_file_utils").convert_ldm_vae_checkpoint
    return convert(state, config)


def clip_names_of_transformers(state: dict[str, Tensor], theirs: nn.Module) -> dict[str, Tensor]:
    """Newer versions of transformers dropped the first part of the names."""
    if any(k.startswith("text_model.") for k in theirs.state_dict()):
        return state
    return {k.removeprefix("text_model."): t for k, t in state.items()}


@torch.no_grad()
def test_unet_equals_diffusers() -> None:
    """Attention with and without, odd sizes, fractional timesteps, several tokens."""
    pytest.importorskip("diffusers")
    torch.manual_seed(0)
    config = UNetConfig(
        model_channels=128,
        channel_mult=(1, 2, 2),
        num_res_blocks=2,
        attention_depth=(1, 1, 0),
        context_dim=64,
    )
    ours, theirs = UNet(config).eval(), diffusers_unet(config)
    state = with_prefix("model.diffusion_model.", ours)
    theirs.load_state_dict(unet_names_of_diffusers(state, theirs.config))
    x, context = torch.randn(2, 4, 12, 20), torch.randn(2, 7, 64)
    t = torch.tensor([3.0, 987.5])
    reference = theirs(x, t, context).sample
    assert relative_error(ours(x, t, context), reference) < BOUND


@torch.no_grad()
def test_autoencoder_equals_diffusers() -> None:
    """Encoding (mean and variance) and decoding."""
    pytest.importorskip("diffusers")
    torch.manual_seed(0)
    config = AutoencoderConfig(channels=128, channel_mult=(1, 1, 2), num_res_blocks=1)
    ours, theirs = AutoencoderKL(config).eval(), diffusers_vae(config)
    state = with_prefix("first_stage_model.", ours)
    theirs.load_state_dict(vae_names_of_diffusers(state, theirs.config))
    image, latent = torch.rand(1, 3, 32, 48) * 2 - 1, torch.randn(1, 4, 8, 12)
    posterior = theirs.encode(image).latent_dist
    mean, logvar = ours.encode_moments(image)
    assert relative_error(mean, posterior.mean) < BOUND
    assert relative_error(logvar, posterior.logvar) < BOUND
    assert relative_error(ours.decode(latent), theirs.decode(latent).sample) < BOUND


@torch.no_grad()
@pytest.mark.parametrize("quick_gelu", [True, False])
def test_clip_text_equals_transformers(quick_gelu: bool) -> None:
    """Every layer's state, normed at the end."""
    pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = ClipTextConfig(vocab_size=600, width=128, layers=4, heads=2, quick_gelu=quick_gelu)
    ours, theirs = ClipText(config).eval(), transformers_clip(config)
    state = clip_names_of_transformers(ours.state_dict(), theirs)
    theirs.load_state_dict(state, strict=False)
    tokens = torch.randint(0, 598, (2, 77))
    reference = theirs(tokens, output_hidden_states=True)
    assert relative_error(ours(tokens), reference.last_hidden_state) < BOUND
    for layer in (-2, -3):
        hidden = ours.hidden(ours.embed(tokens), layer, final_norm=False)
        assert relative_error(hidden, reference.hidden_states[layer]) < BOUND


def test_full_size_sd15_has_exactly_the_published_tensors() -> None:
    """Names and shapes of all three parts, as diffusers' converters and transformers know them."""
    pytest.importorskip("diffusers")
    with torch.device("meta"):
        unet, vae = UNet(UNetConfig()), AutoencoderKL(AutoencoderConfig())
        clip = ClipText(ClipTextConfig())
        their_unet, their_vae = diffusers_unet(UNetConfig()), diffusers_vae(AutoencoderConfig())
        their_clip = transformers_clip(ClipTextConfig())
    assert len(unet.state_dict()) == 686
    counts = [round(sum(p.numel() for p in n.parameters()) / 1e6, 2) for n in (unet, vae, clip)]
    assert counts == [859.52, 83.65, 123.06]
    state = with_prefix("model.diffusion_model.", unet)
    renamed = unet_names_of_diffusers(state, their_unet.config)
    assert {k: tuple(t.shape) for k, t in renamed.items()} == shapes_of(their_unet)
    renamed = vae_names_of_diffusers(with_prefix("first_stage_model.", vae), their_vae.config)
    assert _flat(renamed) == _flat(their_vae.state_dict())
    renamed = clip_names_of_transformers(clip.state_dict(), their_clip)
    assert renamed.keys() == {k for k in their_clip.state_dict() if "position_ids" not in k}


def _flat(state: dict[str, Tensor]) -> dict[str, tuple[int, ...]]:
    """Shapes without axes of length 1: a 1x1 convolution is a matrix to diffusers."""
    return {k: tuple(n for n in t.shape if n > 1) for k, t in state.items()}


def test_full_size_configs_are_read_back_from_shapes() -> None:
    """SD 1.5's own numbers come out of its tensor shapes."""
    with torch.device("meta"):
        networks = (
            UNet(UNetConfig()),
            ClipText(ClipTextConfig()),
            AutoencoderKL(AutoencoderConfig()),
        )
    unet, clip, vae = (shapes_of(network) for network in networks)
    assert unet_config(unet) == UNetConfig()
    assert clip_config(clip) == ClipTextConfig()
    assert autoencoder_config(vae) == AutoencoderConfig()


def test_other_layouts_are_read_back_too() -> None:
    """SDXL's depths, linear projections and pooled vector (the network is shared)."""
    config = UNetConfig(
        channel_mult=(1, 2, 4),
        attention_depth=(0, 2, 10),
        middle_depth=10,
        context_dim=2048,
        heads=None,
        linear_projection=True,
        vector_channels=2816,
    )
    with torch.device("meta"):
        assert unet_config(shapes_of(UNet(config))) == config


def test_vae_in_diffusers_layout_gets_compvis_names(tmp_path) -> None:
    """Every name is translated back to exactly the network's."""
    pytest.importorskip("diffusers")
    config = AutoencoderConfig()
    with torch.device("meta"):
        theirs, ours = diffusers_vae(config), AutoencoderKL(config)
    path = tmp_path / "vae.safetensors"
    vae = describe_vae(Header(path, "id", shapes_of(theirs), {}), "")
    assert vae and vae.weights.build.args == (config,)  # type: ignore[attr-defined]
    names = vae.weights.names(theirs.state_dict())
    assert sorted(names.values()) == sorted(ours.state_dict())
    renamed = {names[k]: t for k, t in theirs.state_dict().items()}
    assert _flat(renamed) == _flat(ours.state_dict())
