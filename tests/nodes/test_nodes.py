"""What the built-in nodes compute, called as the executor calls them."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from engine.api import Context, Interrupted, InvalidInput, ModelFileError
from engine.errors import PathOutsideRoot
from engine.folders import Folders
from engine.media.metadata import read_metadata
from tests.nodes.conftest import CallNode


def values(output: Any) -> Any:
    """The only value of an output."""
    (value,) = output.values
    return value


@pytest.fixture
def loaded(call: CallNode) -> tuple[Any, Any, Any]:
    return call("CheckpointLoaderSimple", ckpt_name="tiny.safetensors").values


@pytest.fixture
def inputs(call: CallNode, loaded: tuple[Any, Any, Any]) -> dict[str, Any]:
    """What both samplers need."""
    model, clip, _ = loaded
    return {
        "model": model,
        "steps": 4,
        "cfg": 7.0,
        "sampler_name": "euler",
        "scheduler": "normal",
        "positive": values(call("CLIPTextEncode", text="a cat", clip=clip)),
        "negative": values(call("CLIPTextEncode", text="", clip=clip)),
        "latent_image": values(call("EmptyLatentImage", width=128, height=128, batch_size=1)),
    }


def test_prompt_to_saved_picture(
    call: CallNode, loaded: tuple[Any, Any, Any], inputs: dict[str, Any], folders: Folders
) -> None:
    """The default workflow, node by node; the file carries its workflow."""
    latent = values(call("KSampler", seed=1, denoise=1.0, **inputs))
    image = values(call("VAEDecode", samples=latent, vae=loaded[2]))
    assert image.shape == (1, 128, 128, 3)
    saved = call("SaveImage", images=image, filename_prefix="first/cat")
    (reference,) = saved.ui["images"]
    assert reference == {"filename": "cat_00001_.png", "subfolder": "first", "type": "output"}
    path = folders.output / "first/cat_00001_.png"
    assert read_metadata(path) == {"prompt": {"9": {}}, "workflow": {"nodes": []}}
    with Image.open(path) as picture:
        expected = (image[0].numpy() * 255).astype(np.uint8)
        assert np.array_equal(np.asarray(picture), expected)


def test_progress_and_previews_are_reported(
    call: CallNode, inputs: dict[str, Any], context: Context
) -> None:
    """One report a step, each with a picture on demand."""
    seen: list[tuple[float, float, tuple[int, ...]]] = []

    def report(value: float, total: float, preview: Any) -> None:
        seen.append((value, total, preview().shape))

    call("KSampler", ctx=replace(context, report=report), seed=1, denoise=1.0, **inputs)
    assert seen == [(k, 4, (128, 128, 3)) for k in range(1, 5)]


def test_interrupt_lands_within_a_step(
    call: CallNode, inputs: dict[str, Any], context: Context
) -> None:
    """The cancelled run does not take another step."""
    checks = iter([False, True])

    def check() -> None:
        if next(checks):
            raise Interrupted

    with pytest.raises(Interrupted):
        call("KSampler", ctx=replace(context, check=check), seed=1, denoise=1.0, **inputs)
    assert list(checks) == []


def test_two_advanced_samplers_are_one(call: CallNode, inputs: dict[str, Any]) -> None:
    """The first leaves its noise in, the second goes on from there."""
    whole = values(call("KSampler", seed=3, denoise=1.0, **inputs))
    window = {"noise_seed": 3, **inputs}
    first = values(
        call(
            "KSamplerAdvanced",
            add_noise="enable",
            start_at_step=0,
            end_at_step=2,
            return_with_leftover_noise="enable",
            **window,
        )
    )
    second = values(
        call(
            "KSamplerAdvanced",
            add_noise="disable",
            start_at_step=2,
            end_at_step=10000,
            return_with_leftover_noise="disable",
            **{**window, "latent_image": first},
        )
    )
    scale = whole["samples"].abs().max()
    assert (second["samples"] - whole["samples"]).abs().max() < 1e-3 * scale


def test_clip_skip_and_combining(call: CallNode, loaded: tuple[Any, Any, Any]) -> None:
    """An earlier layer gives other vectors; combining joins the lists."""
    clip = loaded[1]
    skipped = values(call("CLIPSetLastLayer", clip=clip, stop_at_clip_layer=-2))
    a, b = (values(call("CLIPTextEncode", text="cat", clip=c)) for c in (clip, skipped))
    assert not torch.allclose(a[0][0], b[0][0])
    both = values(call("ConditioningCombine", conditioning_1=a, conditioning_2=b))
    assert list(both) == [*a, *b]


def test_parts_that_are_missing_are_explained(call: CallNode) -> None:
    """A checkpoint without text encoder or autoencoder gives None."""
    with pytest.raises(InvalidInput, match="no text encoder"):
        call("CLIPTextEncode", text="cat", clip=None)
    with pytest.raises(InvalidInput, match="no autoencoder"):
        call("VAEDecode", samples={"samples": torch.zeros(1, 4, 8, 8)}, vae=None)
    with pytest.raises(ModelFileError, match=r"no file 'gone\.safetensors'"):
        call("CheckpointLoaderSimple", ckpt_name="gone.safetensors")


def test_vae_of_its_own_codes_like_the_checkpoints(
    call: CallNode, loaded: tuple[Any, Any, Any]
) -> None:
    """Same weights, other file."""
    vae = values(call("VAELoader", vae_name="tiny-vae.safetensors"))
    image = torch.rand(1, 64, 64, 3)
    a, b = (values(call("VAEEncode", pixels=image, vae=v)) for v in (vae, loaded[2]))
    assert torch.equal(a["samples"], b["samples"])


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [(256, 128, (16, 32)), (0, 256, (32, 64)), (8, 8, (8, 8)), (0, 0, (8, 16))],
)
def test_latent_sizes(call: CallNode, width: int, height: int, expected: tuple[int, int]) -> None:
    """Pixels to cells, zero keeps the proportion, 64 pixels are the least."""
    latent = {"samples": torch.randn(1, 4, 8, 16), "batch_index": [3]}
    out = values(
        call(
            "LatentUpscale",
            samples=latent,
            upscale_method="bislerp",
            width=width,
            height=height,
            crop="disabled",
        )
    )
    assert tuple(out["samples"].shape[-2:]) == expected
    assert out["batch_index"] == [3]


def test_noise_mask_is_attached_without_touching_the_latent(call: CallNode) -> None:
    """A new dict; the old one is still in the cache."""
    latent = {"samples": torch.zeros(1, 4, 8, 8)}
    out = values(call("SetLatentNoiseMask", samples=latent, mask=torch.ones(64, 48)))
    assert out["noise_mask"].shape == (1, 1, 64, 48)
    assert "noise_mask" not in latent


def test_pictures_are_loaded_from_input_and_output(call: CallNode, folders: Folders) -> None:
    """A suffix chooses the folder; nothing else can be reached."""
    Image.new("RGBA", (5, 4), (255, 0, 0, 0)).save(folders.input / "a.png")
    image, mask = call("LoadImage", image="a.png").values
    assert image.shape == (1, 4, 5, 3) and mask.tolist() == [[[1.0] * 5] * 4]
    Image.new("RGB", (3, 2)).save(folders.output / "b.png")
    assert call("LoadImage", image="b.png [output]").values[0].shape == (1, 2, 3, 3)
    with pytest.raises(PathOutsideRoot):
        call("LoadImage", image="../secret.png")


def test_previews_go_to_the_temp_folder(call: CallNode, folders: Folders) -> None:
    """One file a picture."""
    shown = call("PreviewImage", images=torch.rand(2, 8, 8, 3)).ui["images"]
    assert [s["type"] for s in shown] == ["temp", "temp"]
    assert all((folders.temp / s["filename"]).is_file() for s in shown)


def test_simple_pictures(call: CallNode) -> None:
    """Colour from one number; inverting twice is nothing."""
    red = values(call("EmptyImage", width=3, height=2, batch_size=2, color=0xFF8000))
    assert red.shape == (2, 2, 3, 3)
    assert (red[0, 0, 0] * 255).tolist() == pytest.approx([255, 128, 0])
    inverted = values(call("ImageInvert", image=red))
    assert torch.allclose(values(call("ImageInvert", image=inverted)), red)


def test_image_scale(call: CallNode) -> None:
    """Zero keeps the proportion, twice zero the picture."""
    image = torch.rand(1, 10, 20, 3)

    def scale(width: int, height: int) -> Any:
        options = {"upscale_method": "bilinear", "crop": "disabled"}
        return values(call("ImageScale", image=image, width=width, height=height, **options))

    assert scale(40, 0).shape == (1, 20, 40, 3)
    assert scale(0, 0) is image


#: Modes and the value of blending 0.2 below 0.6 above, fully.
BLENDS = {
    "normal": 0.6,
    "multiply": 0.12,
    "screen": 0.68,
    "overlay": 0.24,
    "soft_light": 0.2 + 0.2 * (((16 * 0.2 - 12) * 0.2 + 4) * 0.2 - 0.2),
    "difference": -0.4,  # cut off at black
}


@pytest.mark.parametrize("mode", BLENDS)
def test_blend_modes(call: CallNode, mode: str) -> None:
    """By the W3C's formulas; the second picture is fitted to the first."""
    below, above = torch.full((1, 8, 8, 3), 0.2), torch.full((1, 4, 6, 3), 0.6)
    full = {"image1": below, "image2": above, "blend_mode": mode}
    mixed = values(call("ImageBlend", blend_factor=1.0, **full))
    assert mixed.shape == below.shape
    assert torch.allclose(mixed, torch.tensor(max(0.0, BLENDS[mode])), atol=1e-5)
    half = values(call("ImageBlend", blend_factor=0.5, **full))
    assert torch.allclose(half, torch.tensor(max(0.0, (0.2 + BLENDS[mode]) / 2)), atol=1e-5)


def test_upscaling_reports_its_tiles(call: CallNode, folders: Folders, context: Context) -> None:
    """The network doubles twice."""
    from safetensors.torch import save_file

    from engine.diffusion.networks.upscalers import RRDBConfig, RRDBNet

    target = folders.models["upscale_models"][0] / "x4.safetensors"
    target.parent.mkdir(exist_ok=True)
    save_file(RRDBNet(RRDBConfig(16, 1, 8)).state_dict(), target)
    model = values(call("UpscaleModelLoader", model_name="x4.safetensors"))
    seen: list[tuple[float, float]] = []
    watching = replace(context, report=lambda value, total, _: seen.append((value, total)))
    image = torch.rand(1, 8, 12, 3)
    large = values(call("ImageUpscaleWithModel", ctx=watching, upscale_model=model, image=image))
    assert large.shape == (1, 32, 48, 3)
    assert seen == [(1, 1)]
