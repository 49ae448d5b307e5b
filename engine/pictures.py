"""Opening picture files that anybody may have made.

Invariant: whatever a reader of Pillow stumbles over in a damaged file leaves here as an OSError,
also while pixels are read, which Pillow does late. Needs only Pillow.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from engine.errors import LoomError


@contextmanager
def opened(source: Path | BinaryIO) -> Iterator[Image.Image]:
    """A picture, open while the block reads it.

    Raises:
        OSError: it is missing, no picture, a damaged one, or so large that reading it would
            exhaust the memory (Pillow refuses more than 358 megapixels).
    """
    try:
        with Image.open(source) as picture:
            yield picture
    except (OSError, LoomError):
        raise
    except Exception as error:  # each format's reader raises what it likes
        raise OSError(str(error) or type(error).__name__) from error
