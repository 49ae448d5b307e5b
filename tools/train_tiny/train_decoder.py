"""Train the tiny decoder of previews (after TAESD, Bohan 2023): it imitates the shipped decoder.

Half of the latents are pictures. The others are mixtures of several, because that is what a
denoiser believes in its first steps, and what a preview has to show then.

    python -m tools.train_tiny.train_decoder models/vae_approx/loom-tiny_decoder.safetensors
"""

import argparse
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Generator, Tensor
from torch.nn import functional as F

from engine.diffusion.networks.tiny_autoencoder import TinyAutoencoder, TinyConfig
from tools.train_tiny.compose import Sprites, draw_scenes, load_sprites, paint
from tools.train_tiny.data import WORK
from tools.train_tiny.diffusion import LATENT_SCALE
from tools.train_tiny.lessons import SHIPPED, Shipped, load_shipped
from tools.train_tiny.loop import Run, averaged, train
from tools.train_tiny.train_vae import gradients

CONFIG = TinyConfig(LATENT_SCALE, encoder=False, width=16)
RATE = 2e-3
BATCH = 16
COUNT = 2048
MIXED = 4  # latents in a mixture
CHECKPOINT = WORK / "decoder.pt"
Pairs = tuple[Tensor, Tensor]
"""Unscaled latents n 4 16 16, and the pictures that the shipped decoder makes of them, uint8."""


def mix(z: Tensor, g: Generator) -> Tensor:
    """Replace the second half by weighted means of pictures of the same batch, b c h w."""
    half = len(z) // 2
    weights = torch.rand(half, MIXED, generator=g) ** 2
    weights = weights / weights.sum(1, keepdim=True)
    rows = torch.randint(len(z), (half, MIXED), generator=g)
    return torch.cat([z[:half], (z[rows] * weights[:, :, None, None, None]).sum(1)])


@torch.no_grad()
def imitate(shipped: Shipped, sprites: Sprites, count: int, seed: int) -> Pairs:
    """Draw scenes, encode, mix and decode them with the shipped autoencoder."""
    g, latents, pictures = Generator().manual_seed(seed), [], []
    for _ in range(count // 64):
        drawn = paint(draw_scenes(64, g), sprites, g)
        with torch.autocast("cpu", torch.bfloat16):
            z = mix(shipped.vae.encode(drawn).float(), g)
            decoded = shipped.vae.decode(z).float()
        latents.append(z)
        pictures.append(((decoded.clamp(-1, 1) + 1) * 127.5).round().byte())
    return torch.cat(latents), torch.cat(pictures)


def load_pairs(shipped: Shipped, work: Path, seed: int) -> Pairs:
    """Read the pairs, or make and keep them."""
    path = work / "decoder-pairs.pt"
    if not path.exists():
        torch.save(imitate(shipped, load_sprites(work / "sprites.npz"), COUNT, seed), path)
    z, pictures = torch.load(path, weights_only=True)
    return z, pictures


def loss_of(run: Run, pairs: Pairs) -> Tensor:
    """Differences of colours and of edges over one batch."""
    rows = torch.randint(len(pairs[0]), (BATCH,), generator=run.g)
    z, wanted = pairs[0][rows], pairs[1][rows].float() / 127.5 - 1
    with torch.autocast("cpu", torch.bfloat16):
        drawn = run.model.decode(z).float()
    edges = zip(gradients(drawn), gradients(wanted), strict=True)
    return F.l1_loss(drawn, wanted) + sum(F.l1_loss(a, b) for a, b in edges)


def new_run(seed: int) -> Run:
    """A fresh decoder and optimiser; everything follows from the seed."""
    torch.manual_seed(seed)
    model = TinyAutoencoder(CONFIG)
    for module in model.modules():
        if hasattr(module, "conv"):
            module.conv[-1].weight.data.mul_(0.1)
    optimizer = torch.optim.AdamW(model.parameters(), RATE, betas=(0.9, 0.99), weight_decay=0.0)
    return Run(model, optimizer, Generator().manual_seed(seed), decay=0.995)


def export(checkpoint: Path, target: Path) -> None:
    """Write the averaged decoder in float16; its metadata say whose latents it decodes."""
    weights = {name.removeprefix("decoder."): w.half() for name, w in averaged(checkpoint).items()}
    with safe_open(SHIPPED, "pt") as file:
        facts = {k: v for k, v in file.metadata().items() if k.startswith("latent_rgb_")}
    target.parent.mkdir(parents=True, exist_ok=True)
    save_file(weights, target, {**facts, "license": "Apache-2.0", "title": "Loom tiny's previews"})
    print(f"{len(weights)} tensors, {target.stat().st_size / 1e3:.0f} kB -> {target}")


def main(arguments: argparse.Namespace) -> None:
    """Train and write the file."""
    torch.set_num_threads(arguments.threads)
    pairs = load_pairs(load_shipped(), arguments.work, arguments.seed)
    path, run = arguments.work / CHECKPOINT.name, new_run(arguments.seed)
    train(run, path, arguments.steps, RATE, lambda run: loss_of(run, pairs))
    export(path, arguments.target)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", type=Path)
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    main(parser.parse_args())
