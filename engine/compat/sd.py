"""``comfy.sd``: loading models from files, and what is loaded."""

from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

from torch import Tensor

from engine.diffusion import checkpoints, files
from engine.diffusion.adapters.files import adapter_in_memory, with_adapter

from .clip_face import CLIP
from .faces import put_on, take_off
from .vae_face import VAE

__all__ = ["CLIP", "VAE"]


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
    model, clip, vae = (put_on(part) for part in (found.model, found.clip, found.vae))
    return (
        model if output_model else None,
        clip if output_clip else None,
        vae if output_vae else None,
        None,
    )


def load_diffusion_model(unet_path: str, model_options: Any = None) -> Any:
    """A denoiser that is a file of its own."""
    return put_on(files.load_diffusion_model(Path(unet_path)))


load_unet = load_diffusion_model


def load_clip(
    ckpt_paths: Sequence[str],
    embedding_directory: Any = None,
    clip_type: CLIPType = CLIPType.STABLE_DIFFUSION,
    model_options: Any = None,
) -> Any:
    """Text encoders that are files of their own."""
    return put_on(files.load_text_encoders([Path(path) for path in ckpt_paths]))


def load_lora_for_models(
    model: Any,
    clip: Any,
    lora: Mapping[str, Tensor],
    strength_model: float,
    strength_clip: float,
) -> tuple[Any, Any]:
    """A model and text encoders that an adapter has changed; either may be None.

    Args:
        model: the denoiser.
        clip: the text encoders.
        lora: tensors by the file's names.
        strength_model: how far to go; 0 changes nothing.
        strength_clip: the same for the text encoders.
    """
    adapter = adapter_in_memory(lora)
    own = with_adapter(adapter, take_off(model), take_off(clip), strength_model, strength_clip)
    changed, encoders = (put_on(value) for value in own)
    return changed, encoders
