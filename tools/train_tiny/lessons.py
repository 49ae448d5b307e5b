"""What add-ons of the shipped model learn from: its own latents of pictures, and their captions.

Invariant: the shipped file is the only weights that are read, so that an add-on fits what users
have. Its latents, scaled by 0.18215, have mean 0 and deviation 1 in each channel.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from safetensors.torch import load_file
from torch import Generator, Tensor

from engine.diffusion.networks.autoencoder import AutoencoderKL
from engine.diffusion.networks.clip_text import ClipText
from engine.diffusion.networks.unet import UNet
from tools.train_tiny import train_text, train_unet, train_vae
from tools.train_tiny.compose import Sprites, caption, draw_scenes, paint
from tools.train_tiny.diffusion import LATENT_SCALE
from tools.train_tiny.export import TEXT, UNET, VAE

N = TypeVar("N", bound=torch.nn.Module)
SHIPPED = Path("models/checkpoints/loom-tiny.safetensors")
#: From painted pictures ``b 3 128 128`` in -1..1: those to draw, and what is shown besides.
Look = Callable[[Tensor, Generator], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Shipped:
    """The three networks of the shipped file, in float32, frozen."""

    unet: UNet
    vae: AutoencoderKL
    encoder: ClipText


@dataclass(frozen=True)
class Lessons:
    """Everything the training of an add-on reads.

    Attributes:
        z: scaled latents of the pictures to draw, n 4 16 16.
        shown: what the add-on is shown of each, uint8; n rows, perhaps empty ones.
        caption: row of each picture's caption in ``context``, (n,).
        context: distinct captions, encoded, m 77 d; row 0 is the empty caption.
    """

    z: Tensor
    shown: Tensor
    caption: Tensor
    context: Tensor


def load_shipped(path: Path = SHIPPED) -> Shipped:
    """Take the shipped file apart."""
    tensors = load_file(path)

    def part(network: N, prefix: str) -> N:
        own = {
            k.removeprefix(prefix): v.float() for k, v in tensors.items() if k.startswith(prefix)
        }
        network.load_state_dict(own)
        return network.eval().requires_grad_(False)

    return Shipped(
        part(UNet(train_unet.CONFIG), UNET),
        part(AutoencoderKL(train_vae.CONFIG), VAE),
        part(ClipText(train_text.CONFIG), TEXT),
    )


@torch.no_grad()
def prepare(shipped: Shipped, sprites: Sprites, look: Look, count: int, seed: int) -> Lessons:
    """Draw ``count`` scenes (a multiple of 64), look at them, describe and encode them."""
    g = Generator().manual_seed(seed)
    latents, shown, texts = [], [], []
    for _ in range(count // 64):
        scenes = draw_scenes(64, g)
        drawn, besides = look(paint(scenes, sprites, g), g)
        latents.append(shipped.vae.encode(drawn) * LATENT_SCALE)
        shown.append(besides)
        named = (t.tolist() for t in (scenes.concept, scenes.style, scenes.colour))
        texts += [caption(*row, g) for row in zip(*named, strict=True)]
    distinct = ["", *sorted(set(texts))]
    row = {text: i for i, text in enumerate(distinct)}
    context = train_unet.encode_captions(distinct, shipped.encoder)
    caption_rows = torch.tensor([row[text] for text in texts])
    return Lessons(torch.cat(latents), torch.cat(shown), caption_rows, context)


def load(path: Path, make: Callable[[], Lessons]) -> Lessons:
    """Read prepared lessons, or make and keep them."""
    if not path.exists():
        torch.save(vars(make()), path)
    return Lessons(**torch.load(path, weights_only=True))
