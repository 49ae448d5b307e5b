"""Train the autoencoder: pictures 3 x 128 x 128 <-> latents 4 x 16 x 16.

It is the ceiling of everything after it, so it is trained first and longest. Crops of 64 pixels
carry the same local statistics as whole pictures at a quarter of the cost; only the last part sees
whole pictures, so that the normalisation layers settle at the size that is used.

    python -m tools.train_tiny.train_vae --steps 6000
"""

import argparse
from pathlib import Path

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from engine.diffusion.networks.autoencoder import AutoencoderConfig, AutoencoderKL, ResnetBlock
from tools.train_tiny.compose import Sprites, draw_scenes, load_sprites, paint, paint_anything
from tools.train_tiny.data import WORK
from tools.train_tiny.loop import Run, train

CONFIG = AutoencoderConfig(
    channels=32, channel_mult=(1, 2, 2, 4), num_res_blocks=1, z_channels=4, embed_dim=4
)
RATE = 1.2e-3
BATCH = 8
CROP = 64
WHOLE = 0.88  # from this part of the run on: whole pictures
WHOLE_BATCH = 4
KL = 1e-3
CHECKPOINT = WORK / "vae.pt"


def start_near_identity(model: nn.Module) -> None:
    """Open the run with a trunk that passes its input on and residual branches that whisper.

    From the default start the deep stack first has to learn to pass colours through its
    normalisation layers; this start skips those minutes.
    """
    for module in model.modules():
        if isinstance(module, ResnetBlock):
            module.conv2.weight.data.mul_(0.1)
            if hasattr(module, "nin_shortcut"):
                nn.init.dirac_(module.nin_shortcut.weight)
        elif type(module).__name__ in {"Downsample", "Upsample"}:
            nn.init.dirac_(module.conv.weight)
    model.quant_conv.bias.data[CONFIG.embed_dim :] = -5.0


def draw(sprites: Sprites, size: int, count: int, g: Generator) -> Tensor:
    """Half taught scenes, half anything; random crops of ``size``: b 3 size size."""
    half = count // 2
    taught = paint(draw_scenes(half, g), sprites, g)
    x = torch.cat([taught, paint_anything(count - half, sprites, g)])
    if size == x.shape[-1]:
        return x
    corners = torch.randint(x.shape[-1] - size + 1, (count, 2), generator=g).tolist()
    return torch.stack(
        [p[:, i : i + size, j : j + size] for p, (i, j) in zip(x, corners, strict=True)]
    )


def gradients(x: Tensor) -> tuple[Tensor, Tensor]:
    """Differences to the right and downwards."""
    return x[..., 1:] - x[..., :-1], x[..., 1:, :] - x[..., :-1, :]


def reconstruction(y: Tensor, x: Tensor) -> Tensor:
    """L1 on colours, and on edges at three scales: the eye reads outlines first."""
    loss = F.l1_loss(y, x)
    for _ in range(3):
        pairs = zip(gradients(y), gradients(x), strict=True)
        loss = loss + 0.5 * sum(F.l1_loss(a, b) for a, b in pairs)
        y, x = F.avg_pool2d(y, 2), F.avg_pool2d(x, 2)
    return loss


def divergence(mean: Tensor, logvar: Tensor) -> Tensor:
    """KL to the unit Gaussian per latent number (Kingma and Welling 2014, appendix B)."""
    return 0.5 * (mean.square() + logvar.exp() - 1 - logvar).mean()


def loss_of(run: Run, sprites: Sprites, steps: int) -> Tensor:
    """Reconstruct one batch through a sampled latent."""
    whole = run.step >= WHOLE * steps
    x = draw(sprites, 128 if whole else CROP, WHOLE_BATCH if whole else BATCH, run.g)
    with torch.autocast("cpu", torch.bfloat16):
        mean, logvar = run.model.encode_moments(x)
        mean, logvar = mean.float(), logvar.float().clamp(-20, 10)
        noise = torch.randn(mean.shape, generator=run.g)
        y = run.model.decode(mean + (0.5 * logvar).exp() * noise)
    return reconstruction(y.float(), x) + KL * divergence(mean, logvar)


def new_run(seed: int) -> Run:
    """A fresh model and optimiser; everything follows from the seed."""
    torch.manual_seed(seed)
    model = AutoencoderKL(CONFIG)
    start_near_identity(model)
    optimizer = torch.optim.AdamW(
        model.parameters(), RATE, betas=(0.9, 0.98), weight_decay=1e-3, fused=True
    )
    return Run(model, optimizer, Generator().manual_seed(seed), decay=0.998)


def main(arguments: argparse.Namespace) -> None:
    """Train and save."""
    sprites = load_sprites(arguments.work / "sprites.npz")
    torch.set_num_threads(arguments.threads)
    train(
        new_run(arguments.seed),
        arguments.work / CHECKPOINT.name,
        arguments.steps,
        RATE,
        lambda run: loss_of(run, sprites, arguments.steps),
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    main(parser.parse_args())
