"""Train an inpainting U-Net for the shipped model: it is shown the mask and the picture around it.

Nine input channels as in Stable Diffusion's inpainting model: the noisy latent, the mask, and the
latent of the picture with grey under the mask (Rombach et al. 2022, section 4.5). Text encoder and
autoencoder are those of the shipped file.

    python -m tools.train_tiny.train_inpaint models/diffusion_models/loom-tiny-inpaint.safetensors
"""

import argparse
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Generator, Tensor
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

from engine.diffusion.networks.unet import UNet, UNetConfig
from tools.train_tiny import train_text
from tools.train_tiny.compose import caption, draw_scenes, load_sprites, paint
from tools.train_tiny.data import WORK
from tools.train_tiny.diffusion import LATENT_SCALE, draw_timesteps, noised
from tools.train_tiny.export import UNET
from tools.train_tiny.lessons import Lessons, load, load_shipped
from tools.train_tiny.loop import Run, averaged, train
from tools.train_tiny.train_unet import encode_captions, silence_branches

CONFIG = UNetConfig(
    in_channels=9,
    model_channels=32,
    channel_mult=(1, 2, 2),
    num_res_blocks=1,
    attention_depth=(0, 1, 1),
    context_dim=train_text.CONFIG.width,
)
RATE = 2e-3
BATCH = 64
DROP = 0.1  # share of captions replaced by the empty one
COUNT = 1536  # compositions, each with one mask
KEPT = 0.1  # weight of the error outside of the mask, where the answer is shown
CARTOON = 1  # the one style that is learnt
CELLS = 16  # a side
CHECKPOINT = "inpaint.pt"


def draw_masks(count: int, g: Generator) -> Tensor:
    """Rectangles of 6 to 12 cells a side that may reach the border, ``n 1 16 16``; 1 is hidden."""
    size = torch.randint(6, 13, (count, 2), generator=g)
    place = (torch.rand(count, 2, generator=g) * (CELLS + 5 - size)).long() - 2
    steps = torch.arange(CELLS)
    inside = (steps >= place[..., None]) & (steps < (place + size)[..., None])  # n 2 16
    return (inside[:, 0, :, None] & inside[:, 1, None, :]).float()[:, None]


def greyed(pictures: Tensor, masks: Tensor) -> Tensor:
    """Pictures in -1..1 with grey, which is 0, under the mask."""
    return pictures * (1 - F.interpolate(masks, scale_factor=pictures.shape[-1] // CELLS))


@torch.no_grad()
def prepare(work: Path, seed: int) -> Lessons:
    """Compositions, and what is shown of each: mask and scaled latent around it, ``n 5 16 16``."""
    shipped, sprites = load_shipped(), load_sprites(work / "sprites.npz")
    g, latents, shown, texts = Generator().manual_seed(seed), [], [], []
    for _ in range(COUNT // 64):
        scenes = draw_scenes(64, g)
        scenes.style.fill_(CARTOON)
        pictures, masks = paint(scenes, sprites, g), draw_masks(64, g)
        latents.append(shipped.vae.encode(pictures) * LATENT_SCALE)
        around = shipped.vae.encode(greyed(pictures, masks)) * LATENT_SCALE
        shown.append(torch.cat([masks, around], dim=1))
        named = zip(scenes.concept.tolist(), scenes.colour.tolist(), strict=True)
        texts += [caption(concept, CARTOON, colour, g) for concept, colour in named]
    distinct = ["", *sorted(set(texts))]
    row = {text: i for i, text in enumerate(distinct)}
    context = encode_captions(distinct, shipped.encoder)
    index = torch.tensor([row[text] for text in texts])
    return Lessons(torch.cat(latents), torch.cat(shown), index, context)


def loss_of(run: Run, data: Lessons) -> Tensor:
    """Weighted noise error of one batch, mostly of what the mask hides."""
    rows = torch.randint(len(data.z), (BATCH,), generator=run.g)
    kept = torch.rand(BATCH, generator=run.g) >= DROP
    context, shown = data.context[data.caption[rows].where(kept, 0)], data.shown[rows]
    t, weight = draw_timesteps(BATCH, run.g)
    noise = torch.randn(data.z[rows].shape, generator=run.g)
    seen = torch.cat([noised(data.z[rows], t, noise), shown], dim=1)
    with torch.autocast("cpu", torch.bfloat16), sdpa_kernel(SDPBackend.MATH):
        predicted = run.model(seen, t, context).float()
    where = shown[:, :1] + KEPT
    error = ((predicted - noise).square() * where).sum((1, 2, 3)) / where.sum((1, 2, 3)) / 4
    return (error * weight).mean()


def new_run(seed: int) -> Run:
    """A fresh U-Net and optimiser; everything follows from the seed."""
    torch.manual_seed(seed)
    model = UNet(CONFIG)
    silence_branches(model)
    optimizer = torch.optim.AdamW(
        model.parameters(), RATE, betas=(0.9, 0.99), weight_decay=0.01, fused=True
    )
    return Run(model, optimizer, Generator().manual_seed(seed), decay=0.998)


def export(weights: dict[str, Tensor], target: Path) -> None:
    """Write the averaged weights, in float16, as a denoiser that is a file of its own."""
    tensors = {UNET + k: v.half().contiguous() for k, v in weights.items()}
    facts = {"title": "Loom tiny, inpainting", "license": "Apache-2.0", "native_size": "128"}
    target.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, target, facts)


def main(arguments: argparse.Namespace) -> None:
    """Train and write the file."""
    torch.set_num_threads(arguments.threads)
    lessons = arguments.work / "inpaint-lessons.pt"
    data = load(lessons, lambda: prepare(arguments.work, arguments.seed))
    path, run = arguments.work / CHECKPOINT, new_run(arguments.seed)
    train(run, path, arguments.steps, RATE, lambda run: loss_of(run, data))
    export(averaged(path), arguments.target)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", type=Path)
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    main(parser.parse_args())
