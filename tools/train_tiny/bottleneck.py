"""The trade-off of the latent diffusion paper (Rombach et al. 2022, 4.1), small enough for a desk.

The same class-conditional U-Net is trained for the same number of seconds on pixels (f = 1) and on
the latents of two autoencoders (f = 4 and f = 8), on the same pictures of 128 x 128. What differs
is only how many pictures that time pays for, and how well a latent can show a picture at all.

    python -m tools.train_tiny.bottleneck --factor 4 --autoencoder   # f = 8 is the shipped one
    python -m tools.train_tiny.bottleneck --factor 1
    python -m tools.train_tiny.bottleneck --factor 4
    python -m tools.train_tiny.bottleneck --factor 8
    python -m tools.train_tiny.bottleneck --grid docs/bottleneck.png

Time, not steps, ends a training here, so a repetition gives numbers like these and not the same.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import torch
from PIL import Image
from torch import Generator, Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from engine.diffusion.networks.autoencoder import AutoencoderConfig, AutoencoderKL
from engine.diffusion.networks.unet import UNet, UNetConfig
from tools.train_tiny import train_vae
from tools.train_tiny.compose import PLAIN, Scenes, Sprites, load_sprites, paint
from tools.train_tiny.concepts import COLOURS, CONCEPTS
from tools.train_tiny.data import WORK
from tools.train_tiny.diffusion import STEPS, noise_loss, signal_levels
from tools.train_tiny.grid import decibels, sheet
from tools.train_tiny.judge import Judge, trained
from tools.train_tiny.lessons import load_shipped
from tools.train_tiny.loop import Run, averaged, curve, save, update
from tools.train_tiny.train_unet import silence_branches

CLASSES = torch.arange(1, len(CONCEPTS), 4)[:12]  # rows of CONCEPTS: dog, lion, rabbit, ...
CARTOON = 1
FACTORS = (1, 4, 8)
BATCHES = {1: 2, 4: 32, 8: 64}  # as large as gains speed; small where every picture is dear
RATES = {1: 5e-4, 4: 1e-3, 8: 1e-3}
COUNT = 768  # pictures that are drawn over and over
SEED, DDIM, SHOWN = 11, 20, 4
F4 = AutoencoderConfig(channels=32, channel_mult=(1, 2, 2), num_res_blocks=1)


@dataclass(frozen=True)
class Space:
    """Where a U-Net works.

    Attributes:
        encode: pictures b 3 128 128 in [-1, 1] to what it denoises, of about unit deviation.
        decode: the inverse, as far as there is one.
        channels: of what it denoises.
    """

    encode: Callable[[Tensor], Tensor]
    decode: Callable[[Tensor], Tensor]
    channels: int


def config(channels: int) -> UNetConfig:
    """The one U-Net: 1.8 M parameters, of which the channels of the space change a thousand."""
    return UNetConfig(
        in_channels=channels,
        out_channels=channels,
        model_channels=32,
        channel_mult=(1, 2, 3),
        num_res_blocks=1,
        attention_depth=(0, 0, 1),
        classes=len(CLASSES),
        tokens=False,
    )


def pictures(count: int, sprites: Sprites, g: Generator) -> tuple[Tensor, Tensor]:
    """Cartoons on white and which class each shows: b 3 128 128, (b,)."""
    shown = torch.randint(len(CLASSES), (count,), generator=g)
    plain = torch.full((count,), list(COLOURS).index(PLAIN))
    scenes = Scenes(CLASSES[shown], torch.full((count,), CARTOON), plain)
    return paint(scenes, sprites, g), shown


def autoencoder_run(work: Path, sprites: Sprites, seconds: float) -> None:
    """Train the autoencoder of f = 4 as the shipped one of f = 8 was."""
    torch.manual_seed(SEED)
    model = AutoencoderKL(F4)
    train_vae.start_near_identity(model)
    optimizer = torch.optim.AdamW(model.parameters(), train_vae.RATE, betas=(0.9, 0.98))
    run = Run(model, optimizer, Generator().manual_seed(SEED), decay=0.99)
    loss = lambda run: train_vae.loss_of(run, sprites, 10**9)  # noqa: E731
    spend(run, seconds, train_vae.RATE, loss)
    save(run, work / "bottleneck-vae.pt")


def spend(run: Run, seconds: float, rate: float, loss: Callable[[Run], Tensor]) -> None:
    """Train for so long; the learning rate follows the clock."""
    run.model.train()
    start, shown, total = time.process_time(), 0, 0.0
    while (spent := time.process_time() - start) < seconds:
        value = loss(run)
        warm = min(1.0, (run.step + 1) / 50)
        update(run, value, rate * warm * curve(int(1e4 * spent / seconds), 10**4, warm_up=0))
        total += value.item()
        if run.step % 100 == 0:
            print(
                f"{spent:.0f} s  step {run.step}  loss {total / (run.step - shown):.4f}", flush=True
            )
            shown, total = run.step, 0.0


@torch.no_grad()
def space(factor: int, work: Path, sprites: Sprites) -> Space:
    """The pixels, or the latents of an autoencoder, normalised per channel."""
    if factor == 1:
        return Space(lambda x: x, lambda z: z, 3)
    if factor == 8:
        vae = load_shipped().vae
    else:
        vae = AutoencoderKL(F4)
        vae.load_state_dict(averaged(work / "bottleneck-vae.pt"))
        vae.eval().requires_grad_(False)
    z = vae.encode(pictures(64, sprites, Generator().manual_seed(SEED))[0])
    mean, std = (v[:, None, None] for v in (z.mean((0, 2, 3)), z.std((0, 2, 3))))
    return Space(lambda x: (vae.encode(x) - mean) / std, lambda z: vae.decode(z * std + mean), 4)


def new_unet(channels: int) -> UNet:
    """A fresh U-Net that starts as identity; everything follows from the seed."""
    torch.manual_seed(SEED)
    model = UNet(config(channels))
    silence_branches(model)
    return model


def unet_run(factor: int, work: Path, sprites: Sprites, seconds: float) -> None:
    """Train the U-Net in one space."""
    own, g = space(factor, work, sprites), Generator().manual_seed(SEED + 1)
    with torch.no_grad():
        batches = [pictures(64, sprites, g) for _ in range(COUNT // 64)]
        z = torch.cat([own.encode(x).half() for x, _ in batches])
        shown = torch.cat([c for _, c in batches])
    model = new_unet(own.channels)
    optimizer = torch.optim.AdamW(
        model.parameters(), RATES[factor], betas=(0.9, 0.99), weight_decay=0.01, fused=True
    )
    run = Run(model, optimizer, Generator().manual_seed(SEED), decay=0.99)

    def loss(run: Run) -> Tensor:
        rows = torch.randint(len(z), (BATCHES[factor],), generator=run.g)
        with torch.autocast("cpu", torch.bfloat16), sdpa_kernel(SDPBackend.MATH):
            return noise_loss(named(run.model), z[rows].float(), shown[rows], run.g)

    spend(run, seconds, RATES[factor], loss)
    save(run, work / f"bottleneck-{factor}.pt")


def named(model: nn.Module) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """The U-Net as a denoiser whose condition is a class."""
    return lambda x, t, classes: model(x, t, None, vector=classes)


@torch.no_grad()
def draw(model: nn.Module, own: Space, side: int, classes: Tensor) -> Tensor:
    """DDIM without guidance, pictures in [-1, 1]; a prediction is held to what pictures can be."""
    x = torch.randn(len(classes), own.channels, side, side, generator=Generator().manual_seed(SEED))
    alphas, times = signal_levels(), torch.linspace(STEPS - 1, 0, DDIM + 1).long().tolist()
    limit = 1.0 if own.channels == 3 else 8.0
    for t, t_next in pairwise(times):
        a, a_next = alphas[t], alphas[t_next] if t_next else torch.tensor(1.0)
        with torch.autocast("cpu", torch.bfloat16):
            eps = named(model)(x, torch.full((len(x),), t), classes).float()
        clean = ((x - (1 - a).sqrt() * eps) / a.sqrt()).clamp(-limit, limit)
        x = a_next.sqrt() * clean + (1 - a_next).sqrt() * eps
    return own.decode(x).float().clamp(-1, 1)


@torch.no_grad()
def flops(model: UNet, channels: int, side: int) -> int:
    """Multiplications and additions of one step for one picture."""
    x, t, classes = torch.zeros(1, channels, side, side), torch.zeros(1), torch.zeros(1).long()
    with FlopCounterMode(display=False) as counter:
        named(model)(x, t, classes)
    return counter.get_total_flops()


def measure(factor: int, work: Path, sprites: Sprites, judge: Judge) -> tuple[str, Tensor]:
    """One row of the table, and SHOWN pictures of every class."""
    own, side = space(factor, work, sprites), 128 // factor
    state = torch.load(work / f"bottleneck-{factor}.pt", weights_only=True)
    model = UNet(config(own.channels))
    model.load_state_dict(state["average"])
    model.eval().requires_grad_(False)
    classes = torch.arange(len(CLASSES)).repeat_interleave(SHOWN)
    start = time.process_time()
    drawn = torch.cat([draw(model, own, side, part) for part in classes.split(SHOWN)])
    seconds = (time.process_time() - start) / len(classes)
    x, _ = pictures(48, sprites, Generator().manual_seed(SEED + 2))
    psnr = decibels(x, own.decode(own.encode(x)).clamp(-1, 1)).mean() if factor > 1 else None
    concept = judge.scores(drawn)[0].softmax(1)
    right, sure = (
        concept.argmax(1) == CLASSES[classes],
        concept[range(len(classes)), CLASSES[classes]],
    )
    numbers = [
        f"f = {factor}",
        f"{own.channels} x {side} x {side}",
        f"{flops(model, own.channels, side) / 1e9:.2f}",
        f"{state['step'] * BATCHES[factor]:,}",
        f"{seconds:.2f}",
        "none" if psnr is None else f"{psnr:.1f} dB",
        f"{right.float().mean():.0%}",
        f"{sure.mean():.2f}",
    ]
    return "| " + " | ".join(numbers) + " |", drawn


def report(work: Path, sprites: Sprites, grid: Path) -> None:
    """Print the table, and draw one picture of each class and factor."""
    judge = trained(sprites, work / "judge.pt")
    rows, texts = [], []
    for factor in FACTORS:
        row, drawn = measure(factor, work, sprites, judge)
        print(row, flush=True)
        rows.append(drawn[::SHOWN][:8])
        texts += [f"f={factor} {list(CONCEPTS)[i]}" for i in CLASSES[:8].tolist()]
    page = sheet(torch.cat(rows) / 2 + 0.5, texts)
    page.quantize(256, dither=Image.Dither.FLOYDSTEINBERG).save(grid, optimize=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--factor", type=int, choices=FACTORS)
    parser.add_argument("--autoencoder", action="store_true", help="train that of f = 4")
    parser.add_argument("--seconds", type=float, default=450)
    parser.add_argument("--grid", type=Path, default=WORK / "bottleneck.png")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    sprites, work = load_sprites(arguments.work / "sprites.npz"), arguments.work
    if arguments.autoencoder:
        autoencoder_run(work, sprites, arguments.seconds)
    elif arguments.factor:
        unet_run(arguments.factor, work, sprites, arguments.seconds)
    else:
        report(work, sprites, arguments.grid)
