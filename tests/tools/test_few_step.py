"""The distillation to few steps: its parts on toys, and what the shipped LoRA has learnt."""

from pathlib import Path

import torch
from torch import Generator, Tensor

from engine.diffusion.networks.unet import UNet, UNetConfig
from tools.train_tiny import loop
from tools.train_tiny.diffusion import Denoiser, noised
from tools.train_tiny.lessons import load_shipped
from tools.train_tiny.train_few_step import (
    TIMES,
    VISITED,
    clean,
    distance,
    draw_points,
    leap,
    walk,
)
from tools.train_tiny.train_lora import Lora, export, merge
from tools.train_tiny.train_unet import encode_captions

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "models/checkpoints/loom-tiny.safetensors"
FEW_STEP = ROOT / "models/loras/loom-tiny-few-step.safetensors"
SMALL = UNetConfig(
    model_channels=32, channel_mult=(1, 2), num_res_blocks=1, attention_depth=(0, 1), context_dim=32
)


def seeded(seed: int) -> Generator:
    return Generator().manual_seed(seed)


def knowing(picture: Tensor) -> Denoiser:
    """A denoiser that knows the one picture there is."""

    def eps(x: Tensor, t: Tensor, context: Tensor) -> Tensor:
        zero = noised(torch.zeros_like(x), t, torch.ones_like(x))
        return (x - noised(picture.expand_as(x), t, torch.zeros_like(x))) / zero

    return eps


def test_a_noise_prediction_implies_a_picture() -> None:
    g = seeded(0)
    z, noise, t = (
        torch.randn(3, 4, 8, 8, generator=g),
        torch.randn(3, 4, 8, 8, generator=g),
        TIMES[:3],
    )
    torch.testing.assert_close(clean(noised(z, t, noise), noise, t), z, rtol=1e-3, atol=1e-3)


def test_both_ways_end_at_the_picture_that_the_denoiser_knows() -> None:
    picture, noise = torch.randn(1, 4, 8, 8, generator=seeded(1)), torch.randn(2, 4, 8, 8)
    context = torch.zeros(2, 1, 1)
    points, end = walk(knowing(picture), noise, context, context[:1])
    assert points.shape == (2, 20, 4, 8, 8)
    torch.testing.assert_close(points[:, 0], noise)
    for reached in (end, leap(knowing(picture), noise, context, seeded(2))):
        torch.testing.assert_close(reached, picture.expand(2, -1, -1, -1), rtol=0, atol=2e-2)


def test_half_of_the_points_are_those_that_the_sampler_visits() -> None:
    points = draw_points(4000, seeded(3))
    visited = (points % (len(TIMES) // VISITED) == 0).float().mean()
    assert 0.55 < visited < 0.65  # a half, and a fifth of the other half
    assert set(points.tolist()) == set(range(len(TIMES)))


def test_a_file_of_thin_matrices_changes_weights_as_in_training(tmp_path: Path) -> None:
    torch.manual_seed(4)
    unet = UNet(SMALL).requires_grad_(False)
    lora = Lora(unet, 3)
    for up in lora.up.values():
        torch.nn.init.normal_(up, std=0.02)
    run = loop.Run(lora, torch.optim.SGD(lora.parameters(), 1e-3), seeded(0), decay=0.9)
    loop.save(run, tmp_path / "run.pt")
    export(unet, tmp_path / "run.pt", tmp_path / "lora.safetensors", rank=3)
    merged = dict(merge(unet, tmp_path / "lora.safetensors").named_parameters())
    for name, weight in lora.changed(unet).items():
        torch.testing.assert_close(merged[name], weight, rtol=0, atol=1e-3)
    torch.testing.assert_close(merged["out.2.weight"], unet.out[2].weight)


@torch.no_grad()
def test_the_shipped_lora_names_the_end_of_the_teachers_way() -> None:
    """New noises. Measured: nearer by a third, at each step; untrained, both would be equal."""
    shipped = load_shipped(SHIPPED)
    texts = ["a fox, cartoon, blue background", "a mushroom, 3d render", "a bus", "a crown"]
    context = encode_captions(["", *texts], shipped.encoder).float()
    noise = torch.randn(len(texts), 4, 16, 16, generator=seeded(5))
    points, end = walk(shipped.unet, noise, context[1:], context[:1])
    distances = {}
    for name, unet in {"bare": shipped.unet, "student": merge(shipped.unet, FEW_STEP)}.items():
        guesses = []
        for i in range(0, len(TIMES), len(TIMES) // VISITED):
            t = TIMES[i].expand(len(texts))
            guesses.append(
                distance(clean(points[:, i], unet(points[:, i], t, context[1:]), t), end)
            )
        distances[name] = torch.stack(guesses)
    assert (distances["student"] < 0.8 * distances["bare"]).all(), distances


def test_the_shipped_lora_is_small() -> None:
    assert FEW_STEP.stat().st_size < 1.2e6
