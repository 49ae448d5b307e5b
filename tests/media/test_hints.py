"""What is drawn or taken of pictures for ControlNets, against scipy and known values."""

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import Tensor

from engine.diffusion.control_nets.hints import fit_picture
from engine.media import hints, lines


def random(*shape: int, seed: int = 1) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def by_scipy(x: Tensor, sigma: float) -> np.ndarray:
    """Blurred ``b h w c``, by scipy in float64."""
    exact = x.numpy().astype(float)
    return ndimage.gaussian_filter(exact, (0, sigma, sigma, 0), mode="mirror", truncate=4.0)


def cross(size: int = 32) -> Tensor:
    """A dark line of two pixels on light paper."""
    picture = torch.ones(1, size, size, 3) * 0.9
    picture[:, 15:17] = 0.2
    return picture


def test_lineart_is_the_darkness_against_a_blur_with_typical_lines_at_a_half() -> None:
    image, threshold = random(2, 20, 24, 3), 0.03
    darker = np.clip((by_scipy(image, 1.5) - image.numpy()).min(-1), 0, None)
    expected = np.empty_like(darker)
    for i, one in enumerate(darker):
        middle = np.sort(one[one > threshold])
        typical = middle[(len(middle) - 1) // 2]
        assert typical > lines.FAINTEST
        expected[i] = np.clip(one / typical / 2, None, 1)
    assert np.allclose(lines.lineart(image, 1.5, threshold).numpy(), expected, atol=1e-5)


def test_lineart_of_a_line_is_bright_there_and_dark_elsewhere() -> None:
    found = lines.lineart(cross(), 6.0, 0.03)
    assert found[:, 15:17].min() > 0.45
    assert found[:, :8].max() < 0.1 and found[:, 24:].max() < 0.1
    assert not lines.lineart(torch.full((1, 16, 16, 3), 0.5), 6.0, 0.03).any()


def test_faint_noise_stays_dark() -> None:
    noise = 0.5 + 0.02 * (random(1, 32, 32, 3) - 0.5)
    assert lines.lineart(noise, 6.0, 0.0).max() < 0.1


def test_scribbles_are_the_difference_of_two_blurs() -> None:
    image = random(1, 30, 26, 3)
    between = (by_scipy(image, 5.0) - by_scipy(image, 0.5)).min(-1)
    found = lines.scribble(image, 0.065).numpy()
    clear = np.abs(between - 0.065) > 1e-5
    assert np.array_equal(found[clear], (between > 0.065)[clear].astype(np.float32))
    assert 0 < found.mean() < 0.5


def test_scribbles_grow_by_their_thickness() -> None:
    thin, thick = (lines.scribble(cross(), 0.065, n)[0, :, 4] for n in (1, 5))
    assert set(thin.unique().tolist()) == {0.0, 1.0}
    assert thick.sum() == thin.sum() + 4 and (thick >= thin).all()


def test_strokes_are_what_is_dark() -> None:
    found = lines.strokes(cross(), 0.5)
    assert found[0, :, 0].nonzero().flatten().tolist() == [15, 16]
    red = torch.tensor([1.0, 0.1, 0.1]).expand(1, 4, 4, 3)
    assert lines.strokes(red, 0.5).all()


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        ((0.0, 0.0, 0.0), 0.0),
        ((1.0, 1.0, 1.0), 1.0),
        ((0.5, 0.5, 0.5), 0.533890),
        ((1.0, 0.0, 0.0), 0.532408),
        ((0.0, 1.0, 0.0), 0.877347),
        ((0.0, 0.0, 1.0), 0.322970),
        ((0.02, 0.02, 0.02), 0.013983),
    ],
)
def test_lightness_is_that_of_cie_lab(colour: tuple[float, ...], expected: float) -> None:
    """L* of the corners of sRGB, as published tables have them; linear near black."""
    found = hints.lightness(torch.tensor(colour).expand(1, 2, 2, 3))
    assert torch.allclose(found, torch.full((1, 2, 2), expected), atol=1e-4)


def test_intensity_is_the_brightest_channel() -> None:
    image = random(2, 4, 5, 3)
    assert np.array_equal(hints.intensity(image).numpy(), image.numpy().max(-1))


def test_a_coarse_picture_has_lost_its_details_and_kept_its_means() -> None:
    y = torch.arange(64.0)
    fine = 0.5 + 0.4 * torch.where(y % 2 == 0, 1.0, -1.0)
    image = fine[None, :, None, None].expand(1, 64, 64, 3)
    assert torch.allclose(hints.coarse(image, 4), torch.full((1, 64, 64, 3), 0.5), atol=1e-6)
    smooth = 0.5 + 0.4 * torch.sin(y / 64 * 2 * torch.pi)[None, :, None, None].expand(1, 64, 64, 3)
    assert (hints.coarse(smooth, 4) - smooth).abs().max() < 0.05
    assert hints.coarse(random(1, 3, 50, 3), 8).shape == (1, 3, 50, 3)


def test_gaps_survive_until_a_control_net_reads_them() -> None:
    image, mask = random(2, 16, 16, 3), torch.zeros(1, 8, 8)
    mask[:, :4] = 1
    found = hints.with_gaps(image, mask)
    assert (found[:, :8] == hints.MISSING).all()
    assert torch.equal(found[:, 8:], image[:, 8:])
    shown = fit_picture(found, (8, 8), 8)
    assert (shown[:, :, :4] == hints.MISSING).all() and (shown[:, :, 4:] >= 0).all()
