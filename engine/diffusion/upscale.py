"""Pictures made larger by a network.

Invariant: the result depends on tiles only where they overlap; memory is bounded by the tile,
not by the picture.
"""

import logging
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from engine.errors import ModelFileError

from . import foreign, residency
from .families.upscalers import describe_upscaler
from .handles import UpscaleModel
from .tiling import in_tiles
from .weights import read_header

log = logging.getLogger(__name__)

#: Pixels a side of a tile at first, and at least when memory runs out; shared by neighbours.
TILE, SMALLEST_TILE, OVERLAP = 512, 128, 32


def load_upscale_model(path: Path) -> UpscaleModel:
    """A handle on an upscaler file.

    Raises:
        ModelFileError: the file cannot be read or holds no known upscaler.
    """
    header = read_header(path)
    model = describe_upscaler(header)
    if model is None and foreign.is_there():
        model = foreign.describe_foreign(header)
    if model is None:
        some = ", ".join(sorted(header.shapes)[:3])
        more = "" if foreign.is_there() else ", or pip install 'latent-loom[compat]' for more kinds"
        raise ModelFileError(
            f"'{path.name}' is no upscaler of a known kind (ESRGAN's RRDBNet, Real-ESRGAN's "
            f"SRVGGNetCompact); its tensors are {some}, ... Choose another file{more}."
        )
    return model


@torch.no_grad()
def upscale(
    model: UpscaleModel,
    image: Tensor,
    tile: int = TILE,
    done: Callable[[int, int], None] | None = None,
) -> Tensor:
    """Enlarge pictures.

    Args:
        model: the upscaler.
        image: ``b h w c`` in 0..1, of which the first three channels are used.
        tile: pixels a side that go through the network at once; halved if memory runs out.
        done: told after each tile how many of how many are done; may raise to cancel.

    Returns:
        ``b h*scale w*scale 3`` in 0..1, float32, on the CPU.
    """
    network = residency.load(model.weights)
    place = next(network.parameters())
    pixels = image[..., :3].movedim(-1, 1)

    def enlarge(part: Tensor) -> Tensor:
        return network(part.to(place))

    try:
        large = [in_tiles(enlarge, p[None], tile, OVERLAP, model.scale, done) for p in pixels]
    except torch.OutOfMemoryError:
        if tile <= SMALLEST_TILE:
            raise
        log.warning("upscaling in tiles of %d ran out of memory; trying half of that", tile)
        return upscale(model, image, tile // 2, done)
    return torch.cat(large).clamp(0, 1).movedim(1, -1).contiguous()
