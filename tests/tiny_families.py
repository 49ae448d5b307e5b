"""Whole checkpoints of every family of U-Nets, random and tiny, in their published layouts."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from engine.diffusion.networks.autoencoder import AutoencoderConfig, AutoencoderKL
from engine.diffusion.networks.clip_text import ClipText, ClipTextConfig
from engine.diffusion.networks.clip_vision import ClipVision, ClipVisionConfig
from engine.diffusion.networks.unet import UNet, UNetConfig
from tests import tiny_checkpoint
from tests.tiny_checkpoint import open_clip_layout

L = tiny_checkpoint.CLIP
H = ClipTextConfig(vocab_size=8706, width=128, layers=3, heads=2, projection=128)
G = replace(H, projection=96)
VISION = ClipVisionConfig(128, 2, 2, 256, image_size=28, patch_size=14, projection=48)

SD1 = tiny_checkpoint.UNET
SD2 = UNetConfig(
    model_channels=64,
    channel_mult=(1, 2),
    num_res_blocks=1,
    attention_depth=(1, 0),
    context_dim=128,
    heads=None,
    linear_projection=True,
)
SDXL = replace(
    SD2, attention_depth=(0, 2), middle_depth=2, context_dim=192, vector_channels=96 + 6 * 256
)
REFINER = replace(
    SD2, channel_mult=(1, 1, 1), attention_depth=(0, 1, 0), vector_channels=96 + 5 * 256
)
X4 = replace(SD2, in_channels=7, heads=8, only_cross=(True, False), classes=1000)
VAE = tiny_checkpoint.VAE
VAE_X4 = replace(VAE, channel_mult=(1, 1, 1))

#: The parts of each kind of checkpoint; text encoders of the second kind are in OpenCLIP's layout.
KINDS: dict[str, tuple[UNetConfig, dict[str, ClipTextConfig], AutoencoderConfig]] = {
    "sd1": (SD1, {"cond_stage_model.transformer.": L}, VAE),
    "sd1-inpaint": (replace(SD1, in_channels=9), {"cond_stage_model.transformer.": L}, VAE),
    "sd1-edit": (replace(SD1, in_channels=8), {"cond_stage_model.transformer.": L}, VAE),
    "sd2": (SD2, {"cond_stage_model.model.": H}, VAE),
    "sd2-inpaint": (replace(SD2, in_channels=9), {"cond_stage_model.model.": H}, VAE),
    "sd2-depth": (replace(SD2, in_channels=5), {"cond_stage_model.model.": H}, VAE),
    "unclip": (replace(SD2, vector_channels=96), {"cond_stage_model.model.": H}, VAE),
    "sdxl": (
        SDXL,
        {"conditioner.embedders.0.transformer.": L, "conditioner.embedders.1.model.": G},
        VAE,
    ),
    "sdxl-inpaint": (
        replace(SDXL, in_channels=9),
        {"conditioner.embedders.0.transformer.": L, "conditioner.embedders.1.model.": G},
        VAE,
    ),
    "sdxl-edit": (
        replace(SDXL, in_channels=8),
        {"conditioner.embedders.0.transformer.": L, "conditioner.embedders.1.model.": G},
        VAE,
    ),
    "refiner": (REFINER, {"conditioner.embedders.0.model.": G}, VAE),
    "x4": (X4, {"cond_stage_model.model.": H}, VAE_X4),
}


def tiny_family(kind: str, seed: int = 0) -> dict[str, Tensor]:
    """The tensors of a checkpoint of a kind, float32."""
    unet, texts, vae = KINDS[kind]
    found = _random("model.diffusion_model.", lambda: UNet(unet), seed)
    found |= _random("first_stage_model.", lambda: AutoencoderKL(vae), seed)
    for prefix, config in texts.items():
        state = _random("", lambda config=config: ClipText(config), seed)
        named = open_clip_layout(state) if prefix.endswith(".model.") else state
        found |= {prefix + k: t.contiguous() for k, t in named.items()}
    if kind == "unclip":
        found |= unclip_tensors(seed)
    return found


def unclip_tensors(seed: int) -> dict[str, Tensor]:
    """The vision encoder of a Stable unCLIP checkpoint, with the statistics of what it gives."""
    state = _random("", lambda: ClipVision(VISION), seed)
    found = {f"embedder.model.visual.{k}": t for k, t in vision_layout(state).items()}
    n = VISION.projection
    return found | {
        "noise_augmentor.data_mean": torch.full((1, n), 0.1),
        "noise_augmentor.data_std": torch.full((1, n), 2.0),
    }


def vision_layout(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """A vision encoder's tensors as OpenCLIP names and fuses them."""
    names = (
        ("vision_model.encoder.layers.", "text_model.encoder.layers."),
        ("vision_model.embeddings.class_embedding", "class_embedding"),
        ("vision_model.embeddings.position_embedding.weight", "positional_embedding"),
        ("vision_model.embeddings.patch_embedding", "conv1"),
        ("vision_model.pre_layrnorm", "ln_pre"),
        ("vision_model.post_layernorm", "ln_post"),
        ("visual_projection.weight", "proj"),
    )
    renamed = {}
    for key, tensor in state.items():
        name = key
        for ours, theirs in names:
            name = name.replace(ours, theirs)
        renamed[name] = tensor.T.contiguous() if name == "proj" else tensor
    fused = open_clip_layout(renamed)
    return {k: t for k, t in fused.items() if k != "logit_scale"}


def write_tiny_family(path: Path, kind: str, seed: int = 0) -> Path:
    """Write a random checkpoint of a kind; returns its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tiny_family(kind, seed), path)
    return path


def _random(prefix: str, make: Callable[[], nn.Module], seed: int) -> dict[str, Tensor]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return {prefix + k: t for k, t in make().state_dict().items()}
