"""Latents as files."""

from datetime import datetime
from pathlib import Path

import torch
from safetensors.torch import save_file

from engine.api import Context, File, Latent, ModelFileError, Output, Text, node, saved_image
from engine.diffusion.weights import read_tensors
from engine.fast_json import ascii_text
from engine.folders import LATENT_SUFFIX
from engine.media.naming import save_name, save_numbered

HIDDEN = {"prompt": "PROMPT", "extra_pnginfo": "EXTRA_PNGINFO"}
#: What files without the mark of the first version are multiplied by: they hold scaled latents.
OLD_SCALE = 1 / 0.18215
TENSOR, MARK = "latent_tensor", "latent_format_version_0"


@node("SaveLatent", category="_for_testing", lane="host", is_output=True, hidden=HIDDEN)
def save_latent(
    *, samples: Latent, filename_prefix: Text() = "latents/ComfyUI", ctx: Context
) -> Output:
    """Save a latent to the output folder, with the workflow inside.

    Args:
        samples: the latent; only its numbers are saved, no masks.
        filename_prefix: begins the file name; may hold folders, %year% and so on.
    """
    root = ctx.folders.root("output")
    tensors = {TENSOR: samples["samples"].cpu().contiguous(), MARK: torch.empty(0)}
    metadata = {key: ascii_text(value) for key, value in ctx.metadata.items()}

    def write(path: Path) -> None:
        save_file(tensors, path, metadata)

    name = save_name(root, filename_prefix, 0, 0, datetime.now())
    used = set[Path]() if ctx.again else None
    path = save_numbered(name, write, suffix=LATENT_SUFFIX, used=used)
    return Output(ui={"latents": [saved_image(path, root, "output")]})


@node("LoadLatent", category="_for_testing", lane="host")
def load_latent(*, latent: File("latents"), ctx: Context) -> Latent:
    """Load a latent that was saved.

    Args:
        latent: a .latent file of the input folder.
    """
    path = ctx.folders.annotated(latent)
    tensors = read_tensors(path)
    if TENSOR not in tensors:
        raise ModelFileError(
            f"'{path.name}' holds no latent: it lacks '{TENSOR}'. Choose a file of Save Latent."
        )
    scale = 1.0 if MARK in tensors else OLD_SCALE
    return {"samples": tensors[TENSOR].float() * scale}
