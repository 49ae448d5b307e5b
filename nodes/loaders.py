"""Loaders: from a file to handles. Only headers are read here; weights follow at first use."""

from engine.api import Clip, Context, File, Model, UpscaleModel, Vae, node
from engine.diffusion.checkpoints import load_checkpoint, load_vae
from engine.diffusion.upscale import load_upscale_model


@node("CheckpointLoaderSimple", category="loaders", title="Load Checkpoint", lane="host")
def checkpoint_loader(*, ckpt_name: File("checkpoints"), ctx: Context) -> tuple[Model, Clip, Vae]:
    """Load a denoiser, its text encoder and its autoencoder from one checkpoint file.

    Args:
        ckpt_name: a file of the folder checkpoints.
    """
    checkpoint = load_checkpoint(ctx.folders.find("checkpoints", ckpt_name))
    return checkpoint.model, checkpoint.clip, checkpoint.vae


@node("VAELoader", category="loaders", title="Load VAE", lane="host")
def vae_loader(*, vae_name: File("vae"), ctx: Context) -> Vae:
    """Load an autoencoder that is a file of its own.

    Args:
        vae_name: a file of the folder vae.
    """
    return load_vae(ctx.folders.find("vae", vae_name))


@node("UpscaleModelLoader", category="loaders", title="Load Upscale Model", lane="host")
def upscale_model_loader(*, model_name: File("upscale_models"), ctx: Context) -> UpscaleModel:
    """Load a network that makes pictures larger.

    Args:
        model_name: a file of the folder upscale_models.
    """
    return load_upscale_model(ctx.folders.find("upscale_models", model_name))
