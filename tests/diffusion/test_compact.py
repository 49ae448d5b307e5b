"""Weights of eight bits: kept as they are, computed in a type that the device has."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from engine.diffusion.checkpoints import build, load_checkpoint
from engine.diffusion.networks.compact import EIGHT_BITS, CompactConv2d, CompactLinear
from engine.diffusion.patches import Patch
from engine.diffusion.residency import Limits, Residency, size_of
from tests.tiny_families import tiny_family

CPU = torch.device("cpu")
FULL = Limits(dict.fromkeys(("diffusion", "text", "vae"), "fp32"))
UNET = "model.diffusion_model."


def is_matrix(name: str, tensor: Tensor) -> bool:
    """What programs convert: weights of linear layers and convolutions of the denoiser."""
    return name.startswith(UNET) and name.endswith(".weight") and tensor.dim() in (2, 4)


def eight_bits(dtype: torch.dtype, scaled: bool) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """A checkpoint with a denoiser of eight bits, and the same with what those bits mean."""
    stored, meant = dict(tiny_family("sdxl")), dict(tiny_family("sdxl"))
    for name, tensor in tiny_family("sdxl").items():
        if not is_matrix(name, tensor):
            continue
        scale = tensor.abs().max() / 100 if scaled else torch.tensor(1.0)
        stored[name] = (tensor / scale).to(dtype)
        meant[name] = stored[name].float() * scale
        if scaled:
            stored[name.removesuffix("weight") + "scale_weight"] = scale
            stored[name.removesuffix("weight") + "scale_input"] = torch.tensor(1.0)
    if scaled:
        stored[f"{UNET}scaled_fp8"] = torch.zeros(2, dtype=dtype)
    return stored, meant


def run(network: nn.Module) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    x, context = (torch.randn(*s, generator=generator) for s in ((1, 4, 8, 8), (1, 7, 192)))
    vector = torch.randn(1, 96 + 1536, generator=generator)
    with torch.no_grad():
        return network(x, torch.tensor([9.0]), context, vector)


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("dtype", EIGHT_BITS)
def test_a_file_of_eight_bits_stays_so(tmp_path: Path, dtype: torch.dtype, scaled: bool) -> None:
    """A quarter of the memory, and the result of the widened weights."""
    stored, meant = eight_bits(dtype, scaled)
    save_file(stored, tmp_path / "compact.safetensors")
    save_file(meant, tmp_path / "wide.safetensors")
    compact, wide = (
        build(load_checkpoint(tmp_path / f"{name}.safetensors").model.weights, CPU, torch.float32)
        for name in ("compact", "wide")
    )
    assert torch.allclose(run(compact), run(wide), atol=1e-5)
    kinds = {type(m) for m in compact.modules()}
    assert {CompactLinear, CompactConv2d} <= kinds
    assert next(compact.parameters()).dtype == torch.float32
    assert size_of(compact) < 0.3 * size_of(wide)


@pytest.mark.parametrize("dtype", EIGHT_BITS)
def test_a_wide_file_can_be_kept_in_eight_bits(tmp_path: Path, dtype: torch.dtype) -> None:
    """As UNETLoader offers it; both forms live side by side under their own names."""
    save_file(tiny_family("sdxl"), tmp_path / "wide.safetensors")
    weights = load_checkpoint(tmp_path / "wide.safetensors").model.weights
    kept = weights.kept(dtype)
    assert kept != weights and kept.id.startswith(weights.id)
    home = Residency(CPU, limits=FULL)
    wide, compact = home.load(weights), home.load(kept)
    assert size_of(compact) < 0.3 * size_of(wide)
    error = (run(compact) - run(wide)).abs().max() / run(wide).abs().max()
    print(f"relative error of {dtype}: {error:.3f}")
    assert 0 < error < 0.3


@pytest.mark.parametrize("scaled", [False, True])
def test_patches_see_what_the_bits_mean(tmp_path: Path, scaled: bool) -> None:
    """A patched weight becomes wide, all others stay shared and compact."""
    stored, meant = eight_bits(torch.float8_e4m3fn, scaled)
    save_file(stored, tmp_path / "compact.safetensors")
    save_file(meant, tmp_path / "wide.safetensors")
    name = "middle_block.1.transformer_blocks.0.attn1.to_q.weight"
    patch = Patch("p", 0.5, {name: lambda weight, strength: weight * (1 + strength)})
    home = Residency(CPU, limits=FULL)
    models = [
        load_checkpoint(tmp_path / f"{kind}.safetensors").model for kind in ("compact", "wide")
    ]
    compact, wide = (home.load(m.weights, [patch]) for m in models)
    assert torch.allclose(run(compact), run(wide), atol=1e-5)
    plain = home.load(models[0].weights)
    assert not torch.allclose(run(compact), run(plain), atol=1e-5)
    other = "middle_block.1.transformer_blocks.0.attn1.to_k.weight"
    assert compact.get_parameter(other).data_ptr() == plain.get_parameter(other).data_ptr()


def test_bfloat16_computes_with_widened_weights(tmp_path: Path) -> None:
    """What a device computes in decides, not what the file holds."""
    stored, _ = eight_bits(torch.float8_e4m3fn, scaled=True)
    save_file(stored, tmp_path / "compact.safetensors")
    weights = load_checkpoint(tmp_path / "compact.safetensors").model.weights
    network = build(weights, CPU, torch.bfloat16)
    assert next(network.parameters()).dtype == torch.bfloat16
    with torch.no_grad():
        out = network(
            torch.zeros(1, 4, 8, 8, dtype=torch.bfloat16),
            torch.tensor([1.0]),
            torch.zeros(1, 7, 192, dtype=torch.bfloat16),
            torch.zeros(1, 96 + 1536, dtype=torch.bfloat16),
        )
    assert out.dtype == torch.bfloat16 and out.isfinite().all()
