"""Picture files to tensors and back.

Invariant: float32 ``b h w c`` in 0..1 in memory, upright whatever a camera wrote; a mask is 1
where the picture is transparent.
"""

import io
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageFile, ImageOps, ImageSequence
from torch import Tensor

from engine.errors import InvalidInput
from engine.pictures import opened

from .metadata import png_info

#: Side of the mask of a picture without transparency, in pixels.
EMPTY_MASK = 64

_truncated = threading.Lock()


def load_image(path: Path) -> tuple[Tensor, Tensor]:
    """All frames of a picture file, and their masks.

    Frames of another size than the first are left out, and so are the extra views of a
    stereo picture (MPO).

    Returns:
        ``b h w 3`` and ``b h w`` (zeros ``b 64 64`` without transparency).

    Raises:
        InvalidInput: the file is missing or no picture.
    """
    try:
        with opened(path) as picture:
            frames = [_read(frame) for frame in _frames(picture)]
    except FileNotFoundError as error:
        raise InvalidInput(f"There is no picture '{path.name}'; upload it again.") from error
    except OSError as error:
        raise InvalidInput(f"'{path.name}' cannot be read as a picture: {error}.") from error
    size = frames[0][0].shape
    images, masks = zip(*(f for f in frames if f[0].shape == size), strict=True)
    return torch.stack(images), torch.stack(masks)


def load_channel(path: Path, channel: str) -> Tensor:
    """One channel of a picture's first frame: ``1 h w``; alpha is 1 where it is transparent.

    Args:
        path: the file.
        channel: red, green, blue or alpha.

    Raises:
        InvalidInput: the file is missing or no picture.
    """
    image, mask = load_image(path)
    if channel != "alpha":
        return image[:1, ..., ("red", "green", "blue").index(channel)].clone()
    return mask[:1] if mask.shape[-2:] == image.shape[1:3] else torch.zeros(1, *image.shape[1:3])


def to_uint8(image: Tensor) -> np.ndarray:
    """Pixels for a file, ``h w c``: 0..1 to 0..255, cut off, not rounded."""
    return (image.detach().cpu().float() * 255).clamp(0, 255).byte().numpy()


def save_png(
    path: Path, image: Tensor, metadata: Mapping[str, Any], compress_level: int = 4
) -> None:
    """Write one picture ``h w c`` (1, 3 or 4 channels) with metadata as text chunks."""
    info = png_info(metadata)
    _picture(image).save(path, "PNG", pnginfo=info, compress_level=compress_level)


def encode_png(image: Tensor, compress_level: int = 1) -> bytes:
    """One picture ``h w c`` (1, 3 or 4 channels) as the bytes of a PNG."""
    out = io.BytesIO()
    _picture(image).save(out, "PNG", compress_level=compress_level)
    return out.getvalue()


def _picture(image: Tensor) -> Image.Image:
    pixels = to_uint8(image)
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def _frames(picture: Image.Image) -> Iterator[Image.Image]:
    first_only = picture.format == "MPO"
    for i, frame in enumerate(ImageSequence.Iterator(picture)):
        if i and first_only:
            return
        _load(frame)
        yield ImageOps.exif_transpose(frame)


def _load(frame: Image.Image) -> None:
    """Decode, and if the end of the file is missing take what is there."""
    try:
        frame.load()
    except OSError:
        with _truncated:
            ImageFile.LOAD_TRUNCATED_IMAGES = True
            try:
                frame.load()
            finally:
                ImageFile.LOAD_TRUNCATED_IMAGES = False


def _read(frame: Image.Image) -> tuple[Tensor, Tensor]:
    """Pixels ``h w 3`` and mask ``h w`` of one frame."""
    return _pixels(frame), _mask(frame)


def _pixels(frame: Image.Image) -> Tensor:
    if frame.mode.startswith("I"):  # 16 bits a pixel, grey
        grey = np.asarray(frame, dtype=np.float32) / 65535
        return torch.from_numpy(np.clip(grey, 0, 1))[..., None].repeat(1, 1, 3)
    return torch.from_numpy(np.asarray(frame.convert("RGB"), dtype=np.float32) / 255)


def _mask(frame: Image.Image) -> Tensor:
    if "A" not in frame.getbands() and "transparency" not in frame.info:
        return torch.zeros(EMPTY_MASK, EMPTY_MASK)
    alpha = frame.convert("RGBA").getchannel("A")
    return 1 - torch.from_numpy(np.asarray(alpha, dtype=np.float32) / 255)
