"""Pictures to latents and back."""

from engine.api import Context, Image, InvalidInput, Latent, Vae, node
from engine.diffusion import vae as autoencoder


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


def _present(vae: Vae) -> Vae:
    if vae is None:
        raise InvalidInput(
            "The vae input is empty: the checkpoint holds no autoencoder. Load one with "
            "Load VAE and connect it here."
        )
    return vae
