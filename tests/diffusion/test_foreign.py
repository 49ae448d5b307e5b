"""Upscalers of kinds that only spandrel knows.

spandrel imports three names of torchvision, for which there is no build without a GPU that fits
every torch; they are stood in for, because no upscaler uses them.
"""

import sys
import types
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from engine.diffusion import foreign, upscale
from engine.diffusion.residency import residency
from engine.errors import ModelFileError


@pytest.fixture(autouse=True)
def torchvision(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("torchvision", "torchvision.transforms", "torchvision.transforms.functional")
    modules = [types.ModuleType(name) for name in names]
    for name in ("InterpolationMode", "rotate", "normalize"):
        setattr(modules[2], name, object())
    for name, module in zip(names, modules, strict=True):
        monkeypatch.setitem(sys.modules, name, module)


def write_span(path: Path) -> tuple[Path, torch.nn.Module]:
    """A random SPAN network (Wan et al. 2023) for pictures twice as large."""
    from spandrel.architectures.SPAN import SPAN

    network = SPAN(num_in_ch=3, num_out_ch=3, feature_channels=16, upscale=2)
    save_file(network.state_dict(), path)
    return path, network.eval()


def test_a_kind_that_is_not_built_in_enlarges(tmp_path: Path) -> None:
    """As the library's network itself; measured: 1e-5."""
    path, network = write_span(tmp_path / "span.safetensors")
    model = upscale.load_upscale_model(path)
    image = torch.rand(1, 24, 20, 3)
    with torch.no_grad():
        expected = network(image.movedim(-1, 1)).clamp(0, 1).movedim(1, -1)
    found = upscale.upscale(model, image)
    assert (model.scale, found.shape) == (2, (1, 48, 40, 3))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-4)  # it computes in 0..255
    assert any(held.owner == model.weights.id for held in residency().ledger())


def test_what_nobody_knows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "odd.safetensors"
    save_file({"odd": torch.zeros(1)}, path)
    with pytest.raises(ModelFileError, match="no upscaler of a known kind"):
        upscale.load_upscale_model(path)


def test_without_the_library_the_error_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = write_span(tmp_path / "span.safetensors")
    monkeypatch.setattr(foreign, "is_there", lambda: False)
    with pytest.raises(ModelFileError, match="compat"):
        upscale.load_upscale_model(path)
