"""Watch a training: how well the model listens and reconstructs, and the grid of 48 prompts.

    python -m tools.train_tiny.grid --grid docs/models/loom-tiny-grid.png

The grid's prompts, seed, steps and guidance are fixed below: nothing is picked.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import torch
from PIL import Image, ImageDraw
from torch import Generator, Tensor
from torch.nn import functional as F

from engine.diffusion.networks.autoencoder import AutoencoderKL
from engine.diffusion.networks.unet import UNet
from tools.train_tiny import train_text, train_unet, train_vae
from tools.train_tiny.compose import (
    Sprites,
    draw_scenes,
    load_sprites,
    paint,
    paint_anything,
    with_article,
)
from tools.train_tiny.concepts import COLOURS, CONCEPTS, STYLES
from tools.train_tiny.data import WORK
from tools.train_tiny.diffusion import noised, sample
from tools.train_tiny.train_unet import Latents, encode_captions, load_latents, load_vae

PROMPTS, COLUMNS = 48, 8
SEED, SAMPLER_STEPS, GUIDANCE = 2026, 30, 3.0
TILE, LABEL = 128, 14


def prompts(count: int = PROMPTS) -> list[str]:
    """``count`` different concepts in an order drawn by SEED; styles alternate.

    Every second pair of prompts names a ground colour, the others leave it open.
    """
    g = Generator().manual_seed(SEED)
    names, styles, colours = list(CONCEPTS), list(STYLES), list(COLOURS)
    texts = []
    for i, concept in enumerate(torch.randperm(len(names), generator=g)[:count].tolist()):
        colour = colours[int(torch.randint(len(colours), (1,), generator=g))]
        where = f", {colour} background" if i // 2 % 2 else ""
        texts.append(f"{with_article(names[concept])}, {styles[i % 2]}{where}")
    return texts


def load_unet(path: Path) -> UNet:
    """The averaged U-Net of a checkpoint, frozen."""
    unet = UNet(train_unet.CONFIG)
    unet.load_state_dict(train_unet.averaged(path))
    return unet.eval().requires_grad_(False)


@torch.no_grad()
def draw(unet: UNet, vae: AutoencoderKL, latents: Latents, work: Path, texts: list[str]) -> Tensor:
    """Sample one picture for each text: b 3 128 128 in [0, 1]."""
    encoder = train_text.load_encoder(work / train_text.CHECKPOINT.name)
    context = encode_captions(["", *texts], encoder).float()
    noise = torch.randn(len(texts), 4, 16, 16, generator=Generator().manual_seed(SEED))
    z = sample(unet, noise, context[1:], context[:1], SAMPLER_STEPS, GUIDANCE)
    z = z * latents.std[:, None, None] + latents.mean[:, None, None]
    return (vae.decode(z) / 2 + 0.5).clamp(0, 1)


def sheet(pictures: Tensor, texts: list[str]) -> Image.Image:
    """Lay pictures out in rows of COLUMNS with their prompts below."""
    rows = -(-len(texts) // COLUMNS)
    page = Image.new("RGB", (COLUMNS * TILE, rows * (TILE + LABEL)), "white")
    pen = ImageDraw.Draw(page)
    for i, (picture, text) in enumerate(zip(pictures, texts, strict=True)):
        left, top = i % COLUMNS * TILE, i // COLUMNS * (TILE + LABEL)
        pixels = (picture.permute(1, 2, 0) * 255 + 0.5).byte().numpy()
        page.paste(Image.fromarray(pixels), (left, top))
        short = text.replace(" background", "").replace("3d render", "3d")
        pen.text((left + 2, top + TILE), short, "black", font_size=9)
    return page


def decibels(x: Tensor, y: Tensor) -> Tensor:
    """PSNR of each picture, both in [-1, 1]."""
    return -10 * ((x - y) / 2).square().mean((1, 2, 3)).log10()


@torch.no_grad()
def fidelity(vae: AutoencoderKL, draw_batch: Callable[[Generator], Tensor]) -> str:
    """PSNR of compositions from a seed that training never used."""
    x = draw_batch(Generator().manual_seed(SEED))
    values = decibels(vae.decode(vae.encode(x)).clamp(-1, 1), x)
    return f"{values.mean():.1f} dB (worst {values.min():.1f}, best {values.max():.1f})"


@torch.no_grad()
def listening(unet: UNet, data: Latents, t: int = 500, count: int = 240) -> tuple[float, ...]:
    """Noise error at one timestep with the right, a wrong and the empty caption."""
    g = Generator().manual_seed(SEED)
    rows = torch.randint(len(data.z), (count,), generator=g)
    z, noise = data.z[rows], torch.randn(count, 4, 16, 16, generator=g)
    times = torch.full((count,), t)
    right = data.caption[rows]
    choices = (right, right.roll(1), torch.zeros_like(right))
    return tuple(
        F.mse_loss(unet(noised(z, times, noise), times, data.context[c].float()), noise).item()
        for c in choices
    )


def report(work: Path, grid: Path) -> None:
    """Print the numbers and write the grid."""
    vae = load_vae(work / train_vae.CHECKPOINT.name)
    sprites: Sprites = load_sprites(work / "sprites.npz")
    latents = load_latents(work, seed=0)
    unet = load_unet(work / train_unet.CHECKPOINT.name)
    print("taught scenes:", fidelity(vae, lambda g: paint(draw_scenes(96, g), sprites, g)))
    print("any sprites:  ", fidelity(vae, lambda g: paint_anything(96, sprites, g)))
    right, wrong, empty = listening(unet, latents)
    print(f"noise error at t=500: caption right {right:.4f}, wrong {wrong:.4f}, empty {empty:.4f}")
    texts = prompts()
    grid.parent.mkdir(parents=True, exist_ok=True)
    page = sheet(draw(unet, vae, latents, work, texts), texts)
    page.quantize(256, dither=Image.Dither.FLOYDSTEINBERG).save(grid, optimize=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--grid", type=Path, default=WORK / "grid.png")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    report(arguments.work, arguments.grid)
