"""Tiles of the shipped autoencoder: no seams, whatever their size."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from engine.diffusion import vae
from engine.diffusion.checkpoints import load_checkpoint
from engine.diffusion.handles import Vae
from engine.diffusion.tiling import Tiles, starts

SHIPPED = Path(__file__).resolve().parents[2] / "models/checkpoints/loom-tiny.safetensors"


@pytest.fixture(scope="module")
def shipped() -> Vae:
    found = load_checkpoint(SHIPPED).vae
    assert found
    return found


def picture(height: int, width: int) -> Tensor:
    """Smooth colours with some edges, ``1 h w 3``."""
    y, x = torch.meshgrid(torch.linspace(0, 6, height), torch.linspace(0, 9, width), indexing="ij")
    waves = torch.stack([x.sin(), (x + y).cos(), (x * 0.5).cos() * y.sin()], -1) * 0.4 + 0.5
    waves[height // 3 : height // 2, width // 4 : width // 2] = 0.9
    return waves[None]


def steps(image: Tensor) -> Tensor:
    """Mean absolute difference of neighbouring columns, ``w - 1``."""
    return (image[:, :, 1:] - image[:, :, :-1]).abs().mean((0, 1, 3))


def test_pixels_become_cells() -> None:
    """At most a quarter of a tile overlaps."""
    assert Tiles.of_pixels(512, 64, 8) == Tiles(64, 8)
    assert Tiles.of_pixels(64, 4096, 8) == Tiles(8, 2)


def test_decoding_in_tiles_shows_no_seams(shipped: Vae) -> None:
    """Where tiles begin and end, columns differ from each other no more than without tiles."""
    latent = vae.encode(shipped, picture(96, 224))
    whole = vae.decode(shipped, latent)
    tiles = Tiles.of_pixels(96, 32, shipped.downscale)
    tiled = vae.decode(shipped, latent, True, tiles)
    error = (tiled - whole).abs().mean((0, 1, 3))
    assert error.mean() < 0.02
    factor = shipped.downscale
    ends = [v * factor for v in starts(latent.shape[-1], tiles.side, tiles.overlap)]
    borders = sorted({c for v in ends for c in (v, v + tiles.side * factor) if 0 < c < 224})
    assert len(borders) >= 4
    jumps = (steps(tiled) - steps(whole)).abs()
    at_borders = jumps[torch.tensor(borders) - 1]
    assert at_borders.max() <= jumps.max() and at_borders.mean() < 2 * jumps.mean() + 1e-4


def test_encoding_in_tiles_is_almost_the_same(shipped: Vae) -> None:
    image = picture(96, 224)
    whole = vae.encode(shipped, image)
    tiled = vae.encode(shipped, image, True, Tiles.of_pixels(96, 32, shipped.downscale))
    assert tiled.shape == whole.shape
    assert (tiled - whole).abs().mean() < 0.1 * whole.abs().mean()


def test_every_tile_is_told(shipped: Vae, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also over the parts of a batch."""
    monkeypatch.setattr(vae, "PIXELS_AT_ONCE", 1)
    told: list[tuple[int, int]] = []
    latent = torch.zeros(2, shipped.channels, 8, 14)
    vae.decode(shipped, latent, True, Tiles(8, 2), lambda i, n: told.append((i, n)))
    assert told == [(i, 4) for i in range(1, 5)]
