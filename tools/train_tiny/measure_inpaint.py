"""Measure the inpainting model on new compositions, and draw what it makes of them.

    python -m tools.train_tiny.measure_inpaint models/diffusion_models/loom-tiny-inpaint.safetensors

Seed, steps and guidance are fixed below: nothing is picked.
"""

import argparse
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Generator, Tensor
from torch.nn import functional as F

from engine.diffusion.networks.unet import UNet
from tools.train_tiny.compose import caption, draw_scenes, load_sprites, paint
from tools.train_tiny.data import WORK
from tools.train_tiny.diffusion import LATENT_SCALE, sample
from tools.train_tiny.export import UNET
from tools.train_tiny.grid import sheet
from tools.train_tiny.lessons import Shipped, load_shipped
from tools.train_tiny.train_inpaint import CARTOON, CONFIG, draw_masks, greyed
from tools.train_tiny.train_unet import encode_captions

COUNT, SHOWN = 64, 16
SEED, STEPS, GUIDANCE = 2027, 20, 2.0


def load_unet(path: Path) -> UNet:
    """The model of a file, in float32, frozen."""
    unet = UNet(CONFIG)
    tensors = load_file(path)
    unet.load_state_dict({k.removeprefix(UNET): v.float() for k, v in tensors.items()})
    return unet.eval().requires_grad_(False)


@torch.no_grad()
def fill(unet: UNet, shipped: Shipped, seen: Tensor, masks: Tensor, texts: list[str]) -> Tensor:
    """What the model makes of pictures b 3 128 128 in -1..1 with grey under the mask."""
    around = shipped.vae.encode(seen) * LATENT_SCALE
    shown = torch.cat([masks, around], dim=1)
    context = encode_captions(["", *texts], shipped.encoder).float()

    def model(x: Tensor, t: Tensor, c: Tensor) -> Tensor:
        return unet(torch.cat([x, shown.repeat(len(x) // len(shown), 1, 1, 1)], dim=1), t, c)

    noise = torch.randn(around.shape, generator=Generator().manual_seed(SEED))
    z = sample(model, noise, context[1:], context[:1], STEPS, GUIDANCE)
    return shipped.vae.decode(z / LATENT_SCALE).clamp(-1, 1)


def error_under(masks: Tensor, guess: Tensor, truth: Tensor) -> Tensor:
    """Mean squared error of each picture where its mask hides something."""
    where = F.interpolate(masks, scale_factor=truth.shape[-1] // masks.shape[-1])
    squares = (guess - truth).square().mean(1, keepdim=True) * where
    return squares.sum((1, 2, 3)) / where.sum((1, 2, 3))


def main(arguments: argparse.Namespace) -> None:
    """Print the errors and write the grid: pairs of what is shown and what is made of it."""
    torch.set_num_threads(arguments.threads)
    shipped, unet = load_shipped(), load_unet(arguments.model)
    sprites, g = load_sprites(arguments.work / "sprites.npz"), Generator().manual_seed(SEED)
    scenes = draw_scenes(COUNT, g)
    scenes.style.fill_(CARTOON)
    truth, masks = paint(scenes, sprites, g), draw_masks(COUNT, g)
    named = zip(scenes.concept.tolist(), scenes.colour.tolist(), strict=True)
    texts = [caption(concept, CARTOON, colour, g) for concept, colour in named]
    seen = greyed(truth, masks)
    made = fill(unet, shipped, seen, masks, texts)
    hidden = F.interpolate(masks, scale_factor=truth.shape[-1] // masks.shape[-1])
    mean = (truth * (1 - hidden)).sum((2, 3), keepdim=True) / (1 - hidden).sum((2, 3), keepdim=True)
    model, plain = error_under(masks, made, truth), error_under(masks, mean.expand_as(truth), truth)
    print(f"squared error under {COUNT} masks: {model.mean():.3f}, of the mean colour", end=" ")
    print(f"{plain.mean():.3f}; nearer in {int((model < plain).sum())} of {COUNT}")
    pairs = torch.stack([seen[:SHOWN], made[:SHOWN]], 1).flatten(0, 1)
    sheet(pairs / 2 + 0.5, ["shown", "made of it"] * SHOWN).save(arguments.grid, quality=85)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--grid", type=Path, default=WORK / "inpaint.webp")
    parser.add_argument("--threads", type=int, default=2)
    main(parser.parse_args())
