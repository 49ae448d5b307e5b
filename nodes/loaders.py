"""Loaders: from a file to handles. Only headers are read here; weights follow at first use."""

from functools import partial

import torch

from engine.api import (
    Choice,
    Clip,
    ClipVision,
    Context,
    File,
    InvalidInput,
    Model,
    UpscaleModel,
    Vae,
    node,
)
from engine.diffusion.checkpoints import load_checkpoint, load_vae
from engine.diffusion.configs import configured, read_config
from engine.diffusion.families.tiny import KNOWN as TINY
from engine.diffusion.files import (
    load_clip_vision,
    load_diffusion_model,
    load_folder,
    load_text_encoders,
    load_tiny_vae,
)
from engine.diffusion.upscale import load_upscale_model

_advanced = partial(node, category="advanced/loaders", lane="host")

#: Types that matrices of a denoiser can be kept in.
KEPT_AS = {
    "default": None,
    "fp8_e4m3fn": torch.float8_e4m3fn,
    "fp8_e4m3fn_fast": torch.float8_e4m3fn,
    "fp8_e5m2": torch.float8_e5m2,
}
#: What text encoders can be for, as workflows know it; the first of each is what is served.
ONE_ENCODER = (
    "stable_diffusion",
    "stable_cascade",
    "sd3",
    "stable_audio",
    "mochi",
    "ltxv",
    "pixart",
    "cosmos",
    "lumina2",
    "wan",
    "hidream",
    "chroma",
    "ace",
    "omnigen2",
    "qwen_image",
    "hunyuan_image",
)
TWO_ENCODERS = ("sdxl", "sd3", "flux", "hunyuan_video", "hidream", "hunyuan_image")
Device = Choice(("default", "cpu"), advanced=True)


@node("CheckpointLoaderSimple", category="loaders", title="Load Checkpoint", lane="host")
def checkpoint_loader(*, ckpt_name: File("checkpoints"), ctx: Context) -> tuple[Model, Clip, Vae]:
    """Load a denoiser, its text encoder and its autoencoder from one checkpoint file.

    Args:
        ckpt_name: a file of the folder checkpoints.
    """
    checkpoint = load_checkpoint(ctx.folders.find("checkpoints", ckpt_name))
    return checkpoint.model, checkpoint.clip, checkpoint.vae


@_advanced("CheckpointLoader", title="Load Checkpoint With Config (DEPRECATED)", deprecated=True)
def checkpoint_loader_with_config(
    *, config_name: File("configs"), ckpt_name: File("checkpoints"), ctx: Context
) -> tuple[Model, Clip, Vae]:
    """Load a checkpoint, and believe a configuration about what its tensors do not tell.

    Args:
        config_name: a YAML file of the folder configs; what it predicts and which layer of the
            text encoder it reads count, all sizes come from the checkpoint.
        ckpt_name: a file of the folder checkpoints.
    """
    config = read_config(ctx.folders.find("configs", config_name))
    checkpoint = configured(load_checkpoint(ctx.folders.find("checkpoints", ckpt_name)), config)
    return checkpoint.model, checkpoint.clip, checkpoint.vae


@node("unCLIPCheckpointLoader", category="loaders", lane="host")
def unclip_checkpoint_loader(
    *, ckpt_name: File("checkpoints"), ctx: Context
) -> tuple[Model, Clip, Vae, ClipVision]:
    """Load a checkpoint that can be shown pictures, with the encoder that sees them.

    Args:
        ckpt_name: a file of the folder checkpoints, such as Stable unCLIP 2.1.
    """
    found = load_checkpoint(ctx.folders.find("checkpoints", ckpt_name))
    return found.model, found.clip, found.vae, found.vision


@_advanced("UNETLoader", title="Load Diffusion Model")
def unet_loader(
    *,
    unet_name: File("diffusion_models"),
    weight_dtype: Choice(tuple(KEPT_AS)),
    ctx: Context,
) -> Model:
    """Load a denoiser that is a file of its own.

    Args:
        unet_name: a file of the folder diffusion_models.
        weight_dtype: fp8 keeps the weights in a quarter of the memory of float32, at some loss;
            they are computed with as with default.
    """
    path = ctx.folders.find("diffusion_models", unet_name)
    return load_diffusion_model(path, KEPT_AS[weight_dtype])


@_advanced("CLIPLoader", title="Load CLIP")
def clip_loader(
    *,
    clip_name: File("text_encoders"),
    type: Choice(ONE_ENCODER),
    device: Device = None,
    ctx: Context,
) -> Clip:
    """Load a text encoder that is a file of its own: CLIP-L, OpenCLIP-H or OpenCLIP-bigG.

    Args:
        clip_name: a file of the folder text_encoders.
        type: what it is for; stable_diffusion also means SD 2.x and the refiner of SDXL.
        device: accepted from other programs; memory decides where networks are.
    """
    _served(type, ONE_ENCODER)
    return load_text_encoders([ctx.folders.find("text_encoders", clip_name)])


@_advanced("DualCLIPLoader")
def dual_clip_loader(
    *,
    clip_name1: File("text_encoders"),
    clip_name2: File("text_encoders"),
    type: Choice(TWO_ENCODERS),
    device: Device = None,
    ctx: Context,
) -> Clip:
    """Load the two text encoders of SDXL from a file each, in any order.

    Args:
        clip_name1: a CLIP-L or a CLIP-G of the folder text_encoders.
        clip_name2: the other one.
        type: what they are for.
        device: accepted from other programs; memory decides where networks are.
    """
    _served(type, TWO_ENCODERS)
    paths = [ctx.folders.find("text_encoders", name) for name in (clip_name1, clip_name2)]
    return load_text_encoders(paths)


def _served(type: str, choices: tuple[str, ...]) -> None:
    if type != choices[0]:
        raise InvalidInput(
            f"Text encoders of type '{type}' belong to a family that is not known here; choose "
            f"'{choices[0]}' if the model is a Stable Diffusion."
        )


@node("CLIPVisionLoader", category="loaders", title="Load CLIP Vision", lane="host")
def clip_vision_loader(*, clip_name: File("clip_vision"), ctx: Context) -> ClipVision:
    """Load an encoder that sees pictures as CLIP does.

    Args:
        clip_name: a file of the folder clip_vision.
    """
    return load_clip_vision(ctx.folders.find("clip_vision", clip_name))


@node("VAELoader", category="loaders", title="Load VAE", lane="host")
def vae_loader(*, vae_name: File("vae"), ctx: Context) -> Vae:
    """Load an autoencoder that is a file of its own.

    Args:
        vae_name: a file of the folder vae; or a tiny autoencoder, taesd or taesdxl, whose
            encoder and decoder are in the folder vae_approx, or the decoder loom-tiny.
    """
    if vae_name not in TINY:
        return load_vae(ctx.folders.find("vae", vae_name))
    files = ctx.folders.list("vae_approx")
    halves = {
        half: next((f for f in files if f.startswith(f"{vae_name}_{half}.")), None)
        for half in ("decoder", "encoder")
    }
    decoder, encoder = (
        ctx.folders.find("vae_approx", name) if name else None for name in halves.values()
    )
    if decoder is None:
        decoder = ctx.folders.find("vae_approx", f"{vae_name}_decoder.safetensors")
    return load_tiny_vae(vae_name, decoder, encoder)


@node("DiffusersLoader", category="advanced/loaders/deprecated", lane="host", deprecated=True)
def diffusers_loader(*, model_path: File("diffusers"), ctx: Context) -> tuple[Model, Clip, Vae]:
    """Load the parts of a folder that diffusers saved.

    Args:
        model_path: a folder with a model_index.json, in the folder diffusers.
    """
    index = ctx.folders.find("diffusers", f"{model_path}/model_index.json")
    found = load_folder(index.parent)
    return found.model, found.clip, found.vae


@node("UpscaleModelLoader", category="loaders", title="Load Upscale Model", lane="host")
def upscale_model_loader(*, model_name: File("upscale_models"), ctx: Context) -> UpscaleModel:
    """Load a network that makes pictures larger.

    Args:
        model_name: a file of the folder upscale_models.
    """
    return load_upscale_model(ctx.folders.find("upscale_models", model_name))
