"""Filters, edges and colours against scipy, Pillow and formulas written out."""

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage
from torch import Tensor

from engine.media import filters
from engine.media.colours import bayer, from_ycc, quantized, to_ycc
from engine.media.edges import canny


def random(*shape: int, seed: int = 1) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("radius", "sigma"), [(1, 1.0), (3, 0.4), (12, 2.0)])
def test_blur_weighs_neighbours_by_a_round_bell(radius: int, sigma: float) -> None:
    """Distances run from -1 to 1; borders are mirrored, even if the picture is smaller."""
    x = random(2, 3, 7, 9)
    line = np.linspace(-1, 1, 2 * radius + 1)
    kernel = np.exp(-(line[:, None] ** 2 + line**2) / (2 * sigma**2))
    kernel /= kernel.sum()
    expected = ndimage.convolve(x.numpy().astype(float), kernel[None, None], mode="mirror")
    assert np.allclose(filters.blurred(x, radius, sigma).numpy(), expected, atol=1e-6)


def test_sharpening_is_one_kernel_whose_sum_is_one() -> None:
    """Ten times alpha of the negative bell, and the rest in the middle."""
    x, alpha = random(1, 1, 9, 8), 0.7
    bell = np.exp(-(np.linspace(-1, 1, 5)[:, None] ** 2 + np.linspace(-1, 1, 5) ** 2) / 2)
    kernel = -10 * alpha * bell / bell.sum()
    kernel[2, 2] += 1 - kernel.sum()
    expected = ndimage.convolve(x.numpy().astype(float), kernel[None, None], mode="mirror")
    assert np.allclose(filters.sharpened(x, 2, 1.0, alpha).numpy(), expected, atol=1e-4)


@pytest.mark.parametrize("size", [3, 5])
def test_grey_morphology_is_that_of_scipy(size: int) -> None:
    """What lies outside counts for nothing."""
    x = random(1, 1, 11, 8)
    flat, square = x[0, 0].numpy(), (size, size)
    low = ndimage.grey_erosion(flat, square, mode="constant", cval=np.inf)
    high = ndimage.grey_dilation(flat, square, mode="constant", cval=-np.inf)
    opened = ndimage.grey_dilation(low, square, mode="constant", cval=-np.inf)
    closed = ndimage.grey_erosion(high, square, mode="constant", cval=np.inf)
    expected = {
        "erode": low,
        "dilate": high,
        "open": opened,
        "close": closed,
        "gradient": high - low,
        "bottom_hat": closed - flat,
        "top_hat": flat - opened,
    }
    assert list(filters.MORPHOLOGY) == list(expected)
    for name, value in expected.items():
        assert np.allclose(filters.MORPHOLOGY[name](x, size)[0, 0].numpy(), value), name


def test_opening_and_closing_by_even_squares_stay_at_their_place() -> None:
    """Opening never brightens, closing never darkens, and doing it again changes nothing."""
    x = random(1, 2, 12, 13)
    opened, closed = filters.opened(x, 4), filters.closed(x, 4)
    assert (opened <= x).all() and (closed >= x).all()
    assert torch.equal(filters.opened(opened, 4), opened)
    assert torch.equal(filters.closed(closed, 4), closed)


def test_edges_of_a_square_are_thin_and_closed() -> None:
    """They lie at its border, one ring; a faint square has none."""
    image = torch.zeros(2, 40, 41, 3)
    image[0, 10:30, 12:30], image[1, 10:30, 12:30] = 1.0, 0.05
    edges = canny(image, 0.4, 0.8)
    assert edges.shape == (2, 40, 41) and set(edges.unique().tolist()) == {0.0, 1.0}
    assert not edges[1].any()
    rows, columns = (edges[0, 20], edges[0, :, 20])
    assert 2 <= rows.sum() <= 4 and 2 <= columns.sum() <= 4
    away = torch.ones(40, 41, dtype=torch.bool)
    away[8:32, 10:32] = False
    away[13:27, 15:27] = True
    assert not edges[0][away].any()
    assert ndimage.label(edges[0].numpy(), structure=np.ones((3, 3)))[1] == 1


def test_weak_edges_stay_only_beside_strong_ones() -> None:
    """A step whose height fades goes on below the high threshold, down to the low one."""
    height = torch.linspace(0, 0.5, 60)
    image = torch.zeros(1, 60, 30, 3)
    image[0, :, 15:] = height[:, None, None]
    both, strong_only = (canny(image, low, 0.9)[0].sum() for low in (0.3, 0.89))
    weak_alone = canny(image[:, :20], 0.3, 0.9)
    assert both > strong_only + 5 and not weak_alone.any()


def test_brightness_and_chroma_are_those_of_jpeg() -> None:
    """As Pillow computes them, up to its rounding; and they turn back."""
    image = (random(1, 6, 5, 3) * 255).round() / 255
    expected = Image.fromarray((image[0] * 255).byte().numpy()).convert("YCbCr")
    found = torch.stack(to_ycc(image), -1)[0] * 255
    # Pillow centres chroma at 128, we at 127.5, which is 0.5.
    shift = torch.tensor([0.0, 0.5, 0.5])
    assert (found + shift - torch.from_numpy(np.array(expected)).float()).abs().max() <= 1.01
    assert torch.allclose(from_ycc(*to_ycc(image)), image, atol=1e-6)


@pytest.mark.parametrize("dither", ["none", "floyd-steinberg", "bayer-2", "bayer-16"])
def test_quantizing_leaves_so_many_colours(dither: str) -> None:
    """Patterns imitate the mean of what lies between better than the nearest colour does."""
    ramp = torch.linspace(0, 1, 96)[None, :, None].expand(33, 96, 3)[None]
    out = quantized(torch.cat([ramp, ramp.flip(2)]), 4, dither)
    assert out.shape == (2, 33, 96, 3)
    assert len(out[0].reshape(-1, 3).unique(dim=0)) <= 4
    plain = np.asarray(
        Image.fromarray((ramp[0] * 255).byte().numpy())
        .quantize(4, dither=Image.Dither.NONE)
        .convert("RGB")
    )
    if dither == "none":
        assert np.array_equal((out[0] * 255).round().byte().numpy(), plain)
        return
    means = [t.float().reshape(33, 6, 16, 3).mean((0, 2)) for t in (out[0], ramp[0])]
    coarse = torch.from_numpy(plain / 255).float().reshape(33, 6, 16, 3).mean((0, 2))
    assert (means[0] - means[1]).abs().mean() < (coarse - means[1]).abs().mean()


def test_thresholds_hold_every_rank_once() -> None:
    """The pattern of two pixels a side is the known one."""
    assert ((bayer(2) + 0.5) * 4 - 0.5).tolist() == [[0, 2], [3, 1]]
    ranks = np.sort(((bayer(8) + 0.5) * 64 - 0.5).round().ravel())
    assert np.array_equal(ranks, np.arange(64)) and abs(bayer(8).mean()) < 1e-12
