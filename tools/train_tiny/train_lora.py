"""Train a LoRA (Hu et al. 2021) on the shipped U-Net: everything becomes a blueprint.

The frozen weights get a product of two thin matrices added; only these are learnt and shipped.

    python -m tools.train_tiny.train_lora models/loras/loom-tiny-blueprint.safetensors
"""

import argparse
import copy
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Generator, Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

from engine.diffusion.networks.unet import UNet
from engine.media.edges import LUMA
from tools.train_tiny.compose import load_sprites
from tools.train_tiny.data import WORK
from tools.train_tiny.diffusion import noise_loss
from tools.train_tiny.lessons import Lessons, load, load_shipped, prepare
from tools.train_tiny.loop import Run, averaged, train

RANK = 8
RATE = 2e-3
BATCH = 32
DROP = 0.1
COUNT = 4096
CHECKPOINT = WORK / "lora.pt"
PAPER, INK = (0.09, 0.24, 0.52), (0.93, 0.96, 1.0)


def blueprint(pictures: Tensor, g: Generator) -> tuple[Tensor, Tensor]:
    """White lines on blue where brightness changes: b 3 h w in [-1, 1] to the same."""
    grey = (pictures / 2 + 0.5).mul(torch.tensor(LUMA).view(3, 1, 1)).sum(1, keepdim=True)
    grey = F.avg_pool2d(F.pad(grey, (2, 2, 2, 2), mode="replicate"), 3, stride=1)
    right, down = (
        grey[..., 1:-1, 2:] - grey[..., 1:-1, :-2],
        grey[..., 2:, 1:-1] - grey[..., :-2, 1:-1],
    )
    line = (6 * (right.square() + down.square()).sqrt()).clamp(0, 1)  # b 1 h w
    paper, ink = (torch.tensor(colour).view(3, 1, 1) for colour in (PAPER, INK))
    return (paper + (ink - paper) * line) * 2 - 1, torch.empty(len(pictures), 0)


class Lora(nn.Module):
    """Thin matrices for every weight of a U-Net's blocks, by the weight's name."""

    def __init__(self, unet: UNet, rank: int = RANK) -> None:
        super().__init__()
        weights = {n: w for n, w in unet.named_parameters() if _is_changed(n, w)}
        self.names = {name.replace(".", "_"): name for name in weights}
        flat = {key: weights[name].flatten(1) for key, name in self.names.items()}
        self.up = nn.ParameterDict({k: torch.zeros(len(w), rank) for k, w in flat.items()})
        self.down = nn.ParameterDict(
            {k: torch.randn(rank, w.shape[1]) * w.shape[1] ** -0.5 for k, w in flat.items()}
        )

    def changed(self, unet: UNet) -> dict[str, Tensor]:
        """The U-Net's weights with the products added."""
        plain = dict(unet.named_parameters())
        return {
            name: plain[name] + (self.up[key] @ self.down[key]).view_as(plain[name])
            for key, name in self.names.items()
        }


def _is_changed(name: str, weight: Tensor) -> bool:
    """Matrices and convolutions of the blocks; not the first and last layer, nor time."""
    in_blocks = name.startswith(("input_blocks.", "middle_block.", "output_blocks."))
    return in_blocks and weight.ndim > 1 and name != "input_blocks.0.0.weight"


def loss_of(run: Run, unet: UNet, data: Lessons) -> Tensor:
    """Noise error of one batch of blueprints."""
    rows = torch.randint(len(data.z), (BATCH,), generator=run.g)
    kept = torch.rand(BATCH, generator=run.g) >= DROP
    context = data.context[data.caption[rows].where(kept, 0)]
    weights = run.model.changed(unet)

    def changed(x: Tensor, t: Tensor, context: Tensor) -> Tensor:
        return functional_call(unet, weights, (x, t, context))

    with torch.autocast("cpu", torch.bfloat16), sdpa_kernel(SDPBackend.MATH):
        return noise_loss(changed, data.z[rows], context, run.g)


def new_run(unet: UNet, seed: int) -> Run:
    """Fresh matrices and optimiser; everything follows from the seed."""
    torch.manual_seed(seed)
    lora = Lora(unet)
    optimizer = torch.optim.AdamW(lora.parameters(), RATE, betas=(0.9, 0.99), weight_decay=0.0)
    return Run(lora, optimizer, Generator().manual_seed(seed), decay=0.99)


def export(unet: UNet, checkpoint: Path, target: Path, rank: int = RANK) -> None:
    """Write the averaged matrices under kohya's names, float16."""
    weights, found = averaged(checkpoint), {}
    shapes = dict(unet.named_parameters())
    for key, name in Lora(unet, rank).names.items():
        base = "lora_unet_" + name.removesuffix(".weight").replace(".", "_")
        down = weights[f"down.{key}"].reshape(rank, *shapes[name].shape[1:])
        up = weights[f"up.{key}"].reshape(-1, rank, *[1] * (down.ndim - 2))
        found[f"{base}.lora_down.weight"] = down.half().contiguous()
        found[f"{base}.lora_up.weight"] = up.half().contiguous()
        found[f"{base}.alpha"] = torch.tensor(float(rank)).half()
    target.parent.mkdir(parents=True, exist_ok=True)
    facts = {"ss_network_dim": str(rank), "ss_output_name": target.stem, "license": "Apache-2.0"}
    save_file(found, target, facts)
    print(f"{len(found)} tensors, {target.stat().st_size / 1e6:.1f} MB -> {target}")


def merge(unet: UNet, path: Path) -> UNet:
    """A copy of the U-Net with the products of a file of :func:`export` added to its weights."""
    found, merged = load_file(path), copy.deepcopy(unet)
    for name, weight in merged.named_parameters():
        base = "lora_unet_" + name.removesuffix(".weight").replace(".", "_")
        if f"{base}.alpha" in found:
            up, down = (found[f"{base}.lora_{w}.weight"].float().flatten(1) for w in ("up", "down"))
            scale = float(found[f"{base}.alpha"]) / len(down)
            weight.data += scale * (up @ down).view_as(weight)
    return merged


def main(arguments: argparse.Namespace) -> None:
    """Train and write the file."""
    torch.set_num_threads(arguments.threads)
    work, seed, shipped = arguments.work, arguments.seed, load_shipped()
    sprites = work / "sprites.npz"
    make = lambda: prepare(shipped, load_sprites(sprites), blueprint, COUNT, seed)  # noqa: E731
    data, path = load(work / "lora-lessons.pt", make), work / CHECKPOINT.name
    run = new_run(shipped.unet, seed)
    train(run, path, arguments.steps, RATE, lambda run: loss_of(run, shipped.unet, data), every=100)
    export(shipped.unet, path, arguments.target)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", type=Path)
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    main(parser.parse_args())
