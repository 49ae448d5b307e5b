"""Small pictures for a browser while a sampler runs."""

import io

import numpy as np
from PIL import Image

QUALITY = 90


def encode_jpeg(picture: np.ndarray, max_side: int = 512) -> bytes:
    """JPEG bytes of uint8 RGB ``h w 3``, shrunk to ``max_side`` if larger."""
    image = Image.fromarray(picture)
    image.thumbnail((max_side, max_side))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()
