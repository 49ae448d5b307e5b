"""Measure the shipped model and its four-step LoRA by a classifier that saw only renderings.

    python -m tools.train_tiny.evaluate --failures docs/models/loom-tiny-failures.png

One prompt for each concept, four noises each; concepts, styles and grounds follow from SEED, and
nothing is picked. Prints a table in Markdown and draws the pictures of which the classifier was
least sure, a row for twenty steps and one for four.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import Generator, Tensor
from torch.nn import functional as F

from engine.diffusion.networks.autoencoder import AutoencoderKL
from tools.train_tiny.compose import (
    PLAIN,
    Scenes,
    Sprites,
    caption,
    draw_scenes,
    load_sprites,
    paint,
    with_article,
)
from tools.train_tiny.concepts import COLOURS, CONCEPTS, STYLES
from tools.train_tiny.data import WORK
from tools.train_tiny.diffusion import LATENT_SCALE, sample
from tools.train_tiny.grid import COLUMNS, decibels, sheet
from tools.train_tiny.judge import Judge, trained
from tools.train_tiny.lessons import Shipped, load_shipped
from tools.train_tiny.train_few_step import GUIDANCE, leap
from tools.train_tiny.train_lora import merge
from tools.train_tiny.train_unet import COUNT, encode_captions

SEED, SEEDS = 2026, 4
STEPS = 20
FEW_STEP = Path("models/loras/loom-tiny-few-step.safetensors")
COARSE = 4  # distances are taken between pictures this many times smaller: b 3 32 32


@dataclass(frozen=True)
class Asked:
    """What was asked for, SEEDS rows a concept: answers, texts and noises."""

    scenes: Scenes
    texts: list[str]
    noise: Tensor


def ask() -> Asked:
    """One prompt a concept, styles in turn, every second one names a drawn ground."""
    g, names, styles = Generator().manual_seed(SEED), list(CONCEPTS), list(STYLES)
    colours, rows, texts = list(COLOURS), [], []
    for i, name in enumerate(names):
        drawn = int(torch.randint(len(colours), (1,), generator=g))
        colour = drawn if i // 2 % 2 else colours.index(PLAIN)
        where = f", {colours[colour]} background" if i // 2 % 2 else ""
        rows += [(i, i % 2, colour)] * SEEDS
        texts += [f"{with_article(name)}, {styles[i % 2]}{where}"] * SEEDS
    noise = torch.randn(len(rows), 4, 16, 16, generator=g)
    return Asked(Scenes(*torch.tensor(rows).unbind(1)), texts, noise)


def decode(vae: AutoencoderKL, z: Tensor) -> Tensor:
    """Pictures b 3 128 128 in [-1, 1] of scaled latents."""
    parts = [vae.decode(part / LATENT_SCALE) for part in z.split(32)]
    return torch.cat(parts).float().clamp(-1, 1)


@torch.no_grad()
def drawn(shipped: Shipped, asked: Asked, few_step: Path) -> dict[str, Tensor]:
    """What the model draws in 20 steps with guidance, and in few steps without."""
    context = encode_captions(["", *asked.texts], shipped.encoder).float()
    wanted, empty = context[1:], context[:1]
    plain = sample(shipped.unet, asked.noise, wanted, empty, STEPS, GUIDANCE)
    found = {f"{STEPS} steps, guidance {GUIDANCE:g}": decode(shipped.vae, plain)}
    models = {"with the LoRA": merge(shipped.unet, few_step), "without it": shipped.unet}
    for steps in (4, 2, 1):
        for how, unet in models.items():
            g = Generator().manual_seed(SEED)
            z = leap(unet, asked.noise, wanted, g, steps)
            found[f"{steps} steps {how}"] = decode(shipped.vae, z)
    return found


@torch.no_grad()
def ceilings(shipped: Shipped, asked: Asked, sprites: Sprites) -> dict[str, Tensor]:
    """Renderings of what was asked for, from a seed of their own, and the same reconstructed."""
    x = paint(asked.scenes, sprites, Generator().manual_seed(SEED + 1))
    return {
        "renderings": x,
        "renderings, reconstructed": decode(shipped.vae, shipped.vae.encode(x) * LATENT_SCALE),
    }


def share_right(judge: Judge, pictures: Tensor, scenes: Scenes) -> tuple[float, ...]:
    """Concept among the first one and five, style, ground: shares that are as asked."""
    concept, style, ground = judge.scores(pictures)
    best = concept.topk(5).indices == scenes.concept[:, None]
    hits = (best[:, 0], best.any(1), style.argmax(1) == scenes.style)
    return *(h.float().mean().item() for h in hits), _share(ground.argmax(1), scenes.colour)


def _share(said: Tensor, true: Tensor) -> float:
    return (said == true).float().mean().item()


def coarse(pictures: Tensor) -> Tensor:
    """Small pictures as rows of numbers, b 3072."""
    return F.avg_pool2d(pictures, COARSE).flatten(1)


def spread(pictures: Tensor) -> float:
    """Mean distance between two pictures of one prompt, root mean square a colour in [-1, 1]."""
    groups = coarse(pictures).unflatten(0, (-1, SEEDS))  # concepts seeds 3072
    between = torch.cdist(groups, groups).sum((1, 2)) / (SEEDS * (SEEDS - 1))
    return (between.mean() / groups.shape[-1] ** 0.5).item()


def seen(sprites: Sprites) -> Iterator[Tensor]:
    """The compositions that the denoiser was trained on, coarse, drawn again from its seed."""
    g = Generator().manual_seed(0)
    for _ in range(COUNT // 64):
        scenes = draw_scenes(64, g)
        yield coarse(paint(scenes, sprites, g))
        named = (t.tolist() for t in (scenes.concept, scenes.style, scenes.colour))
        for row in zip(*named, strict=True):
            caption(*row, g)


def nearest(pictures: Tensor, compositions: Tensor) -> Tensor:
    """Distance of each picture to the nearest composition, as in :func:`spread`, (b,)."""
    rows = coarse(pictures)
    return torch.cdist(rows, compositions).amin(1) / rows.shape[1] ** 0.5


def similarity(x: Tensor, y: Tensor, window: int = 7) -> Tensor:
    """SSIM of each pair (Wang et al. 2004, equation 13), even windows, both in [-1, 1]."""
    x, y = x / 2 + 0.5, y / 2 + 0.5
    mean = lambda v: F.avg_pool2d(v, window, stride=1)  # noqa: E731
    mx, my = mean(x), mean(y)
    vx, vy, both = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    top, bottom = (
        (2 * mx * my + 1e-4) * (2 * both + 9e-4),
        (mx**2 + my**2 + 1e-4) * (vx + vy + 9e-4),
    )
    return (top / bottom).mean((1, 2, 3))


def doubtful(judge: Judge, pictures: Tensor, asked: Asked, count: int) -> tuple[Tensor, list[str]]:
    """The pictures that are least surely of the object and style asked for, and how sure."""
    concept, style, _ = (s.softmax(1) for s in judge.scores(pictures))
    rows, scenes = torch.arange(len(pictures)), asked.scenes
    sure = concept[rows, scenes.concept] * style[rows, scenes.style]
    worst = sure.argsort()[:count].tolist()
    names, styles = list(CONCEPTS), list(STYLES)
    told = [(sure[i], names[scenes.concept[i]], styles[scenes.style[i]]) for i in worst]
    return pictures[worst], [f"{s:.0%} {name}, {style}" for s, name, style in told]


def table(judge: Judge, shown: dict[str, Tensor], asked: Asked, compositions: Tensor) -> str:
    """All measures of all sets of pictures."""
    held_out = nearest(shown["renderings, reconstructed"], compositions)
    near = held_out.quantile(0.05)
    lines = ["| pictures | first | among five | style | ground | spread | nearest | copies |"]
    lines.append("|---|---|---|---|---|---|---|---|")
    for name, pictures in shown.items():
        shares = " | ".join(f"{s:.1%}" for s in share_right(judge, pictures, asked.scenes))
        found = nearest(pictures, compositions)
        far = f"{spread(pictures):.3f} | {found.median():.3f} | {(found < near).float().mean():.1%}"
        lines.append(f"| {name} | {shares} | {far} |")
    return "\n".join(lines)


def report(arguments: argparse.Namespace) -> None:
    """Train the classifier, draw, print and write."""
    sprites = load_sprites(arguments.work / "sprites.npz")
    judge = trained(sprites, arguments.work / "judge.pt")
    shipped, asked = load_shipped(), ask()
    shown = ceilings(shipped, asked, sprites) | drawn(shipped, asked, arguments.few_step)
    x, y = shown["renderings"], shown["renderings, reconstructed"]
    print(f"autoencoder: {decibels(x, y).mean():.1f} dB, SSIM {similarity(x, y).mean():.3f}")
    print(table(judge, shown, asked, torch.cat(list(seen(sprites)))))
    chosen = [doubtful(judge, shown[name], asked, COLUMNS) for name in list(shown)[2:4]]
    texts = [text for _, said in chosen for text in said]
    page = sheet(torch.cat([worst for worst, _ in chosen]) / 2 + 0.5, texts)
    page.quantize(256, dither=Image.Dither.FLOYDSTEINBERG).save(arguments.failures, optimize=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--few-step", type=Path, default=FEW_STEP)
    parser.add_argument("--failures", type=Path, default=WORK / "failures.png")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    report(arguments)
