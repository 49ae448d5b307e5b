"""Checkpoints of the latent diffusion paper, random and tiny, in their published layouts."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tests.paper_layouts import Layout, autoencoder, bert, unet, with_prefix

_ALONE: dict[str, Any] = {
    "in_channels": 3,
    "out_channels": 3,
    "model_channels": 32,
    "attention_resolutions": (2,),
    "num_res_blocks": 1,
    "channel_mult": (1, 2),
    "num_head_channels": 32,
}
_BLOCKS = {"resblock_updown": True}
_TOKENS = {"use_spatial_transformer": True, "transformer_depth": 1}
#: The U-Net of each task.
UNETS: dict[str, dict[str, Any]] = {
    "unconditional": _ALONE,
    "churches": _ALONE
    | _BLOCKS
    | {"in_channels": 4, "out_channels": 4, "use_scale_shift_norm": True},
    "inpainting": _ALONE | _BLOCKS | {"in_channels": 7},
    "super-resolution": _ALONE | {"in_channels": 6},
    "semantic": _ALONE | {"in_channels": 6, "attention_resolutions": (8,)},
    "class": _ALONE | _TOKENS | {"context_dim": 24},
    "class-f8": _ALONE | _TOKENS | {"in_channels": 4, "out_channels": 4, "context_dim": 24},
    "text": _ALONE | _TOKENS | {"context_dim": 40},
    "text-large": _ALONE | _TOKENS | {"in_channels": 4, "out_channels": 4, "context_dim": 40},
    "layout": _ALONE | _TOKENS | {"context_dim": 40, "transformer_depth": 2},
}
#: First stages: with a codebook at f4, or for four channels at f8.
_VQ = autoencoder((1, 1, 1), (), 3, 32, ch=16, blocks=1)
_KL = autoencoder((1, 1, 1, 1), (), 4, None, ch=16, blocks=1)
_VQ8 = autoencoder((1, 1, 1, 1), (3,), 4, 32, ch=16, blocks=1)
STAGES = {"churches": _KL, "text-large": _KL, "class-f8": _VQ8}
CONDITIONS: dict[str, Layout] = {
    "semantic": {"channel_mapper.weight": (3, 12, 1, 1)},
    "class": {"embedding.weight": (1001, 24)},
    "class-f8": {"embedding.weight": (1000, 24)},
    "text": with_prefix("transformer.", bert(40, 2, 2400)),
    "text-large": with_prefix("transformer.", bert(40, 2, 2400)),
    "layout": with_prefix("transformer.", bert(40, 2, 8192, 92)),
}
BETAS = {
    "churches": (0.0015, 0.0155),
    "inpainting": (0.0015, 0.0205),
    "super-resolution": (0.0015, 0.0155),
    "semantic": (0.0015, 0.0205),
    "text-large": (0.00085, 0.012),
    "layout": (0.0015, 0.0205),
}
#: What the weights that training averaged are of the others.
AVERAGED = 0.9
#: Deviation of the churches' latents, which only their checkpoint tells.
SCALE = 0.22


def tiny_paper(kind: str, seed: int = 0) -> dict[str, Tensor]:
    """The tensors of a checkpoint, with what training leaves beside the networks."""
    layout = with_prefix("model.diffusion_model.", unet(**UNETS[kind]))
    layout |= with_prefix("first_stage_model.", STAGES.get(kind, _VQ))
    layout |= with_prefix("cond_stage_model.", CONDITIONS.get(kind, {}))
    made = torch.Generator().manual_seed(seed)
    found = {name: _random(name, shape, made) for name, shape in layout.items()}
    first, last = BETAS.get(kind, (0.0015, 0.0195))
    found["betas"] = (
        torch.linspace(first**0.5, last**0.5, 1000, dtype=torch.float64).square().float()
    )
    found["model_ema.decay"] = torch.tensor(0.9999)
    unet_names = [name for name in found if name.startswith("model.diffusion_model.")]
    for name in unet_names:
        averaged = f"model_ema.{name.removeprefix('model.').replace('.', '')}"
        found[averaged] = found[name] * AVERAGED
    if kind == "churches":
        found["scale_factor"] = torch.tensor(SCALE)
    return found


def _random(name: str, shape: tuple[int, ...], made: torch.Generator) -> Tensor:
    """Norms keep their scale, everything else has about the variance of its input."""
    values = torch.randn(shape, generator=made)
    if len(shape) == 1:
        return 1 + values * 0.1 if name.endswith("weight") else values * 0.1
    return values / max(1, values[0].numel()) ** 0.5


def write_tiny_paper(path: Path, kind: str, seed: int = 0) -> Path:
    """Write a random checkpoint as the authors did; returns its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"state_dict": tiny_paper(kind, seed), "global_step": 1}, path)
    return path
