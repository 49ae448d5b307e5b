"""Pictures while sampling: by the matrix, and by the tiny decoder where one fits."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Generator, Tensor

from engine.diffusion import preview
from engine.diffusion.checkpoints import load_checkpoint
from engine.diffusion.families.parts import SD_LATENT
from engine.diffusion.handles import LatentFormat
from engine.diffusion.networks.tiny_autoencoder import TinyAutoencoder, TinyConfig
from tests.diffusion.test_files import tiny_files
from tools.train_tiny.lessons import Shipped, load_shipped
from tools.train_tiny.train_few_step import leap
from tools.train_tiny.train_unet import encode_captions

ROOT = Path(__file__).parents[2]
CHECKPOINT = ROOT / "models/checkpoints/loom-tiny.safetensors"
SHIPPED = {"loom-tiny": ROOT / "models/vae_approx/loom-tiny_decoder.safetensors"}


@pytest.fixture(autouse=True)
def _undo() -> Iterator[None]:
    yield
    preview.use("latent2rgb", dict)


@pytest.fixture(scope="module")
def form() -> LatentFormat:
    return load_checkpoint(CHECKPOINT).model.latent_format


def test_the_shipped_decoder_comes_near_the_large_one(form: LatentFormat) -> None:
    """Measured: 29 dB, the matrix 20 dB."""
    shipped = load_shipped(CHECKPOINT)
    preview.use("auto", lambda: SHIPPED)
    decoder = preview.decoder_of(form)
    assert decoder
    found = {"matrix": 0.0, "decoder": 0.0}
    z = drawn(shipped, ["a red apple, cartoon", "a rocket, 3d render, black background"])
    for latent in z.split(1):
        with torch.no_grad():
            picture = shipped.vae.decode(form.unscaled(latent))[0].clamp(-1, 1)
        true = ((picture + 1) * 127.5).movedim(0, -1).numpy()
        found["matrix"] += decibels(preview.preview(latent, form), true) / 2
        found["decoder"] += decibels(preview.preview(latent, form, decoder=decoder), true) / 2
    assert found["decoder"] > 25, found
    assert found["decoder"] > found["matrix"] + 5, found


@torch.no_grad()
def drawn(shipped: Shipped, texts: list[str]) -> Tensor:
    noise = torch.randn(len(texts), 4, 16, 16, generator=Generator().manual_seed(1))
    context = encode_captions(texts, shipped.encoder).float()
    return leap(shipped.unet, noise, context, Generator().manual_seed(2))


def decibels(found: np.ndarray, true: np.ndarray) -> float:
    return float(-10 * np.log10(np.mean((found.astype(float) - true) ** 2) / 255**2))


def test_a_decoder_is_chosen_by_the_latents_it_was_made_for(
    form: LatentFormat, tmp_path: Path
) -> None:
    taesd, _, _ = tiny_files(tmp_path)
    broken = tmp_path / "taesdxl_decoder.safetensors"
    broken.write_bytes(b"no weights")
    there = {"taesdxl": broken, "taesd": taesd, **SHIPPED}
    assert preview.decoder_of(form) is None  # nothing was chosen
    preview.use("taesd", lambda: there)
    mine, sd = preview.decoder_of(form), preview.decoder_of(SD_LATENT)
    assert mine and mine.weights.path == SHIPPED["loom-tiny"]
    assert sd and sd.weights.path == taesd
    preview.use("latent2rgb", lambda: there)
    assert preview.decoder_of(form) is None


def test_auto_leaves_long_work_to_the_matrix(tmp_path: Path) -> None:
    """A decoder of the published width costs a CPU a second for 512 x 512; asked for, it works."""
    path = tmp_path / "taesd_decoder.safetensors"
    network = TinyAutoencoder(TinyConfig(SD_LATENT.scale, encoder=False))
    save_file(network.decoder.state_dict(), path)
    latent = torch.randn(1, 4, 12, 16, generator=Generator().manual_seed(3))
    by_matrix = preview.preview(latent, SD_LATENT)
    preview.use("auto", lambda: {"taesd": path})
    decoder = preview.decoder_of(SD_LATENT)
    assert np.array_equal(preview.preview(latent, SD_LATENT, decoder=decoder), by_matrix)
    preview.use("taesd", lambda: {"taesd": path})
    decoded = preview.preview(latent, SD_LATENT, decoder=decoder)
    assert decoded.shape == (96, 128, 3) and not np.array_equal(decoded, by_matrix)
