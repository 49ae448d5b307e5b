"""Pictures through the tiny autoencoder, tiles, and preview colours."""

from typing import Any

import pytest
import torch
from torch import Tensor

from engine.diffusion import vae
from engine.diffusion.checkpoints import load_checkpoint
from engine.diffusion.families.parts import SD_LATENT
from engine.diffusion.handles import LatentFormat, Vae
from engine.diffusion.preview import preview
from engine.diffusion.residency import load
from engine.diffusion.tiling import in_tiles, starts
from tests.tiny_checkpoint import write_tiny_checkpoint


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Vae:
    path = write_tiny_checkpoint(tmp_path_factory.mktemp("models") / "tiny.safetensors")
    found = load_checkpoint(path).vae
    assert found
    return found


def test_sizes_and_ranges(tiny: Vae) -> None:
    """Odd sizes are cropped to multiples of 8 around the centre; alpha is ignored."""
    latent = vae.encode(tiny, torch.rand(2, 70, 67, 4))
    assert latent.shape == (2, 4, 8, 8) and latent.dtype == torch.float32
    image = vae.decode(tiny, latent)
    assert image.shape == (2, 64, 64, 3)
    assert image.min() >= 0 and image.max() <= 1


def test_crop_is_centred() -> None:
    """Three rows too many: one is cut above, two below."""
    image = torch.arange(11.0).reshape(1, 11, 1, 1).expand(1, 11, 8, 1)
    assert vae.crop_to_multiple(image, 8)[0, :, 0, 0].tolist() == list(range(1, 9))


def test_a_batch_is_its_pictures(tiny: Vae, monkeypatch: pytest.MonkeyPatch) -> None:
    """Coding some at a time gives what coding all at once gives."""
    images = torch.rand(3, 64, 64, 3)
    whole = vae.encode(tiny, images)
    monkeypatch.setattr(vae, "PIXELS_AT_ONCE", 64 * 64)
    assert torch.allclose(vae.encode(tiny, images), whole, atol=1e-5)


def test_out_of_memory_is_answered_by_tiles(tiny: Vae, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit at once is decoded in tiles of 64 cells, almost equal."""
    latent = torch.randn(1, 4, 80, 72)
    whole = vae.decode(tiny, latent)
    network = load(tiny.weights)
    decode = network.decode

    def small_memory(z: Tensor) -> Tensor:
        if z.shape[-1] > 64 or z.shape[-2] > 64:
            raise torch.OutOfMemoryError
        return decode(z)

    monkeypatch.setattr(network, "decode", small_memory)
    tiled = vae.decode(tiny, latent)
    assert tiled.shape == whole.shape
    assert (tiled - whole).abs().mean() < 0.05


def test_tiles_from_the_start_where_memory_is_short(
    tiny: Vae, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing larger than a tile goes through the network, in either direction."""
    network, seen = load(tiny.weights), []
    for name in ("decode", "encode"):
        function = getattr(network, name)

        def watched(x: Tensor, function: Any = function) -> Tensor:
            seen.append(max(x.shape[-2:]))
            return function(x)

        monkeypatch.setattr(network, name, watched)
    latent = torch.randn(1, 4, 80, 72)
    image = vae.decode(tiny, latent, tiled=True)
    assert max(seen) == 64 and len(seen) > 1
    seen.clear()
    assert vae.encode(tiny, image, tiled=True).shape == latent.shape
    assert max(seen) == 64 * tiny.downscale and len(seen) > 1


@pytest.mark.parametrize("size", [5, 16, 17, 40, 41])
def test_tiles_cover_everything(size: int) -> None:
    """A function of single pixels gives the same with and without tiles."""
    x = torch.randn(1, 2, size, 23)

    def double(t: Tensor) -> Tensor:
        return (t**2).repeat_interleave(2, -1).repeat_interleave(2, -2)

    tiled = in_tiles(double, x, tile=16, overlap=4, scale=2)
    assert torch.allclose(tiled, double(x), atol=1e-6)


def test_tiles_begin_so_that_the_last_one_ends_with_the_picture() -> None:
    """No tile hangs over the edge and none is needless."""
    assert list(starts(40, 16, 4)) == [0, 12, 24]
    assert list(starts(41, 16, 4)) == [0, 12, 24, 25]
    assert list(starts(10, 16, 4)) == [0]


def test_preview_colours() -> None:
    """A constant latent has the colour of the matrix; sizes follow the picture, up to 512."""
    form = LatentFormat(2, 8, 1.0, ((1.0, 0.0, -1.0), (0.0, 0.5, 0.0)), (0.0, 0.0, 0.5))
    picture = preview(torch.ones(1, 2, 4, 6), form)
    assert picture.shape == (32, 48, 3) and picture.dtype == "uint8"
    assert picture[0, 0].tolist() == [255, 191, 63]
    assert preview(torch.zeros(1, 4, 128, 64), SD_LATENT).shape == (512, 256, 3)
