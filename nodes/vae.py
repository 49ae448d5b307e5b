"""Pictures to latents and back."""

from typing import Annotated, Any

from engine.api import (
    Context,
    Float,
    Image,
    Int,
    InvalidInput,
    Latent,
    Output,
    Socket,
    Vae,
    node,
)
from engine.diffusion import report
from engine.diffusion import vae as autoencoder
from engine.diffusion.tiling import Tiles

#: Smallest tile that a node goes down to when memory runs out, in pixels.
SMALLEST_TILE = 64
STRING = Annotated[Any, Socket("STRING")]
FLOAT = Annotated[Any, Socket("FLOAT")]
Overlap = Int(0, 4096, step=32)
Frames = Int(8, 4096, step=4)
SharedFrames = Int(4, 4096, step=4)


@node("VAEDecode", category="latent", title="VAE Decode")
def vae_decode(*, samples: Latent, vae: Vae, ctx: Context) -> Image:
    """Turn latents into pictures.

    Args:
        samples: the latent.
        vae: the autoencoder that belongs to the model that made it.
    """
    return autoencoder.decode(_present(vae), samples["samples"], tiled=ctx.tight)


@node("VAEEncode", category="latent", title="VAE Encode")
def vae_encode(*, pixels: Image, vae: Vae, ctx: Context) -> Latent:
    """Turn pictures into latents.

    Args:
        pixels: the pictures; sides are cropped to multiples of a latent cell.
        vae: the autoencoder that belongs to the model that will sample.
    """
    return {"samples": autoencoder.encode(_present(vae), pixels, tiled=ctx.tight)}


@node("VAEDecodeTiled", category="_for_testing", title="VAE Decode (Tiled)")
def vae_decode_tiled(
    *,
    samples: Latent,
    vae: Vae,
    tile_size: Int(64, 4096, step=32) = 512,
    overlap: Overlap = 64,
    temporal_size: Frames = 64,
    temporal_overlap: SharedFrames = 8,
    ctx: Context,
) -> Image:
    """Turn latents into pictures piece by piece, which takes less memory.

    Args:
        samples: the latent.
        vae: the autoencoder that belongs to the model that made it.
        tile_size: side of a piece, in pixels; halved if memory runs out.
        overlap: what neighbours share, in pixels; at most a quarter of a piece.
        temporal_size: for autoencoders of films: frames at once.
        temporal_overlap: for autoencoders of films: frames that neighbours share.
    """
    tiles = _tiles(tile_size, overlap, _present(vae), ctx)
    return autoencoder.decode(vae, samples["samples"], True, tiles, ctx.progress)


@node("VAEEncodeTiled", category="_for_testing", title="VAE Encode (Tiled)")
def vae_encode_tiled(
    *,
    pixels: Image,
    vae: Vae,
    tile_size: Int(64, 4096, step=64) = 512,
    overlap: Overlap = 64,
    temporal_size: Frames = 64,
    temporal_overlap: SharedFrames = 8,
    ctx: Context,
) -> Latent:
    """Turn pictures into latents piece by piece, which takes less memory.

    Args:
        pixels: the pictures; sides are cropped to multiples of a latent cell.
        vae: the autoencoder that belongs to the model that will sample.
        tile_size: side of a piece, in pixels; halved if memory runs out.
        overlap: what neighbours share, in pixels; at most a quarter of a piece.
        temporal_size: for autoencoders of films: frames at once.
        temporal_overlap: for autoencoders of films: frames that neighbours share.
    """
    tiles = _tiles(tile_size, overlap, _present(vae), ctx)
    return {"samples": autoencoder.encode(vae, pixels, True, tiles, ctx.progress)}


def _tiles(side: int, overlap: int, vae: Vae, ctx: Context) -> Tiles:
    side = max(side // 2, SMALLEST_TILE) if ctx.tight else side
    return Tiles.of_pixels(side, overlap, vae.downscale)


@node(
    "AutoencoderReport",
    category="latent",
    title="Autoencoder Report",
    is_output=True,
    outputs=("text", "errors", "reconstruction", "psnr", "ssim"),
)
def autoencoder_report(
    *,
    vae: Vae,
    pixels: Image,
    region: Int(1, 512) = 16,
    brightest: Float(0.01, 1.0, step=0.01) = 0.2,
    ctx: Context,
) -> tuple[STRING, Image, Image, FLOAT, FLOAT]:
    """Measure what an autoencoder loses: encode pictures, decode them, and compare.

    Args:
        vae: the autoencoder.
        pixels: the pictures.
        region: side of the squares in which errors are averaged, in pixels.
        brightest: the error that is drawn white, where 1 is from black to white.
    """
    found = report.measure(_present(vae), pixels, region, ctx.tight)
    text = report.written(found)
    psnr, ssim = found.psnr.mean().item(), found.ssim.mean().item()
    shown = report.heat(found.errors / brightest)
    return Output((text, shown, found.reconstruction, psnr, ssim), {"text": [text]})


def _present(vae: Vae) -> Vae:
    if vae is None:
        raise InvalidInput(
            "The vae input is empty: the checkpoint holds no autoencoder. Load one with "
            "Load VAE and connect it here."
        )
    return vae
