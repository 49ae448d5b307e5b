"""Tiny autoencoders, in the files that stand for the latents of SD and of SDXL.

Invariant: the name of a file, which says for which latents it is, is all that tells; its
tensors are those of one network.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from ..handles import Vae
from ..networks.tiny_autoencoder import TinyAutoencoder, TinyConfig
from ..weights import Header, Weights
from .parts import SD_LATENT
from .sdxl import LATENT as SDXL_LATENT

#: Names of the pairs of files, and what their latents are scaled by.
KNOWN = {"taesd": SD_LATENT.scale, "taesdxl": SDXL_LATENT.scale}
DOWNSCALE = 8
#: First and last tensors of the halves, and what their names begin with in files of both.
MARKS = {"encoder": "14.weight", "decoder": "19.weight"}


def describe_tiny(header: Header, name: str) -> Vae | None:
    """One half of a tiny autoencoder, or both if the file has both.

    Args:
        header: of the file.
        name: of the pair; a key of ``KNOWN``.
    """
    for prefix in ("taesd_", ""):
        halves = {h: f"{prefix}{h}." for h in MARKS if f"{prefix}{h}.{MARKS[h]}" in header.shapes}
        if halves:
            return _vae(header, name, halves)
    alone = next((h for h, mark in MARKS.items() if mark in header.shapes), None)
    return _vae(header, name, {alone: ""}) if alone else None


def pair(decoder: Vae, encoder: Vae | None) -> Vae:
    """One autoencoder of two files."""
    return replace(decoder, encoder=encoder) if encoder else decoder


def _vae(header: Header, name: str, halves: dict[str, str]) -> Vae:
    half, prefix = next(iter(halves.items()))
    channels = header.shapes[prefix + MARKS["encoder"]][0] if half == "encoder" else None
    channels = channels or header.shapes[halves["decoder"] + "1.weight"][1]
    config = TinyConfig(KNOWN[name], channels, "encoder" in halves, "decoder" in halves)
    weights = Weights(
        f"{header.id}:{name}",
        header.path,
        "vae",
        partial(TinyAutoencoder, config),
        header.through(partial(_names, tuple(halves.items()))),
    )
    return Vae(weights, DOWNSCALE, channels)


def _names(halves: tuple[tuple[str, str], ...], keys: Iterable[str]) -> dict[str, str]:
    return {
        key: f"{half}.{key[len(prefix) :]}"
        for key in keys
        for half, prefix in halves
        if key.startswith(prefix)
    }
