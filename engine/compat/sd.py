"""``comfy.sd``: loading models from files."""

from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import Any

from engine.diffusion import checkpoints, files


class CLIPType(Enum):
    """What text encoders are for; ours are recognised by their tensors."""

    STABLE_DIFFUSION = 1
    STABLE_CASCADE = 2
    SD3 = 3
    STABLE_AUDIO = 4
    HUNYUAN_DIT = 5
    FLUX = 6


def load_checkpoint_guess_config(
    ckpt_path: str,
    output_vae: bool = True,
    output_clip: bool = True,
    output_clipvision: bool = False,
    embedding_directory: Any = None,
    output_model: bool = True,
    **more: Any,
) -> tuple[Any, Any, Any, None]:
    """Model, text encoder and autoencoder of a checkpoint; None for what is not wanted."""
    found = checkpoints.load_checkpoint(Path(ckpt_path))
    model, clip, vae = found.model, found.clip, found.vae
    return (
        model if output_model else None,
        clip if output_clip else None,
        vae if output_vae else None,
        None,
    )


def load_diffusion_model(unet_path: str, model_options: Any = None) -> Any:
    """A denoiser that is a file of its own."""
    return files.load_diffusion_model(Path(unet_path))


load_unet = load_diffusion_model


def load_clip(
    ckpt_paths: Sequence[str],
    embedding_directory: Any = None,
    clip_type: CLIPType = CLIPType.STABLE_DIFFUSION,
    model_options: Any = None,
) -> Any:
    """Text encoders that are files of their own."""
    return files.load_text_encoders([Path(path) for path in ckpt_paths])
