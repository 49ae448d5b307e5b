"""Models as files in the layouts that everybody reads, patches baked in.

Invariant: tensors are written one after the other in the precision of the files they come from,
so that saving takes the memory of one tensor besides what is mapped.
"""

import json
import struct
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .handles import Clip, Conditioner, Model, Vae
from .parameterization import Discrete
from .stored import network_shapes, stored_tensors

UNET, VAE = "model.diffusion_model.", "first_stage_model."
#: Where a checkpoint of a family keeps its text encoders, by their names; in OpenCLIP's layout
#: where the prefix ends so.
TEXT: Mapping[tuple[str, ...], tuple[str, ...]] = {
    ("l",): ("cond_stage_model.transformer.",),
    ("bert",): ("cond_stage_model.transformer.",),
    ("h",): ("cond_stage_model.model.",),
    ("g",): ("conditioner.embedders.0.model.",),
    ("l", "g"): ("conditioner.embedders.0.transformer.", "conditioner.embedders.1.model."),
}
OPEN_CLIP = ".model."
#: Likewise of what encodes other conditions than prompts.
STAGES = {
    "class": "cond_stage_model.",
    "segmentation": "cond_stage_model.",
    "layout": "cond_stage_model.transformer.",
}
#: Names of types in a safetensors header.
_TYPES = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.int32: "I32",
}
#: In OpenCLIP's layout: what its names have instead of ours.
_OPEN_CLIP_NAMES = (
    ("text_model.embeddings.token_embedding", "token_embedding"),
    ("text_model.embeddings.position_embedding.weight", "positional_embedding"),
    ("text_model.final_layer_norm", "ln_final"),
    ("text_projection.weight", "text_projection"),
    ("text_model.encoder.layers.", "transformer.resblocks."),
    ("layer_norm", "ln_"),
    ("mlp.fc1", "mlp.c_fc"),
    ("mlp.fc2", "mlp.c_proj"),
    ("self_attn.out_proj", "attn.out_proj"),
    ("self_attn.q_proj.", "attn.in_proj_"),
)

#: Names and tensors of a file.
Tensors = Iterator[tuple[str, Tensor]]


def model_tensors(model: Model) -> Tensors:
    """A denoiser as checkpoints hold it, with the marks of how it was trained."""
    for name, tensor in stored_tensors(model.weights, model.patches):
        yield UNET + name, tensor
    yield from ((name, torch.zeros(0)) for name in _marks(model))
    yield from _noted(model)


def _noted(model: Model) -> Tensors:
    """What checkpoints of the latent diffusion paper hold where it is not as usual."""
    sampling, form, usual = model.sampling, model.latent_format, Discrete()
    ends = isinstance(sampling, Discrete) and (sampling.beta_start, sampling.beta_end)
    if ends and ends != (usual.beta_start, usual.beta_end):
        roots = [end**0.5 for end in ends]
        yield "betas", torch.linspace(*roots, sampling.steps, dtype=torch.float64).square().float()
    if not model.context_dim and form.scale != 1:
        yield "scale_factor", torch.tensor(form.scale)


def _marks(model: Model) -> list[str]:
    """Tensors that tell of velocity where no other tensor does: with a pooled condition."""
    if "label_emb.0.0.weight" not in network_shapes(model.weights):
        return []
    sampling = model.sampling
    if isinstance(sampling, Discrete) and sampling.prediction == "v":
        return ["v_pred", "ztsnr"] if sampling.zero_terminal else ["v_pred"]
    return []


def vae_tensors(vae: Vae, prefix: str = VAE) -> Tensors:
    """An autoencoder."""
    yield from ((prefix + name, tensor) for name, tensor in stored_tensors(vae.weights))


def clip_tensors(clip: Clip | Conditioner | None) -> Tensors:
    """Text encoders, or what takes their place, as the checkpoints of their family hold them."""
    if clip is None:
        return
    if isinstance(clip, Conditioner):
        own = stored_tensors(clip.weights)
        yield from ((STAGES[clip.kind] + name, tensor) for name, tensor in own)
        return
    prefixes = TEXT[tuple(e.name for e in clip.encoders)]
    for encoder, prefix in zip(clip.encoders, prefixes, strict=True):
        found = stored_tensors(encoder.weights, encoder.patches)
        for name, tensor in open_clip(found) if prefix.endswith(OPEN_CLIP) else found:
            yield prefix + name, tensor


def text_encoder_tensors(clip: Clip, number: int) -> Tensors:
    """One text encoder as a file of its own."""
    encoder = clip.encoders[number]
    yield from stored_tensors(encoder.weights, encoder.patches)


def open_clip(tensors: Iterable[tuple[str, Tensor]]) -> Tensors:
    """A text encoder in OpenCLIP's layout: other names, and query, key and value in one."""
    waiting: dict[str, Tensor] = {}
    for name, tensor in tensors:
        if any(f".self_attn.{part}_proj." in name for part in "qkv"):
            waiting[name] = tensor
            parts = [name.replace(name.split(".")[-2], f"{part}_proj") for part in "qkv"]
            if all(part in waiting for part in parts):
                yield _open_clip_name(parts[0]), torch.cat([waiting.pop(part) for part in parts])
        else:
            turned = tensor.mT if name == "text_projection.weight" else tensor
            yield _open_clip_name(name), turned


def _open_clip_name(name: str) -> str:
    for ours, theirs in _OPEN_CLIP_NAMES:
        name = name.replace(ours, theirs)
    return name


def write_safetensors(path: Path, tensors: Tensors, metadata: Mapping[str, Any]) -> None:
    """Write tensors as they come; the header, whose length is known only then, goes in front.

    Args:
        path: the file, which is not there yet.
        tensors: by name.
        metadata: JSON values, kept as text under their keys.
    """
    body = path.with_suffix(".body")
    try:
        entries: dict[str, Any] = {"__metadata__": _texts(metadata)}
        with body.open("wb") as file:
            for name, tensor in tensors:
                entries[name] = _entry(tensor, file.tell())
                file.write(_bytes(tensor))
        _join(path, entries, body)
    finally:
        body.unlink(missing_ok=True)


def _texts(metadata: Mapping[str, Any]) -> dict[str, str]:
    known = {k: v if isinstance(v, str) else json.dumps(v) for k, v in metadata.items()}
    return {"format": "pt", **known}


def _entry(tensor: Tensor, start: int) -> dict[str, Any]:
    end = start + tensor.nbytes
    offsets = [start, end]
    return {"dtype": _TYPES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": offsets}


def _bytes(tensor: Tensor) -> bytes:
    flat = tensor.detach().cpu().contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""


def _join(path: Path, entries: Mapping[str, Any], body: Path) -> None:
    header = json.dumps(entries, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)  # the data begins at a multiple of eight
    with path.open("wb") as file, body.open("rb") as data:
        file.write(struct.pack("<Q", len(header)) + header)
        while chunk := data.read(1 << 24):
            file.write(chunk)
