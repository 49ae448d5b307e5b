"""Join the three trained parts into the one shipped file.

The file has the single-file layout of Stable Diffusion 1.x, in float16: averaged weights, the
latent normalisation folded into the autoencoder's two 1x1 convolutions so that the usual constant
latent scale of 0.18215 holds, and a few facts for user interfaces in the metadata.

    python -m tools.train_tiny.export models/checkpoints/loom-tiny.safetensors
"""

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from tools.train_tiny import train_text, train_unet, train_vae
from tools.train_tiny.data import WORK
from tools.train_tiny.diffusion import LATENT_SCALE
from tools.train_tiny.fit_preview import fit_preview
from tools.train_tiny.train_unet import Latents, load_latents, load_vae

UNET, VAE, TEXT = "model.diffusion_model.", "first_stage_model.", "cond_stage_model.transformer."


def fold_normalisation(vae: dict[str, Tensor], mean: Tensor, std: Tensor) -> dict[str, Tensor]:
    """Make ``0.18215 * latent`` have mean 0 and deviation 1 per channel.

    The encoder's last layer then gives (z - mean) / (std * 0.18215), and the decoder's first layer
    undoes it; log-variances move by the same factor. Reconstructions do not change.
    """
    vae, factor = dict(vae), 1 / (std * LATENT_SCALE)
    scale = torch.cat([factor, torch.ones_like(factor)])
    shift = torch.cat([-mean * factor, 2 * factor.log()])
    vae["quant_conv.weight"] = vae["quant_conv.weight"] * scale[:, None, None, None]
    vae["quant_conv.bias"] = vae["quant_conv.bias"] * scale + shift
    weight = vae["post_quant_conv.weight"]  # out in 1 1
    vae["post_quant_conv.bias"] = vae["post_quant_conv.bias"] + weight[:, :, 0, 0] @ mean
    vae["post_quant_conv.weight"] = weight / factor[:, None, None]
    return vae


def joined(
    unet: dict[str, Tensor], vae: dict[str, Tensor], text: dict[str, Tensor], latents: Latents
) -> dict[str, Tensor]:
    """All tensors under the names of a Stable Diffusion 1.x file, in float16."""
    folded = fold_normalisation(vae, latents.mean, latents.std)
    parts = {UNET: unet, VAE: folded, TEXT: text}
    return {
        prefix + name: tensor.detach().half().contiguous()
        for prefix, part in parts.items()
        for name, tensor in part.items()
    }


def metadata(matrix: Tensor, bias: Tensor) -> dict[str, str]:
    """What the tensors do not say, as safetensors metadata (text only)."""
    return {
        "title": "Loom tiny",
        "description": "Illustrations of single objects, trained from scratch for Latent Loom.",
        "license": "Apache-2.0",
        "native_size": "128",
        "prediction": "eps",
        "latent_rgb_factors": json.dumps([[round(v, 4) for v in row] for row in matrix.tolist()]),
        "latent_rgb_bias": json.dumps([round(v, 4) for v in bias.tolist()]),
    }


def export(work: Path, target: Path) -> None:
    """Read the checkpoints in ``work`` and write ``target``."""
    latents = load_latents(work, seed=0)
    unet = train_unet.averaged(work / train_unet.CHECKPOINT.name)
    vae = load_vae(work / train_vae.CHECKPOINT.name)
    text = train_text.load_encoder(work / train_text.CHECKPOINT.name)
    tensors = joined(unet, vae.state_dict(), text.state_dict(), latents)
    facts = metadata(*fit_preview(vae, latents))
    target.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, target, facts)
    print(f"{len(tensors)} tensors, {target.stat().st_size / 1e6:.1f} MB -> {target}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", type=Path)
    parser.add_argument("--work", type=Path, default=WORK)
    arguments = parser.parse_args()
    export(arguments.work, arguments.target)
