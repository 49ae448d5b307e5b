"""A small classifier that says what a picture shows, for evaluate.py: object, style, ground.

It learns from renderings only, of the same sprites in other sizes, places and colours than any
model of ours has seen, some of them blurred or noisy, and never from a generated picture. Its
accuracy on new renderings, and on those after the autoencoder, is the ceiling of every model.
"""

from pathlib import Path

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from tools.train_tiny.compose import Scenes, Sprites, draw_scenes, ground, over, place, uniform
from tools.train_tiny.concepts import COLOURS, CONCEPTS, STYLES
from tools.train_tiny.loop import Run, averaged, train

HEADS = (len(CONCEPTS), len(STYLES), len(COLOURS))
WIDTHS = (32, 64, 128, 192)
RATE = 2e-3
BATCH = 32
STEPS = 700
SEED = 7


class Judge(nn.Module):
    """Pictures b 3 128 128 in [-1, 1] -> scores of the three heads, b 64."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.AvgPool2d(2)]
        for before, after in zip((3, *WIDTHS), WIDTHS, strict=False):
            layers += [nn.Conv2d(before, after, 3, padding=1), nn.GroupNorm(after // 8, after)]
            layers += [nn.SiLU(), nn.Conv2d(after, after, 3, padding=1), nn.SiLU(), nn.AvgPool2d(2)]
        self.body = nn.Sequential(*layers, nn.Flatten())
        self.head = nn.Linear(WIDTHS[-1] * 4 * 4, sum(HEADS))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(x))

    @torch.no_grad()
    def scores(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """Scores of concepts, styles and grounds."""
        return self(pictures).split(HEADS, 1)


def render(scenes: Scenes, sprites: Sprites, g: Generator) -> Tensor:
    """Compose scenes more freely than ``compose.paint``: b 3 128 128 in [-1, 1]."""
    b = len(scenes.concept)
    rgba = sprites.rgba[sprites.taught[scenes.concept, scenes.style]].float() / 255
    flip = torch.rand(b, generator=g) < 0.5
    rgba = place(rgba, uniform(0.72, 1.0, (b,), g), uniform(-0.1, 0.1, (b, 2), g), flip)
    palette = torch.tensor(list(COLOURS.values())) / 255
    colour = palette[scenes.colour] + uniform(-0.06, 0.06, (b, 3), g)
    return over(rgba, ground(colour, uniform(-0.05, 0.17, (b,), g), rgba.shape[-1]))


def worn(pictures: Tensor, g: Generator) -> Tensor:
    """Blur, brighten and add noise, each picture by its own measure."""
    b = len(pictures)
    blurred = F.interpolate(F.avg_pool2d(pictures, 4), scale_factor=4, mode="bilinear")
    share, gain, noise = (uniform(0, 1, (b, 1, 1, 1), g) for _ in range(3))
    mixed = pictures.lerp(blurred, share) * (0.85 + 0.3 * gain)
    return (mixed + 0.1 * noise * torch.randn(pictures.shape, generator=g)).clamp(-1, 1)


def loss_of(run: Run, sprites: Sprites) -> Tensor:
    """Cross-entropy of the three heads over one batch."""
    scenes = draw_scenes(BATCH, run.g)
    pictures = worn(render(scenes, sprites, run.g), run.g)
    with torch.autocast("cpu", torch.bfloat16):
        scores = run.model(pictures).float().split(HEADS, 1)
    answers = (scenes.concept, scenes.style, scenes.colour)
    losses = (F.cross_entropy(s, a) for s, a in zip(scores, answers, strict=True))
    return torch.stack(list(losses)).sum()


def new_run() -> Run:
    """A fresh classifier and optimiser; everything follows from the seed."""
    torch.manual_seed(SEED)
    judge = Judge()
    optimizer = torch.optim.AdamW(judge.parameters(), RATE, weight_decay=0.01)
    return Run(judge, optimizer, Generator().manual_seed(SEED), decay=0.99)


def trained(sprites: Sprites, path: Path, steps: int = STEPS) -> Judge:
    """The classifier, trained if ``path`` does not hold one that is."""
    train(new_run(), path, steps, RATE, lambda run: loss_of(run, sprites), every=100)
    judge = Judge()
    judge.load_state_dict(averaged(path))
    return judge.eval().requires_grad_(False)
