"""Animations, levels by the size of a latent, and gains of a text encoder's attention."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from engine.folders import Folders
from engine.media.metadata import read_metadata
from tests.nodes.conftest import CallNode


def frames() -> torch.Tensor:
    """Three pictures, each of a colour of its own."""
    return torch.eye(3)[:, None, None].expand(3, 16, 24, 3)


def saved(folders: Folders, call: CallNode, id: str, **options: object) -> Path:
    found = call(id, images=frames(), filename_prefix="moving/x", fps=4.0, **options)
    assert found.ui["animated"] == [True]
    (file,) = found.ui["images"]
    return folders.root("output") / file["subfolder"] / file["filename"]


def check(path: Path) -> None:
    """Every frame, pixel by pixel, and for a quarter of a second."""
    with Image.open(path) as picture:
        assert getattr(picture, "n_frames", 1) == 3
        for i, colour in enumerate([(255, 0, 0), (0, 255, 0), (0, 0, 255)]):
            picture.seek(i)
            assert picture.convert("RGB").getpixel((20, 10)) == colour
            assert picture.info["duration"] == 250


def test_a_moving_png_carries_the_workflow(call: CallNode, folders: Folders) -> None:
    """In private chunks behind the pixels."""
    path = saved(folders, call, "SaveAnimatedPNG", compress_level=4)
    check(path)
    data = path.read_bytes()
    entry = b'comfprompt\0{"9":{}}'
    assert data.index(entry) > data.index(b"IDAT")
    assert b"comfworkflow\0" in data


@pytest.mark.parametrize("method", ["default", "fastest", "slowest"])
def test_a_moving_webp_carries_the_workflow(call: CallNode, folders: Folders, method: str) -> None:
    """In EXIF, where still ones have it too."""
    options = {"lossless": True, "quality": 80, "method": method}
    path = saved(folders, call, "SaveAnimatedWEBP", **options)
    check(path)
    assert read_metadata(path) == {"prompt": {"9": {}}, "workflow": {"nodes": []}}


@pytest.mark.parametrize("steps", [2, 7, 20])
@pytest.mark.parametrize("side", [16, 32, 64, 100])
def test_levels_by_tokens_equal_diffusers(call: CallNode, steps: int, side: int) -> None:
    """Its flow matching with dynamic shifting and a terminal level. Measured: 4.2e-7."""
    diffusers = pytest.importorskip("diffusers")
    theirs = diffusers.FlowMatchEulerDiscreteScheduler(
        use_dynamic_shifting=True, shift_terminal=0.1, time_shift_type="exponential"
    )
    mu = 0.95 + (side * side - 1024) * (2.05 - 0.95) / (4096 - 1024)
    theirs.set_timesteps(sigmas=torch.linspace(1, 1 / steps, steps).tolist(), mu=mu)
    settings = {"max_shift": 2.05, "base_shift": 0.95, "terminal": 0.1}
    latent = {"samples": torch.zeros(1, 128, side, side)}
    (ours,) = call("LTXVScheduler", steps=steps, stretch=True, latent=latent, **settings).values
    assert (ours - theirs.sigmas).abs().max() < 1e-6
    (free,) = call("LTXVScheduler", steps=steps, stretch=False, latent=latent, **settings).values
    assert free[0] == 1.0 and free[-1] == 0.0 and free[-2] != ours[-2]
    (one,) = call("LTXVScheduler", steps=1, stretch=True, **settings).values
    assert one.tolist() == [1.0, 0.0]


def test_gains_of_a_text_encoders_attention(call: CallNode) -> None:
    """Half of the queries is half of the keys; the output's gain is something else."""
    _, clip, _ = call("CheckpointLoaderSimple", ckpt_name="tiny.safetensors").values

    def encoded(**gains: float) -> torch.Tensor:
        gains = {"q": 1.0, "k": 1.0, "v": 1.0, "out": 1.0, **gains}
        (changed,) = call("CLIPAttentionMultiply", clip=clip, **gains).values
        found: torch.Tensor = call("CLIPTextEncode", clip=changed, text="a cat").values[0][0][0]
        return found

    plain = call("CLIPTextEncode", clip=clip, text="a cat").values[0][0][0]
    assert torch.equal(encoded(), plain)
    assert torch.allclose(encoded(q=0.5), encoded(k=0.5), atol=1e-5)
    assert not torch.allclose(encoded(q=0.5), plain, atol=1e-5)
    assert not torch.allclose(encoded(out=0.5), encoded(q=0.5), atol=1e-3)
