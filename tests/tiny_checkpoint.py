"""Whole checkpoints, random and tiny, for tests without weights; that of SD 1.x first."""

import re
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from engine.diffusion.networks.autoencoder import AutoencoderConfig, AutoencoderKL
from engine.diffusion.networks.clip_text import ClipText, ClipTextConfig
from engine.diffusion.networks.unet import UNet, UNetConfig

UNET = UNetConfig(
    model_channels=32,
    channel_mult=(1, 2),
    num_res_blocks=1,
    attention_depth=(1, 1),
    context_dim=64,
)
CLIP = ClipTextConfig(vocab_size=8706, width=64, layers=2, heads=1)
VAE = AutoencoderConfig(channels=16, channel_mult=(1, 1, 1, 1), num_res_blocks=1)


def tiny_tensors(seed: int = 0) -> dict[str, Tensor]:
    """The tensors of such a checkpoint, float32."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        parts: dict[str, nn.Module] = {
            "model.diffusion_model.": UNet(UNET),
            "cond_stage_model.transformer.": ClipText(CLIP),
            "first_stage_model.": AutoencoderKL(VAE),
        }
    states = {prefix: network.state_dict() for prefix, network in parts.items()}
    return {prefix + k: t for prefix, state in states.items() for k, t in state.items()}


def write_tiny_checkpoint(path: Path, seed: int = 0) -> Path:
    """Write a random checkpoint of about 7 MB for pictures of 128 x 128; returns its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tiny_tensors(seed), path)
    return path


def open_clip_layout(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """A text encoder's tensors as OpenCLIP names and fuses them."""
    found: dict[str, Tensor] = {"logit_scale": torch.ones(())}
    for name, tensor in state.items():
        block = re.sub(r"text_model\.encoder\.layers\.(\d+)\.", r"transformer.resblocks.\1.", name)
        for ours, theirs in _OPEN_CLIP:
            block = block.replace(ours, theirs)
        if ".q_proj." in name:
            parts = [state[name.replace(".q_proj.", f".{part}_proj.")] for part in "qkv"]
            fused = block.replace("self_attn.q_proj.", "attn.in_proj_")
            found[fused] = torch.cat(parts)
        elif ".k_proj." not in name and ".v_proj." not in name:
            found[block] = tensor.T.contiguous() if block == "text_projection" else tensor
    return found


_OPEN_CLIP = (
    ("text_model.embeddings.token_embedding", "token_embedding"),
    ("text_model.embeddings.position_embedding.weight", "positional_embedding"),
    ("text_model.final_layer_norm", "ln_final"),
    ("text_projection.weight", "text_projection"),
    ("layer_norm", "ln_"),
    ("mlp.fc1", "mlp.c_fc"),
    ("mlp.fc2", "mlp.c_proj"),
    ("self_attn.out_proj", "attn.out_proj"),
)
