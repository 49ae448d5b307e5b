"""Parts of models from files of their own, and models from folders: headers to handles.

Invariant: as with checkpoints, only headers and a few small tensors are read; a file of another
kind is refused with a text that says what it holds and where it belongs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from engine.errors import ModelFileError
from engine.fast_json import loads_foreign

from .checkpoints import complete, load_vae
from .families import FAMILIES, Checkpoint, detect
from .families.diffusers_unet import compvis_names, is_diffusers_unet
from .families.parts import MARKERS, UNET
from .families.text_encoders import describe_text_encoder, join, kind_of
from .families.tiny import describe_tiny, pair
from .families.vision import describe_vision
from .handles import Clip, ClipVision, Model, TextEncoder, Vae
from .parameterization import Discrete
from .weights import Header, read_header, strip_prefix

#: Where a denoiser may be in a file.
UNET_PREFIXES = (UNET, "model.model.", "net.", "model.", "")
#: The denoiser's weights, averaged over the steps of training (Polyak and Juditsky 1992).
AVERAGED = "model_ema.diffusion_model"
#: Where a text encoder may be in a file.
TEXT_PREFIXES = (
    "",
    "text_encoder.",
    "text_encoders.clip_l.transformer.",
    "text_encoders.clip_g.transformer.",
    "cond_stage_model.transformer.",
    "cond_stage_model.model.",
    "conditioner.embedders.0.transformer.",
    "conditioner.embedders.0.model.",
    "conditioner.embedders.1.model.",
)
VISION_PREFIXES = ("", "visual.", "image_encoder.", "embedder.model.visual.")
#: Names of weight files in a folder of diffusers, the preferred first.
FOLDER_FILES = ("diffusion_pytorch_model", "model", "pytorch_model")
FOLDER_SUFFIXES = (".safetensors", ".fp16.safetensors", ".bin", ".fp16.bin")


def load_diffusion_model(path: Path, kept_as: torch.dtype | None = None) -> Model:
    """A handle on a denoiser, alone or in a checkpoint, in CompVis' or diffusers' layout.

    Args:
        path: the file.
        kept_as: type of eight bits that its matrices are kept in; None: as they are.

    Raises:
        ModelFileError: the file cannot be read, or no known family matches.
    """
    model = _describe(_unet_header(read_header(path)), path).model
    return replace(model, weights=model.weights.kept(kept_as)) if kept_as else model


def load_averaged(path: Path) -> Model:
    """A handle on the denoiser of a checkpoint with the weights that training averaged.

    Raises:
        ModelFileError: the file cannot be read, or holds none, or no known family matches.
    """
    header = read_header(path)
    if not any(name.startswith(AVERAGED) for name in header.shapes):
        raise ModelFileError(
            f"'{path.name}' holds no averaged weights ({AVERAGED}...): they were left out when it "
            "was made. Use Load Checkpoint, whose weights may be the averaged ones already."
        )
    averaged = replace(header.renamed(_averaged_names), id=f"{header.id}-averaged")
    return _describe(averaged, path).model


def _averaged_names(keys: Iterable[str]) -> dict[str, str]:
    """Averaged weights in place of the others; their names are written without dots."""
    keys = list(keys)
    flat = {f"model_ema.{k.removeprefix('model.').replace('.', '')}": k for k in keys}
    plain = {k: k for k in keys if not k.startswith((UNET, "model_ema."))}
    return plain | {k: flat[k] for k in keys if k.startswith(AVERAGED) and k in flat}


def load_text_encoders(paths: Sequence[Path]) -> Clip:
    """A handle on one text encoder or a pair, from a file each.

    Raises:
        ModelFileError: a file cannot be read, holds none, or both hold the same kind.
    """
    found = [_text_encoder(path) for path in paths]
    order = {"l": 0, "h": 1, "g": 2}
    clip = join(*sorted(found, key=lambda encoder: order[encoder.name]))
    names = [encoder.name for encoder in found]
    if clip is None or len(set(names)) < len(names):
        raise ModelFileError(
            f"Both files ({', '.join(p.name for p in paths)}) hold a CLIP-{names[0].upper()}. SDXL "
            "reads a CLIP-L and a CLIP-G: choose one file of each."
        )
    return clip


def load_clip_vision(path: Path) -> ClipVision:
    """A handle on a CLIP vision encoder.

    Raises:
        ModelFileError: the file cannot be read or holds none.
    """
    header = read_header(path)
    found = (describe_vision(header, prefix) for prefix in VISION_PREFIXES)
    vision = next(filter(None, found), None)
    if vision is None:
        raise _of_another_kind(header, "CLIP vision encoder", "clip_vision")
    return vision


def load_tiny_vae(name: str, decoder: Path, encoder: Path | None) -> Vae:
    """A handle on a tiny autoencoder.

    Args:
        name: of the latents that it is for: ``taesd`` or ``taesdxl``.
        decoder: its file.
        encoder: that of the other half; without it, it decodes only.

    Raises:
        ModelFileError: a file cannot be read or holds something else.
    """
    halves = [load_tiny_half(name, path) for path in (decoder, encoder) if path]
    return pair(halves[0], halves[1] if len(halves) > 1 else None)


def load_tiny_half(name: str, path: Path) -> Vae:
    """A handle on the half of a tiny autoencoder that a file holds, or on both.

    Raises:
        ModelFileError: the file cannot be read or holds something else.
    """
    header = read_header(path)
    vae = describe_tiny(header, name)
    if vae is None:
        raise _of_another_kind(header, "tiny autoencoder", "vae_approx")
    return vae


def load_folder(folder: Path) -> Checkpoint:
    """Handles on the parts of a folder that diffusers saved.

    Raises:
        ModelFileError: a part is missing or of a family that is not known.
    """
    unet = _file_of(folder, "unet")
    model = _described_by_scheduler(load_diffusion_model(unet), folder)
    encoders = [
        _text_encoder(_file_of(folder, part))
        for part in ("text_encoder", "text_encoder_2")
        if (folder / part).is_dir()
    ]
    vae = load_vae(_file_of(folder, "vae")) if (folder / "vae").is_dir() else None
    return Checkpoint(model, join(*encoders), vae)


def _describe(header: Header, path: Path) -> Checkpoint:
    family = detect(header.shapes)
    if family is None:
        known = ", ".join(f.name for f in FAMILIES)
        raise _of_another_kind(header, f"denoiser of a known family ({known})", "diffusion_models")
    with complete(path):
        return family.describe(header)


def _unet_header(header: Header) -> Header:
    """The file as if its denoiser were in a checkpoint."""
    if is_diffusers_unet(header.shapes):
        return header.renamed(compvis_names)
    for prefix in UNET_PREFIXES:
        if f"{prefix}input_blocks.0.0.weight" in header.shapes:
            return header.renamed(partial(_below_unet, prefix)) if prefix != UNET else header
    return header


def _below_unet(prefix: str, keys: Iterable[str]) -> dict[str, str]:
    keys = list(keys)
    return {k: k for k in keys if k in MARKERS} | strip_prefix(prefix, UNET, keys)


def _text_encoder(path: Path) -> TextEncoder:
    header = read_header(path)
    for prefix in TEXT_PREFIXES:
        found = describe_text_encoder(header, prefix, kind_of(header.shapes, prefix))
        if found:
            return found
    raise _of_another_kind(header, "CLIP text encoder", "text_encoders")


def _file_of(folder: Path, part: str) -> Path:
    names = [f"{stem}{suffix}" for suffix in FOLDER_SUFFIXES for stem in FOLDER_FILES]
    found = next((folder / part / n for n in names if (folder / part / n).is_file()), None)
    if found is None:
        raise ModelFileError(
            f"The folder '{folder.name}' has no weights in '{part}'. A folder saved by diffusers "
            f"holds one of {', '.join(names[:3])}, ... there; fetch the folder again."
        )
    return found


def _described_by_scheduler(model: Model, folder: Path) -> Model:
    """What the folder says about the noise levels, which no tensor tells."""
    path = folder / "scheduler" / "scheduler_config.json"
    if not path.is_file() or not isinstance(model.sampling, Discrete):
        return model
    said: dict[str, Any] = loads_foreign(path.read_text("utf-8"))
    known = {"epsilon": "eps", "v_prediction": "v", "sample": "x0"}
    prediction: Any = known.get(said.get("prediction_type", ""), model.sampling.prediction)
    zero = bool(said.get("rescale_betas_zero_snr"))
    return replace(
        model, sampling=replace(model.sampling, prediction=prediction, zero_terminal=zero)
    )


def _of_another_kind(header: Header, wanted: str, folder: str) -> ModelFileError:
    some = ", ".join(sorted(header.shapes)[:3])
    return ModelFileError(
        f"'{header.path.name}' holds no {wanted}; its {len(header.shapes)} tensors are {some}, "
        f"... Choose a file that belongs into the folder {folder}, or another loader for this one."
    )
