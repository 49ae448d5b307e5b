"""ControlNet-LLLite: its arithmetic in float64, and when and where it steers.

Largest relative error measured: 6.9e-7.
"""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional as F

from engine.diffusion import residency
from engine.diffusion.checkpoints import load_checkpoint
from engine.diffusion.control_nets.lllite import LLLite, load_lllite, steer
from engine.diffusion.control_nets.loading import load_control_net
from engine.diffusion.families import Checkpoint
from engine.diffusion.handles import Model
from engine.diffusion.hooks import Watch
from engine.diffusion.modifiers.attention import HyperTile
from engine.diffusion.networks.unet import CrossAttention, UNet, UNetConfig
from engine.diffusion.sample import sample
from engine.diffusion.text.encode import encode
from engine.diffusion.weights import Weights
from engine.errors import InvalidInput, ModelFileError
from tests.diffusion.test_networks import BOUND, relative_error
from tests.diffusion.test_parity import SDXL, small
from tests.tiny_checkpoint import UNET, write_tiny_checkpoint

CONFIG = small(SDXL, 32, 6)
#: Kernels of the convolutions on the picture, by how many pixels a token covers.
KERNELS = {8: (4, 2), 16: (4, 4), 32: (4, 4, 2)}
SEEN, INNER, STRENGTH = 6, 10, 0.8
PICTURE = torch.rand(1, 128, 128, 3, generator=torch.Generator().manual_seed(0))


#: Networks as wide as the references.
FULL = residency.Limits(dict.fromkeys(("diffusion", "text"), "fp32"))


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compute in float32, so that two computations can be compared."""
    exact = residency.Residency(torch.device("cpu"), limits=FULL)
    monkeypatch.setattr(residency, "_process", exact)


def targets(config: UNetConfig) -> dict[str, tuple[int, int]]:
    """Projections of the way down and the middle: channels, and pixels a side of a token."""
    found = {}
    with torch.device("meta"):
        network = UNet(config)
    for name, module in network.named_modules():
        if isinstance(module, CrossAttention) and not name.startswith("output"):
            block = int(name.split(".")[1]) if name.startswith("input") else 99
            level = min(block // (config.num_res_blocks + 1), len(config.channel_mult) - 1)
            for part in "qkv" if name.endswith("attn1") else "q":
                found[f"{name}.to_{part}"] = (module.to_q.in_features, 8 * 2**level)
    return found


def state_for(config: UNetConfig) -> dict[str, Tensor]:
    """A random file as its trainer writes it."""
    torch.manual_seed(0)
    found: dict[str, Tensor] = {}
    for name, (c, scale) in targets(config).items():
        stem, kernels = "lllite_unet_" + name.replace(".", "_"), KERNELS[scale]
        widths = [3, *[SEEN // 2] * (len(kernels) - 1), SEEN]
        for i, kernel in enumerate(kernels):
            shape = (widths[i + 1], widths[i], kernel, kernel)
            found[f"{stem}.conditioning1.{2 * i}.weight"] = torch.randn(shape) * 0.3
            found[f"{stem}.conditioning1.{2 * i}.bias"] = torch.randn(widths[i + 1])
        for layer, (a, b) in (("down", (c, INNER)), ("mid", (INNER + SEEN, INNER))):
            found[f"{stem}.{layer}.0.weight"] = torch.randn(b, a) * 0.3
            found[f"{stem}.{layer}.0.bias"] = torch.randn(b)
        found[f"{stem}.up.0.weight"] = torch.randn(c, INNER) * 0.1
        found[f"{stem}.up.0.bias"] = torch.randn(c) * 0.1
    return found


def written(path: Path, config: UNetConfig) -> LLLite:
    save_file(state_for(config), path)
    return load_lllite(path)


def expected_input(state: dict[str, Tensor], name: str, x: Tensor, picture: Tensor) -> Tensor:
    """The trainer's formula, written down again: x + up(mid([features, down(x)]))."""
    stem = "lllite_unet_" + name.replace(".", "_")
    own = {k.removeprefix(f"{stem}."): t.to(x) for k, t in state.items() if k.startswith(stem)}
    seen = picture.to(x).movedim(-1, 1) * 2 - 1
    for i in range(0, 6, 2):
        if f"conditioning1.{i}.weight" in own:
            weight = own[f"conditioning1.{i}.weight"]
            seen = F.conv2d(
                seen.relu() if i else seen, weight, own[f"conditioning1.{i}.bias"], weight.shape[-1]
            )
    cells = seen.flatten(2).mT.expand(len(x), -1, -1)
    narrow = F.linear(x, own["down.0.weight"], own["down.0.bias"]).relu()
    both = F.linear(torch.cat([cells, narrow], -1), own["mid.0.weight"], own["mid.0.bias"])
    return x + F.linear(both.relu(), own["up.0.weight"], own["up.0.bias"]) * STRENGTH


@torch.no_grad()
def test_a_unet_steered_by_hooks_equals_changed_projections(tmp_path: Path) -> None:
    """In a U-Net of SDXL's layout whose projections change their inputs themselves, float64."""
    torch.manual_seed(0)
    unet = UNet(CONFIG).eval()
    weights = Weights(repr(CONFIG), tmp_path, "diffusion", partial(UNet, CONFIG), lambda keys: {})
    control = written(tmp_path / "net.safetensors", CONFIG)
    tiny = load_checkpoint(write_tiny_checkpoint(tmp_path / "tiny.safetensors"))
    assert tiny.model
    model = steer(replace(tiny.model, weights=weights), control, PICTURE, STRENGTH)
    x, t, context = torch.randn(2, 4, 16, 16), torch.tensor([3.0, 700.0]), torch.randn(2, 7, 48)
    inputs = (x, t, context, torch.randn(2, CONFIG.vector_channels or 0))
    watch = Watch(model.hooks, (1, 0), 3.0, (3.0, 0.0), (16, 16))
    plain, found = unet(*inputs), unet(*inputs, watch=watch)
    state, exact = state_for(CONFIG), unet.double()
    for name in targets(CONFIG):
        exact.get_submodule(name).register_forward_pre_hook(
            lambda module, args, name=name: expected_input(state, name, args[0], PICTURE)
        )
    expected = exact(*(each.double() for each in inputs))
    assert relative_error(plain.double(), expected) > 0.05
    assert relative_error(found.double(), expected) < BOUND


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    path = write_tiny_checkpoint(tmp_path_factory.mktemp("models") / "tiny.safetensors")
    return load_checkpoint(path)


def run(tiny: Checkpoint, model: Model) -> Tensor:
    assert tiny.clip
    sides = [[[encode(tiny.clip, text)[0], {}]] for text in ("a cat", "a dog")]
    settings = {"seed": 1, "steps": 4, "cfg": 4.0, "sampler": "euler", "scheduler": "normal"}
    return sample(model, {"samples": torch.zeros(1, 4, 16, 16)}, *sides, **settings)["samples"]


def test_it_steers_by_its_strength_and_within_its_part(tiny: Checkpoint, tmp_path: Path) -> None:
    control = written(tmp_path / "net.safetensors", UNET)
    assert tiny.model

    def steered(*options: Any) -> Tensor:
        assert tiny.model
        return run(tiny, steer(tiny.model, control, PICTURE, *options))

    plain = run(tiny, tiny.model)
    by_strength = [float((steered(s) - plain).abs().mean()) for s in (0.0, 0.1, 1.0)]
    assert by_strength[0] < 1e-5 < by_strength[1] < by_strength[2]
    assert torch.equal(steered(1.0, 0.45, 0.46), plain)
    assert not torch.allclose(steered(1.0, 0.0, 0.4), steered(1.0, 0.6, 1.0))


def test_it_goes_before_hooks_that_cut_feature_maps(tiny: Checkpoint, tmp_path: Path) -> None:
    control, tile = written(tmp_path / "net.safetensors", UNET), HyperTile(4, 2, 0, False)
    assert tiny.model
    tiled = tiny.model.hooked(self_inputs=tile.inputs, self_outputs=tile.outputs)
    found = run(tiny, steer(tiled, control, PICTURE))
    other = steer(tiny.model, control, PICTURE)
    other = other.hooked(self_inputs=tile.inputs, self_outputs=tile.outputs)
    assert torch.equal(found, run(tiny, other))
    assert not torch.allclose(found, run(tiny, tiled))


def test_what_does_not_fit_is_refused(tiny: Checkpoint, tmp_path: Path) -> None:
    control = written(tmp_path / "net.safetensors", CONFIG)
    assert tiny.model
    with pytest.raises(InvalidInput, match="different families"):
        steer(tiny.model, control, PICTURE)
    with pytest.raises(ModelFileError, match="Apply ControlNet-LLLite"):
        load_control_net(tmp_path / "net.safetensors")
    save_file({"x": torch.zeros(1)}, tmp_path / "x.safetensors")
    with pytest.raises(ModelFileError, match="holds no ControlNet-LLLite"):
        load_lllite(tmp_path / "x.safetensors")
