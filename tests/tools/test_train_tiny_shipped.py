"""The weights in models/: their size, their metadata, and that they draw what is asked for."""

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from torch import Generator, Tensor

from engine.diffusion.networks.autoencoder import AutoencoderKL
from engine.diffusion.networks.clip_text import ClipText
from engine.diffusion.networks.unet import UNet
from tools.train_tiny import export, train_text, train_unet, train_vae
from tools.train_tiny.concepts import COLOURS
from tools.train_tiny.convert_upscaler import upscale
from tools.train_tiny.diffusion import LATENT_SCALE, sample
from tools.train_tiny.train_unet import encode_captions

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "models/checkpoints/loom-tiny.safetensors"
UPSCALER = ROOT / "models/upscale_models/realesr-animevideov3-x4.safetensors"


@pytest.fixture(scope="module")
def tensors() -> dict[str, Tensor]:
    with safe_open(MODEL, "pt") as file:
        return {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118


def part(network: torch.nn.Module, tensors: dict[str, Tensor], prefix: str) -> torch.nn.Module:
    below = {k.removeprefix(prefix): t for k, t in tensors.items() if k.startswith(prefix)}
    network.load_state_dict(below, strict=True)
    return network.eval().requires_grad_(False)


@torch.no_grad()
def draw(tensors: dict[str, Tensor], texts: list[str]) -> Tensor:
    text = part(ClipText(train_text.CONFIG), tensors, export.TEXT)
    unet = part(UNet(train_unet.CONFIG), tensors, export.UNET)
    vae = part(AutoencoderKL(train_vae.CONFIG), tensors, export.VAE)
    context = encode_captions(["", *texts], text).float()
    noise = torch.randn(len(texts), 4, 16, 16, generator=Generator().manual_seed(1))
    z = sample(unet, noise, context[1:], context[:1], steps=10)
    return (vae.decode(z / LATENT_SCALE) / 2 + 0.5).clamp(0, 1)


def test_the_shipped_weights_stay_small() -> None:
    assert MODEL.stat().st_size + UPSCALER.stat().st_size < 40e6


def test_the_file_says_what_its_tensors_cannot() -> None:
    with safe_open(MODEL, "pt") as file:
        facts = file.metadata()
    assert (facts["native_size"], facts["license"]) == ("128", "Apache-2.0")
    assert [len(row) for row in json.loads(facts["latent_rgb_factors"])] == [3, 3, 3, 3]
    assert len(json.loads(facts["latent_rgb_bias"])) == 3


def test_prompts_decide_object_and_ground(tensors: dict[str, Tensor]) -> None:
    apple, tree = draw(
        tensors, ["a red apple, cartoon, blue background", "a pine tree, cartoon, white background"]
    )
    red, green, blue = apple[:, 56:88, 48:80].mean((1, 2)).tolist()
    assert red > green + 0.3
    assert red > blue + 0.3
    red, green, blue = tree[:, 60:90, 56:72].mean((1, 2)).tolist()
    assert green > red + 0.2
    for picture, ground in ((apple, "blue"), (tree, "white")):
        corner = picture[:, :8, :8].mean((1, 2))
        torch.testing.assert_close(corner, torch.tensor(COLOURS[ground]) / 255, rtol=0, atol=0.15)


@torch.no_grad()
def test_the_upscaler_enlarges_without_changing_the_picture() -> None:
    with safe_open(UPSCALER, "pt") as file:
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    steps = torch.arange(32) - 15.5
    disc = (steps[:, None].square() + steps.square() < 100).float()
    picture = torch.stack([0.2 + 0.6 * disc, 0.3 + 0.1 * disc, 0.8 - 0.5 * disc])[None]
    large = upscale(weights, picture)
    assert large.shape == (1, 3, 128, 128)
    small = torch.nn.functional.avg_pool2d(large, 4)
    assert (small - picture).abs().mean() < 0.03
    jagged = torch.nn.functional.interpolate(picture, scale_factor=4)
    assert (large - jagged).abs().max() > 0.2  # the stair steps are gone
