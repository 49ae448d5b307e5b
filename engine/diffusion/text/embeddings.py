"""Learned vectors (textual inversion, Gal et al. 2022) from files, in the layouts that exist.

Invariant: an embedding that cannot be used is reported and left out; it never stops a run.
"""

from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from ..weights import PICKLE_SUFFIXES, SAFE_SUFFIXES, read_tensors, unpickle


class Lookup(Protocol):
    """Finds an embedding's vectors by name: ``n width``, or None if there is no such file."""

    def __call__(self, name: str, *, key: str) -> Tensor | None:
        """``key`` is the entry to prefer in files with vectors for several encoders."""


SUFFIXES = ("", ".safetensors", ".pt", ".bin")


def no_embeddings(name: str, *, key: str) -> Tensor | None:
    """The lookup of a place without embeddings."""
    return None


def find_embedding(roots: tuple[Path, ...], name: str, key: str = "clip_l") -> Tensor | None:
    """Vectors of the embedding ``name`` below some folders, ``n width``.

    Args:
        roots: folders to search, with their sub-folders.
        name: file name, with or without its suffix; it cannot leave the folders.
        key: the entry to prefer in files with vectors for several encoders.
    """
    for root in roots:
        folders = [root, *sorted(p for p in root.rglob("*") if p.is_dir())]
        for folder in folders:
            for path in (folder / f"{name}{suffix}" for suffix in SUFFIXES):
                if _is_embedding(path, root):
                    return read_embedding(path, key)
    return None


def _is_embedding(path: Path, root: Path) -> bool:
    known = path.suffix.lower() in SAFE_SUFFIXES + PICKLE_SUFFIXES
    return known and path.is_file() and path.resolve().is_relative_to(root.resolve())


def read_embedding(path: Path, key: str = "clip_l") -> Tensor:
    """Vectors of an embedding file, ``n width``, float32."""
    safe = path.suffix.lower() in SAFE_SUFFIXES
    data = read_tensors(path) if safe else unpickle(path)
    return torch.atleast_2d(_choose(data, key)).float()


def _choose(data: Any, key: str) -> Tensor:
    if isinstance(data, Tensor):
        return data
    if "string_to_param" in data:
        return next(iter(data["string_to_param"].values())).detach()
    return data[key] if key in data else next(iter(data.values()))
