"""Distil the shipped U-Net into a LoRA that draws in four steps without guidance.

The teacher draws pictures as a user would: 20 DDIM steps, guidance 3. Every point of its way is
kept. The student, the frozen U-Net with thin matrices added, learns to name the end of the way from
any single point of it, which is what a consistency model does (Song et al. 2023, definition 1);
here the ends are computed once instead of bootstrapped, because 40 small passes a picture are
cheap. Half of the points are the four that the sampler `lcm` visits in four even steps.

    python -m tools.train_tiny.train_few_step models/loras/loom-tiny-few-step.safetensors
"""

import argparse
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import torch
from torch import Generator, Tensor
from torch.func import functional_call
from torch.nn.attention import SDPBackend, sdpa_kernel

from engine.diffusion.networks.unet import UNet
from tools.train_tiny.compose import caption, draw_scenes
from tools.train_tiny.data import WORK
from tools.train_tiny.diffusion import STEPS, Denoiser, guided, signal_levels
from tools.train_tiny.lessons import Shipped, load_shipped
from tools.train_tiny.loop import Run, train
from tools.train_tiny.train_lora import Lora, export
from tools.train_tiny.train_unet import encode_captions

RANK = 6
RATE = 2e-3
BATCH = 32
GUIDANCE = 3.0
TIMES = torch.linspace(STEPS - 1, 0, 21).long()[:-1]  # of the teacher, (20,)
VISITED = 4  # steps of the student: every fifth of the teacher's
SOFT = 0.03  # errors below it count squared, above it once: blurred guesses cost more
CHUNK = 64
CHECKPOINT = WORK / "few-step.pt"


@dataclass(frozen=True)
class Ways:
    """What the teacher did.

    Attributes:
        x: noisy latents at TIMES, n 20 4 16 16, float16.
        end: where each way ended, n 4 16 16.
        caption: row of each way's caption in ``context``, (n,).
        context: distinct captions, encoded, m 77 d.
    """

    x: Tensor
    end: Tensor
    caption: Tensor
    context: Tensor


def clean(x: Tensor, eps: Tensor, t: Tensor) -> Tensor:
    """The picture that a noise prediction implies (Ho et al. 2020, equation 15)."""
    a = signal_levels()[t].view(-1, 1, 1, 1)
    return (x - (1 - a).sqrt() * eps) / a.sqrt()


@torch.no_grad()
def walk(model: Denoiser, noise: Tensor, context: Tensor, empty: Tensor) -> tuple[Tensor, Tensor]:
    """The teacher's way from noise: the points at TIMES, b 20 c h w, and the end, b c h w."""
    x, points, alphas = noise, [], signal_levels()
    for t, t_next in pairwise([*TIMES.tolist(), 0]):
        points.append(x)
        eps = guided(model, x, t, context, empty, GUIDANCE)
        end = clean(x, eps, torch.tensor([t]))
        a = alphas[t_next] if t_next else torch.tensor(1.0)
        x = a.sqrt() * end + (1 - a).sqrt() * eps
    return torch.stack(points, 1), x


@torch.no_grad()
def leap(
    model: Denoiser, noise: Tensor, context: Tensor, g: Generator, steps: int = VISITED
) -> Tensor:
    """The student's way: name the end, add noise again, and so on (Luo et al. 2023, alg. 3)."""
    x, alphas = noise, signal_levels()
    times = TIMES[:: len(TIMES) // steps]
    for i, t in enumerate(times):
        end = clean(x, model(x, t.expand(len(x)), context).float(), t[None])
        if i + 1 == len(times):
            return end
        a = alphas[times[i + 1]]
        x = a.sqrt() * end + (1 - a).sqrt() * torch.randn(x.shape, generator=g)
    return x


def describe(count: int, g: Generator) -> list[str]:
    """Captions of drawn scenes, as the teacher learnt them."""
    scenes = draw_scenes(count, g)
    named = (t.tolist() for t in (scenes.concept, scenes.style, scenes.colour))
    return [caption(*row, g) for row in zip(*named, strict=True)]


@torch.no_grad()
def teach(shipped: Shipped, work: Path, chunk: int) -> dict[str, Tensor | list[str]]:
    """One chunk of the teacher's ways, made from the chunk's number alone, and kept."""
    path = work / f"way-{chunk:03d}.pt"
    if not path.exists():
        g = Generator().manual_seed(chunk)
        texts = describe(CHUNK, g)
        context = encode_captions(["", *texts], shipped.encoder).float()
        noise = torch.randn(CHUNK, 4, 16, 16, generator=g)
        with torch.autocast("cpu", torch.bfloat16):
            x, end = walk(shipped.unet, noise, context[1:], context[:1])
        torch.save({"x": x.half(), "end": end, "texts": texts}, path)
        print(f"{path.name} walked", flush=True)
    return torch.load(path, weights_only=True)


def gather(shipped: Shipped, work: Path, count: int) -> Ways:
    """Make or read ``count`` ways."""
    chunks = [teach(shipped, work, i) for i in range(count // CHUNK)]
    texts = [text for chunk in chunks for text in chunk["texts"]]
    distinct = sorted(set(texts))
    row = {text: i for i, text in enumerate(distinct)}
    context = encode_captions(distinct, shipped.encoder)
    index = torch.tensor([row[text] for text in texts])
    x, end = (torch.cat([chunk[key] for chunk in chunks]) for key in ("x", "end"))
    return Ways(x, end, index, context)


def draw_points(count: int, g: Generator) -> Tensor:
    """Indices into TIMES, half of them among the visited ones, (count,)."""
    every = torch.randint(len(TIMES), (count,), generator=g)
    visited = torch.randint(VISITED, (count,), generator=g) * (len(TIMES) // VISITED)
    return visited.where(torch.rand(count, generator=g) < 0.5, every)


def distance(guess: Tensor, end: Tensor) -> Tensor:
    """Pseudo-Huber distance: the mean of many possible pictures is blurred, their median less."""
    return ((guess - end).square() + SOFT**2).sqrt().mean() - SOFT


def loss_of(run: Run, unet: UNet, ways: Ways) -> Tensor:
    """How far from the teacher's end the student's guess lies, over one batch of points."""
    rows = torch.randint(len(ways.x), (BATCH,), generator=run.g)
    points = draw_points(BATCH, run.g)
    x, t = ways.x[rows, points].float(), TIMES[points]
    context, weights = ways.context[ways.caption[rows]], run.model.changed(unet)
    with torch.autocast("cpu", torch.bfloat16), sdpa_kernel(SDPBackend.MATH):
        eps = functional_call(unet, weights, (x, t, context))
    return distance(clean(x, eps.float(), t), ways.end[rows])


def new_run(unet: UNet, seed: int) -> Run:
    """Fresh matrices and optimiser; everything follows from the seed."""
    torch.manual_seed(seed)
    lora = Lora(unet, RANK)
    optimizer = torch.optim.AdamW(lora.parameters(), RATE, betas=(0.9, 0.99), weight_decay=0.0)
    return Run(lora, optimizer, Generator().manual_seed(seed), decay=0.99)


def main(arguments: argparse.Namespace) -> None:
    """Let the teacher draw, train and write the file."""
    torch.set_num_threads(arguments.threads)
    shipped, path = load_shipped(), arguments.work / CHECKPOINT.name
    ways, run = (
        gather(shipped, arguments.work, arguments.count),
        new_run(shipped.unet, arguments.seed),
    )
    train(run, path, arguments.steps, RATE, lambda run: loss_of(run, shipped.unet, ways), every=100)
    export(shipped.unet, path, arguments.target, RANK)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", type=Path)
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--count", type=int, default=2048, help="pictures that the teacher draws")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    main(parser.parse_args())
