"""Nodes for pictures against direct computations: odd sizes, batches, transparency."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from .test_custom_sampling import call


def random(*shape: int, seed: int = 1) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


IMAGE = random(3, 7, 10, 3)


def test_size_and_number() -> None:
    assert call("GetImageSize", image=IMAGE) == (10, 7, 3)


def test_noise_belongs_to_its_seed() -> None:
    grey = torch.full((1, 64, 64, 3), 0.5)
    one, same, other = (call("ImageAddNoise", image=grey, seed=s, strength=0.1) for s in (1, 1, 2))
    assert torch.equal(one, same) and not torch.equal(one, other)
    assert (one - grey).std().item() == pytest.approx(0.1, rel=0.03)
    loud = call("ImageAddNoise", image=grey, seed=1, strength=1.0)
    assert loud.min() == 0 and loud.max() == 1


def test_batches_join_and_the_second_is_fitted() -> None:
    """Cropped to the proportion first; missing transparency is opaque."""
    other = random(2, 14, 30, 4, seed=2)
    out = call("ImageBatch", image1=IMAGE, image2=other)
    assert out.shape == (5, 7, 10, 4)
    assert torch.equal(out[:3, ..., :3], IMAGE) and (out[:3, ..., 3] == 1).all()
    middle = other[:, :, 5:25].movedim(-1, 1)
    fitted = F.interpolate(middle, size=(7, 10), mode="bilinear").movedim(1, -1)
    assert torch.allclose(out[3:], fitted)
    assert torch.equal(call("ImageBatch", image1=IMAGE, image2=IMAGE)[3:], IMAGE)


def test_pasting_through_a_mask() -> None:
    """What hangs over is cut, and a single source goes onto every picture."""
    source, mask = random(1, 4, 5, 3, seed=3), random(1, 4, 5, seed=4)
    out = call("ImageCompositeMasked", destination=IMAGE, source=source, x=8, y=1, mask=mask)
    expected = IMAGE.clone()
    for b in range(3):
        for row in range(4):
            for column in range(2):
                m = mask[0, row, column]
                old = IMAGE[b, 1 + row, 8 + column]
                expected[b, 1 + row, 8 + column] = m * source[0, row, column] + (1 - m) * old
    assert torch.allclose(out, expected, atol=1e-6)
    assert torch.equal(call("ImageCompositeMasked", destination=IMAGE, source=source, x=99), IMAGE)


def test_pasting_over_everything_and_with_other_channels() -> None:
    red = torch.tensor([1.0, 0.0, 0.0]).expand(2, 3, 3, 3)
    full = {"destination": IMAGE, "source": red, "resize_source": True}
    assert torch.equal(call("ImageCompositeMasked", **full), red[:1, :1, :1].expand(3, 7, 10, 3))
    rgba = random(1, 7, 10, 4, seed=5)
    assert call("ImageCompositeMasked", destination=IMAGE, source=rgba).shape == (3, 7, 10, 3)
    onto = call("ImageCompositeMasked", destination=rgba, source=red)
    assert torch.equal(onto[0, 0, 0], torch.tensor([1.0, 0.0, 0.0, 1.0]))


def test_outpainting_fades_at_the_sides_that_grow() -> None:
    image = random(1, 21, 30, 3)
    canvas, mask = call("ImagePadForOutpaint", image=image, left=8, bottom=16, feathering=5)
    assert canvas.shape == (1, 37, 38, 3) and mask.shape == (1, 37, 38)
    assert torch.equal(canvas[:, :21, 8:], image) and (canvas[:, :, :8] == 0.5).all()
    assert (mask[:, :, :8] == 1).all() and (mask[:, 21:] == 1).all()
    for row in range(21):
        for column in range(30):
            depth = min(column, 20 - row)
            expected = ((5 - depth) / 5) ** 2 if depth < 5 else 0.0
            assert mask[0, row, 8 + column].item() == pytest.approx(expected, abs=1e-6)
    _, hard = call("ImagePadForOutpaint", image=image, left=8, feathering=11)
    assert not hard[:, :, 8:].any()


def test_crop_stays_inside() -> None:
    out = call("ImageCrop", image=IMAGE, x=2, y=1, width=3, height=99)
    assert torch.equal(out, IMAGE[:, 1:, 2:5])
    assert torch.equal(call("ImageCrop", image=IMAGE, x=99, y=99), IMAGE[:, -1:, -1:])


def test_flip_and_rotate() -> None:
    upside_down = call("ImageFlip", image=IMAGE, flip_method="x-axis: vertically")
    assert torch.equal(upside_down[:, 0], IMAGE[:, -1])
    mirrored = call("ImageFlip", image=IMAGE, flip_method="y-axis: horizontally")
    assert torch.equal(mirrored[:, :, 0], IMAGE[:, :, -1])
    turned = call("ImageRotate", image=IMAGE, rotation="90 degrees")
    assert turned.shape == (3, 10, 7, 3) and torch.equal(turned[:, 0, -1], IMAGE[:, 0, 0])
    half = call("ImageRotate", image=IMAGE, rotation="180 degrees")
    assert torch.equal(half[:, 0, 0], IMAGE[:, -1, -1])


@pytest.mark.parametrize("direction", ["right", "down", "left", "up"])
def test_stitching(direction: str) -> None:
    """Side by side with a rounded space; the shorter batch repeats its last picture."""
    other = random(1, 7, 10, 3, seed=2)
    options = {"direction": direction, "spacing_width": 3, "spacing_color": "green"}
    out = call("ImageStitch", image1=IMAGE, image2=other, **options)
    axis = 2 if direction in ("right", "left") else 1
    size = IMAGE.shape[axis]
    parts = out.split([size, 4, size], dim=axis)
    pair = (IMAGE, other.expand(3, -1, -1, -1))
    first, second = pair if direction in ("right", "down") else pair[::-1]
    assert torch.equal(parts[0], first) and torch.equal(parts[2], second)
    assert (parts[1] == torch.tensor([0.0, 1.0, 0.0])).all()


def test_stitching_other_sizes() -> None:
    small = random(1, 3, 4, 4, seed=2)
    matched = call("ImageStitch", image1=IMAGE, image2=small)
    assert matched.shape == (3, 7, 10 + 9, 4)
    loose = call("ImageStitch", image1=IMAGE, image2=small, match_image_size=False)
    assert loose.shape == (3, 7, 14, 4)
    assert torch.equal(loose[0, 2:5, 10:], small[0]) and not loose[:, :2, 10:].any()
    assert call("ImageStitch", image1=IMAGE) is IMAGE


def test_letterbox() -> None:
    fit = {"target_width": 9, "target_height": 15, "interpolation": "bilinear"}
    out = call("ResizeAndPadImage", image=IMAGE, padding_color="white", **fit)
    assert out.shape == (3, 15, 9, 3)
    inner = F.interpolate(IMAGE.movedim(-1, 1), size=(6, 9), mode="bilinear").movedim(1, -1)
    assert torch.allclose(out[:, 4:10], inner)
    assert (out[:, :4] == 1).all() and (out[:, 10:] == 1).all()


@pytest.mark.parametrize(
    ("id", "inputs", "size"),
    [
        ("ImageScaleBy", {"scale_by": 1.25}, (12, 9)),
        ("ImageScaleBy", {"scale_by": 0.01}, (1, 1)),
        ("ImageScaleToTotalPixels", {"megapixels": 0.01}, (122, 86)),
        ("ImageScaleToMaxDimension", {"largest_size": 25}, (25, 18)),
        ("ImageScaleToMaxDimension", {"largest_size": 0}, (10, 7)),
    ],
)
def test_sizes_of_scaled_pictures(id: str, inputs: Any, size: tuple[int, int]) -> None:
    out = call(id, image=IMAGE, upscale_method="bilinear", **inputs)
    assert out.shape == (3, size[1], size[0], 3)


def test_batches_are_taken_apart_and_put_together() -> None:
    assert torch.equal(call("ImageFromBatch", image=IMAGE, batch_index=1, length=9), IMAGE[1:])
    assert torch.equal(call("ImageFromBatch", image=IMAGE, batch_index=7), IMAGE[2:])
    repeated = call("RepeatImageBatch", image=IMAGE, amount=2)
    assert torch.equal(repeated, torch.cat([IMAGE, IMAGE]))
    small = random(1, 2, 2, 3)
    parts = call("RebatchImages", images=[IMAGE, IMAGE, small], batch_size=[4])
    assert [len(p) for p in parts] == [4, 2, 1]
    assert torch.equal(parts[0], torch.cat([IMAGE, IMAGE[:1]])) and torch.equal(parts[2], small)


def test_brightness_and_colour_apart() -> None:
    y, u, v = call("ImageRGBToYUV", image=IMAGE)
    assert y.shape == IMAGE.shape and torch.equal(y[..., 0], y[..., 2])
    assert torch.allclose(call("ImageYUVToRGB", Y=y, U=u, V=v), IMAGE, atol=1e-6)


@pytest.mark.parametrize(
    ("id", "inputs"),
    [
        ("ImageBlur", {}),
        ("ImageSharpen", {}),
        ("ImageQuantize", {"colors": 7}),
        ("Morphology", {"operation": "open"}),
        ("Canny", {}),
    ],
)
def test_filters_keep_the_shape_and_the_range(id: str, inputs: Any) -> None:
    out = call(id, image=IMAGE, **inputs)
    assert out.shape == IMAGE.shape and out.min() >= 0 and out.max() <= 1
    assert not torch.equal(out, IMAGE)


def test_one_picture_blends_into_a_whole_batch() -> None:
    out = call("ImageBlend", image1=IMAGE, image2=IMAGE[1:2], blend_factor=0.5)
    assert torch.allclose(out[2], (IMAGE[2] + IMAGE[1]) / 2)
