"""Train the denoiser on precomputed latents, with the text encoder frozen.

Thousands of compositions are encoded once, with one caption each, so that the training itself
spends no time in the autoencoder or the text encoder. Latents are normalised per channel; export.py
folds that into the shipped autoencoder.

    python -m tools.train_tiny.train_unet --steps 7000
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Generator, Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from engine.diffusion.networks.autoencoder import AutoencoderKL
from engine.diffusion.networks.clip_text import ClipText
from engine.diffusion.networks.unet import ResBlock, SpatialTransformer, UNet, UNetConfig
from engine.diffusion.text.tokenizer import Tokenizer
from tools.train_tiny import train_text, train_vae
from tools.train_tiny.compose import Sprites, caption, draw_scenes, load_sprites, paint
from tools.train_tiny.data import WORK
from tools.train_tiny.diffusion import noise_loss
from tools.train_tiny.loop import Run, averaged, train

CONFIG = UNetConfig(
    model_channels=64,
    channel_mult=(1, 2, 3),
    num_res_blocks=1,
    attention_depth=(0, 1, 1),
    context_dim=train_text.CONFIG.width,
)
RATE = 1e-3
BATCH = 48
DROP = 0.1  # share of captions replaced by the empty one, for classifier-free guidance
COUNT = 12288  # precomputed compositions
CHECKPOINT = WORK / "unet.pt"


@dataclass(frozen=True)
class Latents:
    """Everything the training reads.

    Attributes:
        z: normalised latents, n 4 16 16.
        caption: row of each latent's caption in ``context``, (n,).
        context: distinct captions, encoded, m 77 d; row 0 is the empty caption.
        mean: per latent channel, before normalisation, (4,).
        std: likewise.
    """

    z: Tensor
    caption: Tensor
    context: Tensor
    mean: Tensor
    std: Tensor


def load_vae(path: Path) -> AutoencoderKL:
    """The trained autoencoder, frozen."""
    vae = AutoencoderKL(train_vae.CONFIG)
    vae.load_state_dict(averaged(path))
    return vae.eval().requires_grad_(False)


@torch.no_grad()
def encode_captions(texts: list[str], encoder: ClipText) -> Tensor:
    """Captions -> m 77 d in bfloat16."""
    tokens = train_text.tokenize(texts, Tokenizer(train_text.CONFIG.vocab_size))
    with torch.autocast("cpu", torch.bfloat16):
        return torch.cat([encoder(chunk).bfloat16() for chunk in tokens.split(64)])


@torch.no_grad()
def precompute(vae: AutoencoderKL, encoder: ClipText, sprites: Sprites, seed: int) -> Latents:
    """Draw, paint, describe and encode COUNT scenes."""
    g = Generator().manual_seed(seed)
    moments, texts = [], []
    for _ in range(COUNT // 64):
        scenes = draw_scenes(64, g)
        moments.append(vae.encode(paint(scenes, sprites, g)))
        rows = zip(
            *(t.tolist() for t in (scenes.concept, scenes.style, scenes.colour)), strict=True
        )
        texts += [caption(*row, g) for row in rows]
    z = torch.cat(moments)
    mean, std = z.mean((0, 2, 3)), z.std((0, 2, 3))
    distinct = ["", *sorted(set(texts))]
    row = {text: i for i, text in enumerate(distinct)}
    z = (z - mean[:, None, None]) / std[:, None, None]
    index = torch.tensor([row[text] for text in texts])
    return Latents(z, index, encode_captions(distinct, encoder), mean, std)


def load_latents(work: Path, seed: int) -> Latents:
    """Read the precomputed latents, or compute them from the two trained parts."""
    path = work / "latents.pt"
    if not path.exists():
        vae = load_vae(work / train_vae.CHECKPOINT.name)
        encoder = train_text.load_encoder(work / train_text.CHECKPOINT.name)
        made = precompute(vae, encoder, load_sprites(work / "sprites.npz"), seed)
        torch.save(vars(made), path)
    return Latents(**torch.load(path, weights_only=True))


def silence_branches(model: UNet) -> None:
    """Zero the last layer of every residual branch and of the network: it starts as identity."""
    lasts = [model.out[-1]]
    for module in model.modules():
        if isinstance(module, ResBlock):
            lasts.append(module.out_layers[-1])
        elif isinstance(module, SpatialTransformer):
            lasts.append(module.proj_out)
    for layer in lasts:
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)


def loss_of(run: Run, data: Latents) -> Tensor:
    """Noise error of one batch, some captions dropped.

    The fused attention's backward pass is slow on CPUs for these narrow heads: plain products.
    """
    rows = torch.randint(len(data.z), (BATCH,), generator=run.g)
    kept = torch.rand(BATCH, generator=run.g) >= DROP
    context = data.context[data.caption[rows].where(kept, 0)]
    with torch.autocast("cpu", torch.bfloat16), sdpa_kernel(SDPBackend.MATH):
        return noise_loss(run.model, data.z[rows], context, run.g)


def new_run(seed: int) -> Run:
    """A fresh U-Net and optimiser; everything follows from the seed."""
    torch.manual_seed(seed)
    model = UNet(CONFIG)
    silence_branches(model)
    optimizer = torch.optim.AdamW(
        model.parameters(), RATE, betas=(0.9, 0.99), weight_decay=0.01, fused=True
    )
    return Run(model, optimizer, Generator().manual_seed(seed), decay=0.999)


def main(arguments: argparse.Namespace) -> None:
    """Train and save."""
    torch.set_num_threads(arguments.threads)
    data = load_latents(arguments.work, arguments.seed)
    path = arguments.work / CHECKPOINT.name
    train(new_run(arguments.seed), path, arguments.steps, RATE, lambda run: loss_of(run, data))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--steps", type=int, default=7000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    main(parser.parse_args())
