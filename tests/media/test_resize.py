"""Resizing: sizes, crops, and interpolation on the sphere."""

import pytest
import torch

from engine.media.resize import (
    IMAGE_METHODS,
    LATENT_METHODS,
    bislerp,
    crop_to_proportion,
    fill_in,
    resize,
)


@pytest.mark.parametrize("method", dict.fromkeys((*IMAGE_METHODS, *LATENT_METHODS)))
def test_every_method_gives_the_size_asked_for(method: str) -> None:
    """And a constant picture stays constant."""
    x = torch.full((2, 4, 6, 8), 0.6)
    out = resize(x, 13, 5, method)
    assert out.shape == (2, 4, 5, 13)
    assert torch.allclose(out, torch.tensor(0.6), atol=0.5 / 255 if method == "lanczos" else 1e-5)


def test_centre_crop_keeps_proportions() -> None:
    """The longer side loses equal parts at both ends."""
    x = torch.arange(8.0).expand(1, 1, 4, 8)
    assert crop_to_proportion(x, 1, 1)[0, 0, 0].tolist() == [2.0, 3.0, 4.0, 5.0]
    assert resize(x, 4, 4, "nearest-exact", "center")[0, 0, 0].tolist() == [2.0, 3.0, 4.0, 5.0]
    assert crop_to_proportion(x.transpose(2, 3), 1, 1).shape == (1, 1, 4, 4)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [((0, 0), (30, 20)), ((0, 10), (15, 10)), ((60, 0), (60, 40)), ((7, 9), (7, 9))],
)
def test_zero_keeps_the_proportion(wanted: tuple[int, int], expected: tuple[int, int]) -> None:
    """Two zeros keep the size."""
    assert fill_in(*wanted, old_width=30, old_height=20) == expected


def test_bislerp_keeps_norms() -> None:
    """Between two unit vectors at a right angle lies a unit vector at 45 degrees."""
    x = torch.tensor([[1.0, 0.0], [0.0, 1.0]]).reshape(1, 2, 1, 2)
    middle = bislerp(x, 3, 1)[0, :, 0, 1]
    assert middle.tolist() == pytest.approx([0.5**0.5, 0.5**0.5], abs=1e-5)
    same = bislerp(x, 2, 1)
    assert torch.allclose(same, x, atol=1e-6)
    noise = torch.randn(1, 4, 16, 16)
    large = bislerp(noise, 32, 32)
    assert large.norm(dim=1).mean() > 0.9 * noise.norm(dim=1).mean()
