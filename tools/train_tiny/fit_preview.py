"""Fit the 4 -> 3 matrix that turns a latent into a small picture without the decoder.

Least squares over training latents: each latent cell against the mean colour of its 8 x 8 pixels.

    python -m tools.train_tiny.fit_preview
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.diffusion.networks.autoencoder import AutoencoderKL
from tools.train_tiny import train_vae
from tools.train_tiny.data import WORK
from tools.train_tiny.train_unet import Latents, load_latents, load_vae


@torch.no_grad()
def fit_preview(vae: AutoencoderKL, latents: Latents, count: int = 256) -> tuple[Tensor, Tensor]:
    """Return factors (4, 3) and bias (3,): rgb in [-1, 1] = latent @ factors + bias.

    The latent is the model's own, of unit deviation: what the sampler sees.
    """
    z = latents.z[:count]
    pictures = vae.decode(z * latents.std[:, None, None] + latents.mean[:, None, None])
    rgb = F.avg_pool2d(pictures, 8).permute(0, 2, 3, 1).reshape(-1, 3)  # b 3 16 16 -> (b h w) 3
    cells = z.permute(0, 2, 3, 1).reshape(-1, 4)  # b 4 16 16 -> (b h w) 4
    design = torch.cat([cells, torch.ones(len(cells), 1)], 1)
    solution = torch.linalg.lstsq(design, rgb).solution
    return solution[:4], solution[4]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=WORK)
    work = parser.parse_args().work
    matrix, bias = fit_preview(load_vae(work / train_vae.CHECKPOINT.name), load_latents(work, 0))
    print("factors", matrix.tolist(), "bias", bias.tolist(), sep="\n")
