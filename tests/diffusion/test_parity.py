"""The families' networks against diffusers and transformers, in float32, on the same weights.

Small random networks in the published configurations, and the full-size ones on the meta
device: there, names and shapes are carried over by diffusers' own converters from the original
layout, so that every tensor that diffusers knows must be one of ours, and the other way round.
"""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from engine.diffusion.conditioning import Situation
from engine.diffusion.families.inputs import sizes, sizes_and_score
from engine.diffusion.families.sizes import unet_config
from engine.diffusion.families.vision import vision_config
from engine.diffusion.networks.clip_text import ClipText, ClipTextConfig
from engine.diffusion.networks.clip_vision import ClipVision, ClipVisionConfig
from engine.diffusion.networks.unet import UNet, UNetConfig
from engine.diffusion.parameterization import Discrete
from engine.diffusion.vision import prepared
from tests.diffusion.test_networks import (
    BOUND,
    relative_error,
    shapes_of,
    unet_names_of_diffusers,
    with_prefix,
)

SD21 = UNetConfig(context_dim=1024, heads=None, linear_projection=True)
SDXL = UNetConfig(
    channel_mult=(1, 2, 4),
    attention_depth=(0, 2, 10),
    middle_depth=10,
    context_dim=2048,
    heads=None,
    linear_projection=True,
    vector_channels=2816,
)
REFINER = replace(
    SDXL,
    model_channels=384,
    channel_mult=(1, 2, 4, 4),
    attention_depth=(0, 4, 4, 0),
    middle_depth=4,
    context_dim=1280,
    vector_channels=2560,
)
X4 = replace(
    SD21,
    in_channels=7,
    model_channels=256,
    channel_mult=(1, 2, 2, 4),
    attention_depth=(0, 1, 1, 1),
    heads=8,
    only_cross=(False, True, True, False),
    classes=1000,
)


def small(config: UNetConfig, pooled: int = 32, numbers: int = 0) -> UNetConfig:
    """The same layout with 64 channels a level at most twice as wide."""
    return replace(
        config,
        model_channels=128,
        channel_mult=tuple(min(m, 2) for m in config.channel_mult),
        num_res_blocks=1,
        attention_depth=tuple(min(d, 2) for d in config.attention_depth),
        middle_depth=min(config.middle_depth, 2),
        context_dim=48,
        vector_channels=pooled + numbers * 256 if numbers else None,
    )


def theirs(config: UNetConfig, **more: Any) -> nn.Module:
    """diffusers' U-Net of the same sizes."""
    diffusers = pytest.importorskip("diffusers")
    widths = [config.model_channels * m for m in config.channel_mult]
    down = ["CrossAttnDownBlock2D" if d else "DownBlock2D" for d in config.attention_depth]
    up = ["CrossAttnUpBlock2D" if d else "UpBlock2D" for d in reversed(config.attention_depth)]
    told: dict[str, Any] = {}
    if config.vector_channels:
        told = {
            "addition_embed_type": "text_time",
            "addition_time_embed_dim": 256,
            "projection_class_embeddings_input_dim": config.vector_channels,
        }
    return diffusers.UNet2DConditionModel(
        in_channels=config.in_channels,
        block_out_channels=tuple(widths),
        layers_per_block=config.num_res_blocks,
        down_block_types=tuple(down),
        up_block_types=tuple(up),
        transformer_layers_per_block=tuple(
            d or config.middle_depth for d in (*config.attention_depth[:-1], config.middle_depth)
        ),
        cross_attention_dim=config.context_dim,
        attention_head_dim=config.heads or tuple(w // 64 for w in widths),
        use_linear_projection=True,
        only_cross_attention=config.only_cross or False,
        num_class_embeds=config.classes,
        sample_size=16,
        **told,
        **more,
    ).eval()


def carried_over(ours: nn.Module, to: nn.Module) -> dict[str, Tensor]:
    """Our tensors under diffusers' names."""
    return unet_names_of_diffusers(with_prefix("model.diffusion_model.", ours), to.config)


def test_sd2_equals_diffusers() -> None:
    """Linear projections and 64 features a head."""
    torch.manual_seed(0)
    config = small(SD21)
    ours, reference = UNet(config).eval(), theirs(config)
    reference.load_state_dict(carried_over(ours, reference))
    x, t, context = torch.randn(2, 4, 16, 24), torch.tensor([3.0, 900.0]), torch.randn(2, 77, 48)
    with torch.no_grad():
        assert relative_error(ours(x, t, context), reference(x, t, context).sample) < BOUND


@pytest.mark.parametrize(
    ("config", "rule", "numbers"),
    [(SDXL, sizes, (64, 96, 7, 5, 100, 200)), (REFINER, sizes_and_score, (64, 96, 7, 5, 2.5))],
)
def test_sdxl_and_its_refiner_equal_diffusers(
    config: UNetConfig, rule: Any, numbers: tuple[float, ...]
) -> None:
    """Sizes, scores and pooled vectors as the pipelines give them."""
    torch.manual_seed(0)
    config = small(config, 32, len(numbers))
    ours, reference = UNet(config).eval(), theirs(config)
    reference.load_state_dict(carried_over(ours, reference))
    x, t, context = torch.randn(1, 4, 8, 12), torch.tensor([500.0]), torch.randn(1, 77, 48)
    pooled = torch.randn(1, 32)
    options = {
        "pooled_output": pooled,
        "crop_h": 7,
        "crop_w": 5,
        "target_height": 100,
        "target_width": 200,
    }
    run = Situation(Discrete(), x, torch.zeros(1), role="negative")
    vector = rule(32, options, run)["vector"]
    added = {"text_embeds": pooled, "time_ids": torch.tensor([numbers])}
    with torch.no_grad():
        expected = reference(x, t, context, added_cond_kwargs=added).sample
        assert relative_error(ours(x, t, context, vector), expected) < BOUND


def test_x4_upscaler_equals_diffusers() -> None:
    """Classes from a table, attention to the prompt twice at all levels but the deepest."""
    torch.manual_seed(0)
    config = small(X4)
    config = replace(config, attention_depth=(0, 1, 1, 1), classes=1000)
    ours, reference = UNet(config).eval(), theirs(config)
    reference.load_state_dict(carried_over(ours, reference))
    x, t, context = torch.randn(1, 7, 16, 8), torch.tensor([500.0]), torch.randn(1, 77, 48)
    label = torch.tensor([20])
    with torch.no_grad():
        expected = reference(x, t, context, class_labels=label).sample
        assert relative_error(ours(x, t, context, label), expected) < BOUND


@pytest.mark.parametrize(
    ("config", "millions"),
    [(SD21, 865.91), (SDXL, 2567.46), (REFINER, 2259.53), (X4, 473.40)],
    ids=["sd21", "sdxl", "refiner", "x4"],
)
def test_full_size_unets_have_exactly_the_published_tensors(
    config: UNetConfig, millions: float
) -> None:
    """Names, shapes and number of parameters; and the sizes come back out of the shapes."""
    with torch.device("meta"):
        ours, reference = UNet(config), theirs(config)
    renamed = carried_over(ours, reference)
    assert {k: tuple(t.shape) for k, t in renamed.items()} == shapes_of(reference)
    assert round(sum(p.numel() for p in ours.parameters()) / 1e6, 2) == millions
    assert unet_config(shapes_of(ours)) == replace(config, heads=None)


def test_uneven_depths_come_out_of_the_shapes() -> None:
    """SSD-1B, Vega and the KOALAs: blocks were taken out of SDXL one by one."""
    ssd = replace(
        SDXL,
        attention_depth=(0, 2, 4),
        middle_depth=0,
        middle_blocks=1,
        depths=((0, 0, 2, 2, 4, 4), (4, 4, 10, 2, 1, 1, 0, 0, 0)),
    )
    koala = replace(
        SDXL, num_res_blocks=1, attention_depth=(0, 2, 5), middle_depth=0, middle_blocks=0
    )
    for config in (ssd, koala):
        with torch.device("meta"):
            network = UNet(config)
            assert unet_config(shapes_of(network)) == config
    tiny = replace(ssd, model_channels=64, context_dim=32, vector_channels=8)
    for config in (tiny, replace(koala, model_channels=64, context_dim=32, vector_channels=8)):
        x, t, context = torch.randn(1, 4, 8, 8), torch.tensor([5.0]), torch.randn(1, 3, 32)
        with torch.no_grad():
            out = UNet(config)(x, t, context, torch.randn(1, 8))
        assert out.shape == x.shape and out.isfinite().all()


@pytest.mark.parametrize(
    ("config", "millions"),
    [
        (
            ClipTextConfig(width=1024, layers=24, heads=16, quick_gelu=False, projection=1024),
            354.03,
        ),
        (
            ClipTextConfig(width=1280, layers=32, heads=20, quick_gelu=False, projection=1280),
            694.66,
        ),
    ],
    ids=["h", "g"],
)
def test_full_size_text_encoders_have_the_published_sizes(
    config: ClipTextConfig, millions: float
) -> None:
    """OpenCLIP's ViT-H-14 and ViT-bigG-14, text side, against transformers of the same sizes."""
    transformers = pytest.importorskip("transformers")
    sizes = transformers.CLIPTextConfig(
        hidden_size=config.width,
        intermediate_size=config.width * 4,
        num_hidden_layers=config.layers,
        num_attention_heads=config.heads,
        projection_dim=config.projection,
        hidden_act="gelu",
    )
    with torch.device("meta"):
        ours, reference = ClipText(config), transformers.CLIPTextModelWithProjection(sizes)
    expected = {k: s for k, s in shapes_of(reference).items() if "position_ids" not in k}
    assert shapes_of(ours) == expected
    assert round(sum(p.numel() for p in ours.parameters()) / 1e6, 2) == millions


@pytest.mark.parametrize("quick_gelu", [True, False])
def test_clip_vision_equals_transformers(quick_gelu: bool) -> None:
    """The vector that is shared with text, and the states before it."""
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = ClipVisionConfig(128, 3, 2, 320, 56, 14, 48, quick_gelu)
    sizes = transformers.CLIPVisionConfig(
        hidden_size=config.width,
        intermediate_size=config.inner,
        num_hidden_layers=config.layers,
        num_attention_heads=config.heads,
        image_size=config.image_size,
        patch_size=config.patch_size,
        projection_dim=config.projection,
        hidden_act="quick_gelu" if quick_gelu else "gelu",
    )
    reference = transformers.CLIPVisionModelWithProjection(sizes).eval()
    ours = ClipVision(config).eval()
    state = {k: t for k, t in reference.state_dict().items() if "position_ids" not in k}
    ours.load_state_dict(state)
    x = torch.randn(2, 3, 56, 56)
    with torch.no_grad():
        embeds, last, before = ours(x)
        expected = reference(x, output_hidden_states=True)
    assert relative_error(embeds, expected.image_embeds) < BOUND
    assert relative_error(last, expected.last_hidden_state) < BOUND
    assert relative_error(before, expected.hidden_states[-2]) < BOUND


def test_pictures_are_prepared_as_transformers_does() -> None:
    """Resized, cut, normalised; what is left is the rounding of 8 bits."""
    transformers = pytest.importorskip("transformers")
    processor = transformers.CLIPImageProcessorPil()
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(1, 3, 9, 12, generator=generator)
    image = torch.nn.functional.interpolate(coarse, size=(300, 400), mode="bilinear")
    pixels = (image * 255).round().byte()[0].movedim(0, -1).numpy()
    expected = processor(pixels, return_tensors="pt")["pixel_values"]
    ours = prepared(torch.from_numpy(pixels).float()[None] / 255, 224)
    assert ours.shape == expected.shape
    assert (ours - expected).abs().max() < 2.1 / 255 / 0.26


def test_full_size_vision_encoders_are_read_back() -> None:
    """CLIP-L, ViT-H and ViT-bigG, the last of which is not four times as wide inside."""
    large = ClipVisionConfig()
    huge = ClipVisionConfig(1280, 32, 16, 5120, projection=1024, quick_gelu=False)
    giant = ClipVisionConfig(1664, 48, 16, 8192, projection=1280, quick_gelu=False)
    for config in (large, huge, giant):
        with torch.device("meta"):
            network = ClipVision(config)
        assert vision_config(shapes_of(network)) == config
