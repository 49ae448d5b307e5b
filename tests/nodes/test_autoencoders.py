"""Nodes around autoencoders: tiles and the report."""

from dataclasses import replace
from typing import Any

import pytest
import torch

from engine.api import Context
from tests.nodes.conftest import CallNode


@pytest.fixture
def vae(call: CallNode) -> Any:
    return call("CheckpointLoaderSimple", ckpt_name="tiny.safetensors").values[2]


def test_tiles_there_and_back(call: CallNode, vae: Any, context: Context) -> None:
    """The same sizes as without tiles; progress after each; smaller ones if memory is short."""
    told: list[tuple[float, float]] = []
    ctx = replace(context, report=lambda value, total, _: told.append((value, total)))
    options = {"vae": vae, "overlap": 32, "temporal_size": 64, "temporal_overlap": 8}
    image = torch.rand(1, 136, 200, 3)
    (latent,) = call("VAEEncodeTiled", ctx, pixels=image, tile_size=128, **options).values
    assert latent["samples"].shape == (1, 4, 17, 25)
    few = len(told)
    assert told == [(i, few) for i in range(1, few + 1)]
    (back,) = call("VAEDecodeTiled", ctx, samples=latent, tile_size=128, **options).values
    assert back.shape == image.shape
    told.clear()
    call("VAEDecodeTiled", replace(ctx, tight=True), samples=latent, tile_size=128, **options)
    assert len(told) > few


def test_a_report_is_shown_and_passed_on(call: CallNode, vae: Any) -> None:
    output = call(
        "AutoencoderReport", vae=vae, pixels=torch.rand(2, 32, 40, 3), region=8, brightest=0.2
    )
    text, errors, back, psnr, ssim = output.values
    assert output.ui == {"text": [text]} and f"PSNR {psnr:.2f} dB, SSIM {ssim:.4f}" in text
    assert errors.shape == back.shape == (2, 32, 40, 3)
    assert errors.min() >= 0 and errors.max() <= 1
