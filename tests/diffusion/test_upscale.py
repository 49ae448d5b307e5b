"""Upscalers: recognition, both spellings of names, tiles, and the shipped weights at work."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

from engine.diffusion import residency, upscale
from engine.diffusion.families.upscalers import compact_config, rrdb_config, rrdb_names
from engine.diffusion.networks.upscalers import (
    CompactConfig,
    RRDBConfig,
    RRDBNet,
    SRVGGNetCompact,
)
from engine.diffusion.upscale import load_upscale_model
from engine.errors import ModelFileError

SHIPPED = Path(__file__).parents[2] / "models/upscale_models/realesr-animevideov3-x4.safetensors"
SMALL = RRDBConfig(features=16, blocks=2, growth=8)


def save(network: nn.Module, path: Path) -> Path:
    save_file(network.state_dict(), path)
    return path


def shapes_of(network: nn.Module) -> dict[str, tuple[int, ...]]:
    return {k: tuple(t.shape) for k, t in network.state_dict().items()}


def first_spelling(name: str) -> str:
    """A name of Real-ESRGAN's x4 network as ESRGAN's first release spelled it."""
    tops = {"conv_first": 0, "conv_up1": 3, "conv_up2": 6, "conv_hr": 8, "conv_last": 10}
    top, _, rest = name.partition(".")
    if top in tops:
        return f"model.{tops[top]}.{rest}"
    if top == "conv_body":
        return f"model.1.sub.2.{rest}"
    _, block, dense, conv, kind = name.split(".")
    return f"model.1.sub.{block}.{dense.upper()}.{conv}.0.{kind}"


@pytest.mark.parametrize("config", [SMALL, RRDBConfig(16, 2, 8, 2, unshuffle=2), RRDBConfig()])
def test_rrdb_sizes_come_from_the_tensors(config: RRDBConfig) -> None:
    """The x4 of the paper has 16 697 987 parameters."""
    with torch.device("meta"):
        network = RRDBNet(config)
    assert rrdb_config(shapes_of(network)) == config
    if config == RRDBConfig():
        assert sum(p.numel() for p in network.parameters()) == 16_697_987


def test_compact_sizes_come_from_the_tensors() -> None:
    """And other files are not taken for it."""
    with torch.device("meta"):
        network = SRVGGNetCompact(CompactConfig(24, 3, 2))
    assert compact_config(shapes_of(network)) == CompactConfig(24, 3, 2)
    assert compact_config({"body.0.weight": (64, 3, 3, 3)}) is None


def test_both_spellings_load_the_same_network(tmp_path: Path) -> None:
    """ESRGAN's first names are translated to the network's."""
    network = RRDBNet(SMALL)
    old = {first_spelling(k): t for k, t in network.state_dict().items()}
    assert rrdb_names(old) == {first_spelling(k): k for k in network.state_dict()}
    save_file(old, tmp_path / "old.safetensors")
    image = torch.rand(1, 9, 7, 3)
    new = load_upscale_model(save(network, tmp_path / "new.safetensors"))
    same = upscale.upscale(load_upscale_model(tmp_path / "old.safetensors"), image)
    assert same.shape == (1, 36, 28, 3)
    assert torch.equal(same, upscale.upscale(new, image))


def test_odd_sizes_survive_unshuffling(tmp_path: Path) -> None:
    """The x2 network folds 2 x 2 pixels; the picture is padded and cut again."""
    network = RRDBNet(RRDBConfig(16, 1, 8, doublings=2, unshuffle=2))
    model = load_upscale_model(save(network, tmp_path / "x2.safetensors"))
    assert model.scale == 2
    assert upscale.upscale(model, torch.rand(2, 7, 9, 4)).shape == (2, 14, 18, 3)


def test_tiles_change_little_and_are_counted() -> None:
    """Tiles see less around them; the seams are blended away."""
    model = load_upscale_model(SHIPPED)
    image = _smooth_picture(160)
    told: list[tuple[int, int]] = []
    whole = upscale.upscale(model, image)
    tiled = upscale.upscale(model, image, tile=96, done=lambda i, n: told.append((i, n)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert (whole - tiled).abs().max() < 0.02


def test_shipped_weights_enlarge_a_picture() -> None:
    """Shrunk again, the large picture is the small one: the weights mean what we compute."""
    image = _smooth_picture(64)
    large = upscale.upscale(load_upscale_model(SHIPPED), image)
    assert large.shape == (1, 256, 256, 3)
    again = F.avg_pool2d(large.movedim(-1, 1), 4).movedim(1, -1)
    assert (again - image).abs().mean() < 0.04
    red = torch.tensor([0.9, 0.2, 0.1]).expand(1, 32, 32, 3)
    flat = upscale.upscale(load_upscale_model(SHIPPED), red)
    assert torch.allclose(flat[0, 64, 64], red[0, 0, 0], atol=0.02)


def test_out_of_memory_halves_the_tile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Down to the smallest tile, then the error is the user's."""
    network = RRDBNet(RRDBConfig(16, 1, 8))
    model = load_upscale_model(save(network, tmp_path / "x4.safetensors"))
    seen: list[int] = []
    loaded = residency.load(model.weights)
    forward = loaded.forward

    def small_memory(x: torch.Tensor) -> torch.Tensor:
        seen.append(x.shape[-1])
        if x.shape[-1] > 128:
            raise torch.OutOfMemoryError
        return forward(x)

    monkeypatch.setattr(loaded, "forward", small_memory)
    assert upscale.upscale(model, torch.rand(1, 16, 300, 3)).shape == (1, 64, 1200, 3)
    assert seen[:3] == [300, 256, 128]


def test_unknown_files_are_refused(tmp_path: Path) -> None:
    """The error names what is known and what was found."""
    save_file({"lora_up.weight": torch.zeros(2)}, tmp_path / "lora.safetensors")
    with pytest.raises(ModelFileError, match=r"SRVGGNetCompact.*lora_up"):
        load_upscale_model(tmp_path / "lora.safetensors")


def _smooth_picture(side: int) -> torch.Tensor:
    y, x = torch.meshgrid(torch.linspace(0, 3, side), torch.linspace(0, 3, side), indexing="ij")
    waves = [torch.sin(x * 2 + k) * torch.cos(y * 1.5 - k) for k in range(3)]
    return torch.stack(waves, dim=-1)[None] * 0.4 + 0.5
