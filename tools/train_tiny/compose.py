"""Compositions: one sprite on a coloured ground, and the caption that says so.

Invariant: everything random comes from the generator that is passed in, so the same seed gives the
same pictures and the same captions.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from tools.train_tiny.concepts import ALIASES, COLOURS, CONCEPTS, STYLES

PLAIN = "white"
"""The ground of a caption that names none."""


@dataclass(frozen=True)
class Sprites:
    """The packed sprites, and which of them the captions speak about.

    Attributes:
        rgba: premultiplied uint8, n 4 128 128.
        taught: row of each (concept, style), concepts x styles.
    """

    rgba: Tensor
    taught: Tensor


@dataclass(frozen=True)
class Scenes:
    """What a batch of compositions shows: indices into CONCEPTS, STYLES and COLOURS, each (b,)."""

    concept: Tensor
    style: Tensor
    colour: Tensor


def load_sprites(path: Path) -> Sprites:
    """Read what data.py packed."""
    if not path.exists():
        raise SystemExit(f"{path} is missing: run `python -m tools.train_tiny.data` first")
    packed = np.load(path)
    rows = {key: i for i, key in enumerate(zip(packed["style"], packed["code"], strict=True))}
    taught = [[rows[s, code] for s in STYLES.values()] for code in CONCEPTS.values()]
    rgba = torch.from_numpy(packed["rgba"]).permute(0, 3, 1, 2).contiguous()
    return Sprites(rgba, torch.tensor(taught))


def uniform(low: float, high: float, shape: tuple[int, ...], g: Generator) -> Tensor:
    """Draw uniformly from [low, high)."""
    return torch.rand(shape, generator=g) * (high - low) + low


def place(rgba: Tensor, scale: Tensor, shift: Tensor, flip: Tensor) -> Tensor:
    """Resize, move and mirror sprites inside their frame.

    Args:
        rgba: premultiplied, b 4 h w in [0, 1].
        scale: side of the sprite as a part of the frame, (b,).
        shift: right and down, as a part of the half frame, (b, 2).
        flip: mirror left and right, bool (b,).
    """
    sign = torch.where(flip, -1.0, 1.0)
    theta = torch.zeros(len(rgba), 2, 3)
    theta[:, 0, 0], theta[:, 1, 1] = sign / scale, 1 / scale
    theta[:, 0, 2], theta[:, 1, 2] = -shift[:, 0] * sign / scale, -shift[:, 1] / scale
    grid = F.affine_grid(theta, list(rgba.shape), align_corners=False)
    return F.grid_sample(rgba, grid, align_corners=False)


def ground(colour: Tensor, slope: Tensor, size: int) -> Tensor:
    """A ground that brightens from bottom to top: colour (b 3) in [0, 1], slope (b,) -> b 3 h w."""
    ramp = torch.linspace(0.5, -0.5, size).view(1, 1, size, 1)
    plane = colour[:, :, None, None] + slope[:, None, None, None] * ramp
    return plane.expand(-1, -1, -1, size).clamp(0, 1)


def over(rgba: Tensor, behind: Tensor) -> Tensor:
    """Lay premultiplied sprites over a ground; pictures b 3 h w in [-1, 1]."""
    return (rgba[:, :3] + (1 - rgba[:, 3:]) * behind).clamp(0, 1) * 2 - 1


def draw_scenes(count: int, g: Generator) -> Scenes:
    """Draw concepts and styles evenly, and the plain ground in half of the scenes."""

    def pick(n: int) -> Tensor:
        return torch.randint(n, (count,), generator=g)

    concept, style, colour = pick(len(CONCEPTS)), pick(len(STYLES)), pick(len(COLOURS))
    plain = torch.rand(count, generator=g) < 0.5
    return Scenes(concept, style, colour.where(~plain, list(COLOURS).index(PLAIN)))


def paint(scenes: Scenes, sprites: Sprites, g: Generator) -> Tensor:
    """Compose scenes as the diffusion model will see them: b 3 128 128 in [-1, 1]."""
    b = len(scenes.concept)
    rows = sprites.taught[scenes.concept, scenes.style]
    rgba = sprites.rgba[rows].float() / 255
    flip = torch.rand(b, generator=g) < 0.5
    rgba = place(rgba, uniform(0.84, 0.94, (b,), g), uniform(-0.04, 0.04, (b, 2), g), flip)
    palette = torch.tensor(list(COLOURS.values())) / 255
    colour = palette[scenes.colour] + uniform(-0.02, 0.02, (b, 3), g)
    return over(rgba, ground(colour, uniform(0.0, 0.12, (b,), g), rgba.shape[-1]))


def paint_anything(count: int, sprites: Sprites, g: Generator) -> Tensor:
    """Compose arbitrary sprites on arbitrary grounds, so that the autoencoder stays general."""
    rows = torch.randint(len(sprites.rgba), (count,), generator=g)
    rgba = sprites.rgba[rows].float() / 255
    flip = torch.rand(count, generator=g) < 0.5
    scale, shift = uniform(0.6, 1.1, (count,), g), uniform(-0.2, 0.2, (count, 2), g)
    behind = ground(uniform(0, 1, (count, 3), g), uniform(-0.3, 0.3, (count,), g), rgba.shape[-1])
    return over(place(rgba, scale, shift, flip), behind)


BARE = {"grapes", "fire", "ice cream", "pizza"}


def with_article(name: str) -> str:
    """``apple`` -> ``an apple``; plurals and masses stay bare."""
    if name in BARE:
        return name
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


TEMPLATES = (
    "{thing}, {style}{ground}",
    "{thing}, {style}{ground}",
    "{thing}, {style}{ground}",
    "{style} of {thing}{ground}",
    "{thing}{ground}, {style}",
    "{thing}{ground}",
    "{name}, {style}{ground}",
    "{name} {style}{ground}",
)
GROUNDS = (", {colour} background", ", {colour} background", " on a {colour} background")


def caption(concept: int, style: int, colour: int, g: Generator) -> str:
    """Put one scene into words; the plain ground is named only half of the time."""

    def pick(choices: tuple[str, ...]) -> str:
        return choices[int(torch.randint(len(choices), (1,), generator=g))]

    template, words = pick(TEMPLATES), pick(GROUNDS)
    name, colour_name = list(CONCEPTS)[concept], list(COLOURS)[colour]
    if name in ALIASES and float(torch.rand(1, generator=g)) < 0.3:
        name = pick(ALIASES[name])
    unnamed = colour_name == PLAIN and float(torch.rand(1, generator=g)) < 0.7
    where = "" if unnamed else words.format(colour=colour_name)
    return template.format(
        thing=with_article(name), name=name, style=list(STYLES)[style], ground=where
    )
