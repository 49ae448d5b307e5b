"""What an autoencoder loses, against formulas written out."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.diffusion import report
from engine.diffusion.checkpoints import load_checkpoint
from engine.diffusion.handles import Vae
from engine.errors import InvalidInput
from tests.tiny_checkpoint import write_tiny_checkpoint

A = torch.rand(2, 15, 18, 3, generator=torch.Generator().manual_seed(1))
B = (A + 0.1 * torch.randn(A.shape, generator=torch.Generator().manual_seed(2))).clamp(0, 1)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Vae:
    path: Path = write_tiny_checkpoint(tmp_path_factory.mktemp("models") / "tiny.safetensors")
    found = load_checkpoint(path).vae
    assert found
    return found


def test_psnr() -> None:
    """Ten times the logarithm of one over the mean square."""
    for i in range(2):
        square = float(((A[i].double() - B[i].double()) ** 2).mean())
        assert report.psnr(A, B)[i].item() == pytest.approx(10 * math.log10(1 / square), abs=1e-4)
    assert report.psnr(A, A).tolist() == [math.inf] * 2


def test_ssim_place_by_place() -> None:
    """The formula of the paper at each place of an 11 by 11 window."""
    at = np.arange(11) - 5
    window = np.exp(-(at[:, None] ** 2 + at**2) / (2 * 1.5**2))
    window /= window.sum()
    for i in range(2):
        x, y = (t[i].double().numpy() @ np.array([0.299, 0.587, 0.114]) for t in (A, B))
        places = []
        for row in range(5):
            for column in range(8):
                p, q = (t[row : row + 11, column : column + 11] for t in (x, y))
                mp, mq = (window * p).sum(), (window * q).sum()
                vp, vq = (window * (p - mp) ** 2).sum(), (window * (q - mq) ** 2).sum()
                cov = (window * (p - mp) * (q - mq)).sum()
                likeness = (2 * mp * mq + 0.01**2) * (2 * cov + 0.03**2)
                places.append(likeness / ((mp**2 + mq**2 + 0.01**2) * (vp + vq + 0.03**2)))
        assert report.ssim(A, B)[i].item() == pytest.approx(np.mean(places), abs=1e-5)
    assert report.ssim(A, A).tolist() == pytest.approx([1.0, 1.0])


def test_regions_are_means_of_squares() -> None:
    """Rests at the right and the bottom are regions of their own."""
    x = A[..., 0]
    found = report.regional(x, 7)
    for row in (0, 7, 14):
        for column in (0, 7, 14):
            square = x[:, row : row + 7, column : column + 7]
            expected = square.mean((1, 2))[:, None, None].expand_as(square)
            part = found[:, row : row + 7, column : column + 7]
            assert torch.allclose(part, expected, atol=1e-6)


def test_heat_goes_from_black_to_white() -> None:
    colors = report.heat(torch.tensor([[[0.0, 1 / 3, 2 / 3, 1.0, 9.0]]]))[0, 0]
    expected = [[0, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 1], [1, 1, 1]]
    assert torch.allclose(colors, torch.tensor(expected).float(), atol=1e-6)


def test_a_report_tells_where_it_is_worst(tiny: Vae) -> None:
    found = report.measure(tiny, torch.rand(2, 33, 48, 4), region=16)
    assert found.reconstruction.shape == (2, 32, 48, 3) and found.errors.shape == (2, 32, 48)
    lines = report.written(found).splitlines()
    assert len(lines) == 3 and lines[0].startswith("48 x 32 pixels to 6 x 4 cells of 4 numbers")
    top, left = divmod(int(found.errors[1].argmax()), 48)
    assert f"worst at x {left}, y {top}: {found.errors[1].max():.4f}" in lines[2]
    assert top % 16 == left % 16 == 0


def test_too_small_pictures_are_refused(tiny: Vae) -> None:
    with pytest.raises(InvalidInput, match=r"15 x 9 pixels are too small .* at least 16 pixels"):
        report.measure(tiny, torch.rand(1, 9, 15, 3), region=16)
