"""Tiny autoencoders, in files that stand for the latents of a larger one.

Invariant: the name of a file and its metadata say for which latents it is; its tensors are those
of one network.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from ..handles import LatentFormat, Vae
from ..networks.tiny_autoencoder import TinyAutoencoder, TinyConfig
from ..weights import Header, Weights
from .parts import SD_LATENT, with_colours
from .sdxl import LATENT as SDXL_LATENT

#: Names of the pairs of files, and their latents; those of the embedded model have SD's form, and
#: its decoder's metadata say in which colours they differ.
KNOWN = {"taesd": SD_LATENT, "taesdxl": SDXL_LATENT, "loom-tiny": SD_LATENT}
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


def format_of(header: Header, name: str) -> LatentFormat:
    """The latents that the file ``name`` stands for, told apart by their colours."""
    return with_colours(KNOWN[name], header)


def pair(decoder: Vae, encoder: Vae | None) -> Vae:
    """One autoencoder of two files."""
    return replace(decoder, encoder=encoder) if encoder else decoder


def _vae(header: Header, name: str, halves: dict[str, str]) -> Vae:
    half, prefix = next(iter(halves.items()))
    if half == "encoder":
        channels, width, *_ = header.shapes[prefix + MARKS["encoder"]]
    else:
        width, channels, *_ = header.shapes[prefix + "1.weight"]
    scale, found = KNOWN[name].scale, ("encoder" in halves, "decoder" in halves)
    config = TinyConfig(scale, channels, *found, width)
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
