"""The workflow inside a picture: written to PNG text chunks, read from PNG and WebP.

Invariant: what is written is JSON, one entry a key; what cannot be parsed is not returned.
This module needs only Pillow, so a command line reads a picture without loading torch.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from PIL import Image, PngImagePlugin

from engine.fast_json import ascii_text, loads_foreign
from engine.pictures import opened

#: EXIF tags that hold ``name:json`` in WebP files, from Model downwards.
EXIF_TAGS = range(0x0110, 0x0100, -1)


def png_info(metadata: Mapping[str, Any]) -> PngImagePlugin.PngInfo:
    """Text chunks for a PNG: each entry as JSON under its key."""
    info = PngImagePlugin.PngInfo()
    for key, value in metadata.items():
        info.add_text(key, ascii_text(value))
    return info


def read_metadata(path: Path) -> dict[str, Any]:
    """The JSON entries that a picture carries, such as ``prompt`` and ``workflow``.

    Raises:
        OSError: the file is missing or no picture.
    """
    with opened(path) as picture:
        texts = dict(picture.text) if isinstance(picture, PngImagePlugin.PngImageFile) else {}
        texts |= dict(_exif_texts(picture))
    return {key: value for key, text in texts.items() if (value := _parse(text)) is not None}


def _exif_texts(picture: Image.Image) -> Iterator[tuple[str, str]]:
    exif = picture.getexif()
    for tag in EXIF_TAGS:
        key, colon, text = str(exif.get(tag, "")).partition(":")
        if colon:
            yield key, text


def _parse(text: str) -> Any:
    try:
        return loads_foreign(text)
    except ValueError:
        return None
