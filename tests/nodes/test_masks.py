"""Masks against direct computations, on odd sizes and batches."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage
from torch import Tensor

from engine.media import masks

from .test_custom_sampling import call


def random_mask(*shape: int, seed: int = 1) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def test_channels_of_a_file_become_masks(tmp_path: Path) -> None:
    pixels = np.zeros((5, 7, 4), np.uint8)
    pixels[..., 0], pixels[..., 1], pixels[..., 3] = 255, 51, 204
    (tmp_path / "input").mkdir()
    Image.fromarray(pixels, "RGBA").save(tmp_path / "input" / "a.png")
    Image.fromarray(pixels[..., :3]).save(tmp_path / "input" / "b.png")

    def load(name: str, channel: str) -> Tensor:
        return call("LoadImageMask", tmp_path, image=name, channel=channel)

    assert load("a.png", "red").shape == (1, 5, 7)
    values = [load("a.png", c).mean().item() for c in ("red", "green", "blue", "alpha")]
    assert values == pytest.approx([1.0, 0.2, 0.0, 0.2])
    assert load("b.png", "alpha").shape == (1, 5, 7) and not load("b.png", "alpha").any()


def test_masks_and_pictures_turn_into_each_other() -> None:
    mask = random_mask(2, 5, 7)
    image = call("MaskToImage", mask=mask)
    assert image.shape == (2, 5, 7, 3)
    assert torch.equal(call("ImageToMask", image=image, channel="green"), mask)
    assert not call("ImageToMask", image=image, channel="alpha").any()
    red = torch.zeros(1, 2, 2, 3)
    red[0, 0, 0] = torch.tensor([1.0, 0.0, 0.0])
    found = call("ImageColorToMask", image=red, color=0xFF0000)
    assert found.tolist() == [[[1.0, 0.0], [0.0, 0.0]]]


@pytest.mark.parametrize("tapered", [True, False])
@pytest.mark.parametrize("steps", [3, -2])
def test_growing_is_grey_morphology(tapered: bool, steps: int) -> None:
    mask = random_mask(2, 9, 11)
    cross = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]])
    footprint = cross if tapered else np.ones((3, 3))
    grow = ndimage.grey_dilation if steps > 0 else ndimage.grey_erosion
    expected = mask.numpy()
    for _ in range(abs(steps)):
        expected = np.stack([grow(m, footprint=footprint, mode="nearest") for m in expected])
    found = call("GrowMask", mask=mask, expand=steps, tapered_corners=tapered)
    assert np.allclose(found.numpy(), expected)


def test_feathering_is_a_ramp_on_each_side() -> None:
    found = call("FeatherMask", mask=torch.ones(1, 6, 8), left=2, right=4, top=0, bottom=3)
    columns = [0.5, 1, 1, 1, 1, 0.75, 0.5, 0.25]
    assert found[0, 0].tolist() == pytest.approx(columns)
    assert found[0, :, 2].tolist() == pytest.approx([1, 1, 1, 1, 2 / 3, 1 / 3])


@pytest.mark.parametrize("operation", masks.OPERATIONS)
def test_masks_are_combined_where_they_overlap(operation: str) -> None:
    below, above = random_mask(1, 6, 6), random_mask(2, 4, 4, seed=2)
    options = {"x": 3, "y": 4, "operation": operation}
    found = call("MaskComposite", destination=below, source=above, **options)
    assert found.shape == (2, 6, 6)
    outside = torch.ones(6, 6, dtype=torch.bool)
    outside[4:, 3:] = False
    assert all(torch.equal(item[outside], below[0][outside]) for item in found)
    a, b = below[0, 4:, 3:], above[1, :2, :3]
    direct = {"multiply": a * b, "add": (a + b).clamp(max=1), "subtract": (a - b).clamp(min=0)}
    direct |= {"and": (a.round() * b.round()), "or": a.round().maximum(b.round())}
    direct["xor"] = (a.round() != b.round()).float()
    assert torch.allclose(found[1, 4:, 3:], direct[operation])


def test_simple_masks() -> None:
    assert call("SolidMask", value=0.25, width=3, height=2).tolist() == [[[0.25] * 3] * 2]
    mask = random_mask(1, 5, 7)
    assert torch.equal(call("InvertMask", mask=mask), 1 - mask)
    assert torch.equal(call("CropMask", mask=mask, x=2, y=1, width=3, height=9), mask[:, 1:, 2:5])
    assert torch.equal(call("ThresholdMask", mask=mask, value=0.5), (mask > 0.5).float())


def test_alpha_is_split_off_and_joined_again() -> None:
    picture = torch.rand(1, 4, 6, 4)
    image, mask = call("SplitImageWithAlpha", image=picture)
    assert torch.allclose(call("JoinImageWithAlpha", image=image, alpha=mask), picture, atol=1e-6)
    _, none = call("SplitImageWithAlpha", image=picture[..., :3])
    assert not none.any()
    joined = call("JoinImageWithAlpha", image=image, alpha=torch.zeros(2, 2, 3))
    assert joined.shape == (2, 4, 6, 4) and joined[..., 3].eq(1).all()


@pytest.mark.parametrize("mode", masks.PORTER_DUFF)
def test_compositing_follows_porter_and_duff(mode: str) -> None:
    """The coverage of each rule: parts of source, destination and both that stay."""
    one, zero = torch.ones(1, 1, 1), torch.zeros(1, 1, 1)
    red = torch.tensor([1.0, 0.0, 0.0]).expand(1, 1, 1, 3)
    blue = torch.tensor([0.0, 0.0, 1.0]).expand(1, 1, 1, 3)
    kept = {}
    for name, a, b in (("source", one, zero), ("destination", zero, one), ("both", one, one)):
        options: dict[str, Any] = {"source": red, "source_alpha": a, "mode": mode}
        picture, alpha = call(
            "PorterDuffImageComposite", destination=blue, destination_alpha=b, **options
        )
        kept[name] = (alpha.item(), picture[0, 0, 0].tolist())
    rules = {
        "CLEAR": (0, 0, 0),
        "SRC": (1, 0, 1),
        "DST": (0, 1, 1),
        "SRC_OVER": (1, 1, 1),
        "DST_OVER": (1, 1, 1),
        "SRC_IN": (0, 0, 1),
        "DST_IN": (0, 0, 1),
        "SRC_OUT": (1, 0, 0),
        "DST_OUT": (0, 1, 0),
        "SRC_ATOP": (0, 1, 1),
        "DST_ATOP": (1, 0, 1),
        "XOR": (1, 1, 0),
        "ADD": (1, 1, 1),
        "MULTIPLY": (0, 0, 1),
        "SCREEN": (1, 1, 1),
        "OVERLAY": (1, 1, 1),
        "DARKEN": (1, 1, 1),
        "LIGHTEN": (1, 1, 1),
    }
    assert tuple(round(alpha) for alpha, _ in kept.values()) == rules[mode]
    if rules[mode][0]:
        assert kept["source"][1] == [1.0, 0.0, 0.0]
    if rules[mode][1]:
        assert kept["destination"][1] == [0.0, 0.0, 1.0]
    if mode in ("SRC_OVER", "SRC_ATOP", "SRC_IN"):
        assert kept["both"][1] == [1.0, 0.0, 0.0]
    if mode in ("DST_OVER", "DST_ATOP", "DST_IN"):
        assert kept["both"][1] == [0.0, 0.0, 1.0]
