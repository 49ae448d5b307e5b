"""Train a class-conditional model on the shipped autoencoder's latents: one token says which class.

The layout is that of ``cin256-v2`` (Rombach et al. 2022, section 4.2): a table holds a vector for
each class, the U-Net attends to it, and one more class stands for none, so that guidance works. The
autoencoder stays where it is, in the shipped file.

    python -m tools.train_tiny.train_class models/checkpoints/loom-tiny-class.safetensors
"""

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Generator, Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from engine.diffusion.networks.condition_stages import ClassTable
from engine.diffusion.networks.unet import UNet, UNetConfig
from tools.train_tiny.compose import draw_scenes, load_sprites, paint
from tools.train_tiny.concepts import CONCEPTS
from tools.train_tiny.data import WORK
from tools.train_tiny.diffusion import LATENT_SCALE, noise_loss, sample, signal_levels
from tools.train_tiny.export import UNET
from tools.train_tiny.grid import sheet
from tools.train_tiny.lessons import SHIPPED, load_shipped
from tools.train_tiny.loop import Run, averaged, train
from tools.train_tiny.train_unet import silence_branches

CONFIG = UNetConfig(
    model_channels=32,
    channel_mult=(1, 2, 2),
    num_res_blocks=1,
    attention_depth=(0, 0, 1),
    context_dim=64,
    heads=None,
    head_channels=32,
)
NONE = len(CONCEPTS)
"""The class that stands for none."""
RATE = 2e-3
BATCH = 64
DROP = 0.1  # share of classes replaced by none
COUNT = 2048  # compositions
CHECKPOINT = "class.pt"


class ClassModel(nn.Module):
    """The denoiser together with the table that it attends to."""

    def __init__(self) -> None:
        super().__init__()
        self.unet = UNet(CONFIG)
        self.cond_stage_model = ClassTable(NONE + 1, CONFIG.context_dim)

    def forward(self, x: Tensor, t: Tensor, classes: Tensor) -> Tensor:
        """Predicted noise of ``b 4 h w`` at timesteps ``b`` for classes ``b``."""
        return self.unet(x, t, self.cond_stage_model(classes))


@torch.no_grad()
def prepare(work: Path, seed: int) -> tuple[Tensor, Tensor]:
    """Scaled latents of compositions in the first style, ``n 4 16 16``, and their classes, once."""
    path = work / "class-lessons.pt"
    if not path.exists():
        vae, sprites = load_shipped(SHIPPED).vae, load_sprites(work / "sprites.npz")
        g, latents, classes = Generator().manual_seed(seed), [], []
        for _ in range(COUNT // 64):
            scenes = draw_scenes(64, g)
            scenes.style.zero_()
            latents.append(vae.encode(paint(scenes, sprites, g)) * LATENT_SCALE)
            classes.append(scenes.concept)
        torch.save((torch.cat(latents), torch.cat(classes)), path)
    z, classes = torch.load(path, weights_only=True)
    return z, classes


def loss_of(run: Run, z: Tensor, classes: Tensor) -> Tensor:
    """Noise error of one batch, some classes dropped."""
    rows = torch.randint(len(z), (BATCH,), generator=run.g)
    kept = torch.rand(BATCH, generator=run.g) >= DROP
    with torch.autocast("cpu", torch.bfloat16), sdpa_kernel(SDPBackend.MATH):
        return noise_loss(run.model, z[rows], classes[rows].where(kept, NONE), run.g)


def new_run(seed: int) -> Run:
    """A fresh model and optimiser; everything follows from the seed."""
    torch.manual_seed(seed)
    model = ClassModel()
    silence_branches(model.unet)
    optimizer = torch.optim.AdamW(
        model.parameters(), RATE, betas=(0.9, 0.99), weight_decay=0.01, fused=True
    )
    return Run(model, optimizer, Generator().manual_seed(seed), decay=0.998)


def export(weights: dict[str, Tensor], target: Path) -> None:
    """Write the averaged weights as the paper's checkpoints are, names of classes in the header."""
    tensors = {k.replace("unet.", UNET, 1): v.half().contiguous() for k, v in weights.items()}
    levels = signal_levels().double()
    tensors["betas"] = (1 - levels / torch.cat([torch.ones(1).double(), levels[:-1]])).float()
    tensors["scale_factor"] = torch.tensor(LATENT_SCALE)
    facts = {
        "title": "Loom tiny, by class",
        "license": "Apache-2.0",
        "native_size": "128",
        "class_names": json.dumps([*CONCEPTS, "none"]),
    }
    target.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, target, facts)


@torch.no_grad()
def draw_grid(weights: dict[str, Tensor], target: Path) -> None:
    """Draw every class once, and none, from one seed."""
    model = ClassModel()
    model.load_state_dict(weights)
    classes = torch.arange(NONE + 1)
    noise = torch.randn(len(classes), 4, 16, 16, generator=Generator().manual_seed(1))
    z = sample(model.eval(), noise, classes, torch.tensor([NONE]), steps=25, cfg=2.5)
    pictures = (load_shipped().vae.decode(z / LATENT_SCALE) / 2 + 0.5).clamp(0, 1)
    sheet(pictures, [*CONCEPTS, "none"]).save(target, quality=80, method=6)


def main(arguments: argparse.Namespace) -> None:
    """Train and write the file."""
    torch.set_num_threads(arguments.threads)
    z, classes = prepare(arguments.work, arguments.seed)
    path, run = arguments.work / CHECKPOINT, new_run(arguments.seed)
    train(run, path, arguments.steps, RATE, lambda run: loss_of(run, z, classes))
    export(averaged(path), arguments.target)
    draw_grid(averaged(path), arguments.work / "class-grid.webp")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", type=Path)
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--steps", type=int, default=3400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    main(parser.parse_args())
