"""Pictures to tensors and back: depth, transparency, frames, orientation, damage."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from engine.errors import InvalidInput
from engine.media.images import load_image, save_png, to_uint8
from engine.media.metadata import png_info, read_metadata
from engine.media.previews import encode_jpeg


def picture(mode: str = "RGB", size: tuple[int, int] = (6, 4)) -> Image.Image:
    channels = len(Image.new(mode, (1, 1)).getbands())
    pixels = np.random.default_rng(0).integers(0, 256, (*size[::-1], channels), dtype=np.uint8)
    return Image.fromarray(pixels.squeeze(), mode)


def test_png_comes_back_exactly(tmp_path: Path) -> None:
    """8-bit values survive the way through float32."""
    image = torch.arange(256).reshape(1, 16, 16, 1).repeat(1, 1, 1, 3) / 255
    save_png(tmp_path / "a.png", image[0], {})
    loaded, mask = load_image(tmp_path / "a.png")
    assert torch.equal(loaded, image)
    assert mask.shape == (1, 64, 64) and not mask.any()


def test_values_are_cut_off_not_rounded() -> None:
    """As others do: 0.999 is 254, and what is outside is clipped."""
    pixels = to_uint8(torch.tensor([[[0.999, -1.0, 2.0]]]))
    assert pixels.tolist() == [[[254, 0, 255]]]


def test_transparency_becomes_an_inverted_mask(tmp_path: Path) -> None:
    """Alpha in RGBA, LA, and palettes with a transparent colour."""
    rgba = picture("RGBA")
    rgba.save(tmp_path / "a.png")
    image, mask = load_image(tmp_path / "a.png")
    alpha = np.asarray(rgba)[..., 3] / np.float32(255)
    assert image.shape == (1, 4, 6, 3)
    assert torch.allclose(mask[0], 1 - torch.from_numpy(alpha))
    palette = Image.new("P", (3, 2), 1)
    palette.putpalette([0, 0, 0, 255, 0, 0])
    palette.save(tmp_path / "p.png", transparency=1)
    assert load_image(tmp_path / "p.png")[1].tolist() == [[[1.0] * 3] * 2]


def test_sixteen_bits_are_kept(tmp_path: Path) -> None:
    """Grey pictures of 16 bits keep more than 256 levels."""
    grey = np.array([[0, 1, 257, 65535]], dtype=np.uint16)
    Image.fromarray(grey).save(tmp_path / "g.png")
    image, _ = load_image(tmp_path / "g.png")
    assert image[0, 0, :, 0].tolist() == pytest.approx([0, 1 / 65535, 257 / 65535, 1])


def test_cameras_orientation_is_applied(tmp_path: Path) -> None:
    """Orientation 6: the picture lies on its side."""
    exif = Image.Exif()
    exif[0x0112] = 6
    picture().save(tmp_path / "a.jpg", exif=exif)
    assert load_image(tmp_path / "a.jpg")[0].shape == (1, 6, 4, 3)


def test_frames_become_a_batch(tmp_path: Path) -> None:
    """All frames of an animation."""
    frames = [Image.new("RGB", (5, 4), (k * 80, 0, 0)) for k in range(3)]
    frames[0].save(tmp_path / "a.webp", save_all=True, append_images=frames[1:], lossless=True)
    image, mask = load_image(tmp_path / "a.webp")
    assert image.shape == (3, 4, 5, 3) and mask.shape[0] == 3
    assert (image[:, 0, 0, 0] * 255).round().tolist() == [0, 80, 160]


def test_a_truncated_file_gives_what_is_there(tmp_path: Path) -> None:
    """The end of a download is missing: the beginning is still a picture."""
    big = picture(size=(64, 64))
    big.save(tmp_path / "a.png")
    data = (tmp_path / "a.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(data[: len(data) // 2])
    image, _ = load_image(tmp_path / "cut.png")
    assert torch.allclose(image[0, 0], torch.from_numpy(np.asarray(big)[0] / np.float32(255)))


def test_missing_and_wrong_files_say_so(tmp_path: Path) -> None:
    """One sentence with the name."""
    (tmp_path / "a.png").write_text("no picture")
    with pytest.raises(InvalidInput, match=r"'a\.png' cannot be read as a picture"):
        load_image(tmp_path / "a.png")
    with pytest.raises(InvalidInput, match=r"There is no picture 'b\.png'"):
        load_image(tmp_path / "b.png")


def test_the_workflow_travels_in_the_png(tmp_path: Path) -> None:
    """Text chunks, letters of all scripts included."""
    carried = {"prompt": {"1": {"class_type": "A"}}, "workflow": {"title": "猫 é"}}
    save_png(tmp_path / "a.png", torch.rand(4, 4, 3), carried)
    assert read_metadata(tmp_path / "a.png") == carried


def test_workflows_are_read_from_webp(tmp_path: Path) -> None:
    """EXIF tags Model and Make hold name:json."""
    exif = Image.Exif()
    exif[0x0110], exif[0x010F] = 'prompt:{"1": {}}', 'workflow:{"nodes": []}'
    picture().save(tmp_path / "a.webp", exif=exif)
    assert read_metadata(tmp_path / "a.webp") == {"prompt": {"1": {}}, "workflow": {"nodes": []}}


def test_text_that_is_no_json_is_left_out(tmp_path: Path) -> None:
    """Other programs write text too."""
    info = png_info({"workflow": [1]})
    info.add_text("parameters", "a cat, Steps: 20")
    picture().save(tmp_path / "a.png", pnginfo=info)
    assert read_metadata(tmp_path / "a.png") == {"workflow": [1]}


def test_metadata_needs_no_torch() -> None:
    """The command line reads pictures before anything heavy is loaded."""
    import subprocess
    import sys

    code = "import sys, engine.media.metadata; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_previews_are_small_jpegs() -> None:
    """Shrunk in proportion; small ones stay."""
    import io

    sizes = {}
    for side in (64, 1024):
        data = encode_jpeg(np.zeros((side, side * 2, 3), dtype=np.uint8), 512)
        shown = Image.open(io.BytesIO(data))
        sizes[side] = (shown.format, shown.size)
    assert sizes == {64: ("JPEG", (128, 64)), 1024: ("JPEG", (512, 256))}
