"""Train a ControlNet that draws along edges (Zhang et al. 2023), on the frozen shipped U-Net.

It begins as a copy of the U-Net's way down whose outputs are multiplied by zero. Half of the
captions are left out, so that it learns to see from the edges what is there.

    python -m tools.train_tiny.train_control models/controlnet/loom-tiny-canny.safetensors
"""

import argparse
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Generator, Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from engine.diffusion.networks.control_net import ControlNet, ControlNetConfig
from engine.diffusion.networks.unet import UNet
from engine.media.edges import canny
from tools.train_tiny import train_unet
from tools.train_tiny.compose import load_sprites
from tools.train_tiny.data import WORK
from tools.train_tiny.diffusion import noise_loss
from tools.train_tiny.lessons import Lessons, load, load_shipped, prepare
from tools.train_tiny.loop import Run, averaged, train

CONFIG = ControlNetConfig(unet=train_unet.CONFIG)
RATE = 5e-4
BATCH = 32
DROP = 0.5
COUNT = 8192
CHECKPOINT = WORK / "control.pt"


def edges_of(pictures: Tensor, g: Generator) -> tuple[Tensor, Tensor]:
    """The pictures, and their edges at thresholds drawn around the node's defaults."""
    low, high = (torch.rand(2, generator=g) * 0.3 + torch.tensor([0.1, 0.4])).tolist()
    edges = canny((pictures / 2 + 0.5).permute(0, 2, 3, 1), low, high)
    return pictures, edges[:, None].to(torch.uint8)


def copy_of(unet: UNet) -> ControlNet:
    """A control network that knows what the U-Net knows and adds nothing yet."""
    net = ControlNet(CONFIG)
    net.load_state_dict(unet.state_dict(), strict=False)
    silent = [*net.zero_convs, net.middle_block_out, net.input_hint_block[-1:]]
    for stage in silent:
        nn.init.zeros_(stage[0].weight)
        nn.init.zeros_(stage[0].bias)
    return net


def loss_of(run: Run, unet: UNet, data: Lessons) -> Tensor:
    """Noise error of one batch, steered by its edges."""
    rows = torch.randint(len(data.z), (BATCH,), generator=run.g)
    kept = torch.rand(BATCH, generator=run.g) >= DROP
    context = data.context[data.caption[rows].where(kept, 0)]
    picture = data.shown[rows].float().expand(-1, 3, -1, -1)

    def steered(x: Tensor, t: Tensor, context: Tensor) -> Tensor:
        hint = run.model.hint(picture)
        return unet(x, t, context, control=run.model(x, t, context, None, hint))

    with torch.autocast("cpu", torch.bfloat16), sdpa_kernel(SDPBackend.MATH):
        return noise_loss(steered, data.z[rows], context, run.g)


def new_run(unet: UNet, seed: int) -> Run:
    """A fresh control network and optimiser; everything follows from the seed."""
    torch.manual_seed(seed)
    net = copy_of(unet)
    optimizer = torch.optim.AdamW(
        net.parameters(), RATE, betas=(0.9, 0.99), weight_decay=0.01, fused=True
    )
    return Run(net, optimizer, Generator().manual_seed(seed), decay=0.995)


def export(checkpoint: Path, target: Path) -> None:
    """Write the averaged weights in the layout of the original files, float16."""
    tensors = {f"control_model.{k}": v.half() for k, v in averaged(checkpoint).items()}
    target.parent.mkdir(parents=True, exist_ok=True)
    facts = {"title": "Loom tiny, edges", "license": "Apache-2.0"}
    save_file(tensors, target, facts)
    print(f"{len(tensors)} tensors, {target.stat().st_size / 1e6:.1f} MB -> {target}")


def main(arguments: argparse.Namespace) -> None:
    """Train and write the file."""
    torch.set_num_threads(arguments.threads)
    work, seed, shipped = arguments.work, arguments.seed, load_shipped()
    sprites = work / "sprites.npz"
    make = lambda: prepare(shipped, load_sprites(sprites), edges_of, COUNT, seed)  # noqa: E731
    data, path = load(work / "control-lessons.pt", make), work / CHECKPOINT.name
    run = new_run(shipped.unet, seed)
    train(run, path, arguments.steps, RATE, lambda run: loss_of(run, shipped.unet, data))
    export(path, arguments.target)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", type=Path)
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    main(parser.parse_args())
