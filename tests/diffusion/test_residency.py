"""Each network once, least recently used out first."""

from dataclasses import replace

import pytest
import torch

from engine.diffusion.checkpoints import load_checkpoint
from engine.diffusion.residency import Limits, Residency, size_of
from engine.diffusion.weights import Weights
from tests.tiny_checkpoint import write_tiny_checkpoint

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> list[Weights]:
    path = write_tiny_checkpoint(tmp_path_factory.mktemp("models") / "tiny.safetensors")
    vae = load_checkpoint(path).vae
    assert vae
    return [replace(vae.weights, id=name) for name in "abc"]


@pytest.fixture(scope="module")
def unet(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    path = write_tiny_checkpoint(tmp_path_factory.mktemp("models") / "tiny.safetensors")
    return load_checkpoint(path).model.weights


def test_a_network_is_built_once(weights: list[Weights]) -> None:
    """Asking again gives the same object."""
    residency = Residency(CPU)
    assert residency.load(weights[0]) is residency.load(weights[0])


def test_the_least_recently_used_goes_first(weights: list[Weights]) -> None:
    """With room for two of three, the one not asked for lately is dropped."""
    size = size_of(Residency(CPU).load(weights[0]))
    residency = Residency(CPU, budget=2 * size)
    for w in (weights[0], weights[1], weights[0], weights[2]):
        residency.load(w)
    assert [held.owner for held in residency.ledger()] == ["a", "c"]
    assert sum(held.bytes for held in residency.ledger()) == 2 * size


def test_one_network_larger_than_the_budget_still_loads(weights: list[Weights]) -> None:
    """The budget decides what is kept, not what may run."""
    residency = Residency(CPU, budget=1)
    residency.load(weights[0])
    assert [held.owner for held in residency.ledger()] == ["a"]


def test_a_network_in_use_is_not_built_twice(weights: list[Weights]) -> None:
    """Evicted but still held by a sampler: it comes back as the same object."""
    residency = Residency(CPU, budget=1)
    held = residency.load(weights[0])
    residency.load(weights[1])
    assert residency.load(weights[0]) is held


def test_a_users_limits_come_before_what_the_device_would_choose() -> None:
    """Precision by role, a share of the memory, and what is left to others."""
    limits = Limits({"diffusion": "fp16", "vae": "bf16"}, share=0.5, reserved=1 << 20)
    chosen = [limits.dtype(role, CPU) for role in ("diffusion", "vae", "upscale")]
    assert chosen == [torch.float16, torch.bfloat16, torch.float32]
    assert Limits(share=0.0).budget(CPU) == 0
    assert limits.budget(CPU) == Limits(share=0.5).budget(CPU) - (1 << 20)
    assert Limits().budget(CPU) > Limits(share=0.3).budget(CPU) > 0


def test_unload_all_empties_the_ledger(weights: list[Weights]) -> None:
    """What POST /free does."""
    residency = Residency(CPU)
    size = size_of(residency.load(weights[0]))
    assert residency.unload_all() == size
    assert residency.ledger() == []


def test_matrices_are_kept_in_eight_bits_on_request(unet: Weights) -> None:
    """A quarter of the memory, about the same numbers; all else stays as it was."""
    plain = Residency(CPU, limits=Limits({"diffusion": "fp32"}))
    limits = Limits({"diffusion": "fp32"}, kept={"diffusion": "fp8_e4m3fn"})
    small = Residency(CPU, limits=limits)
    given = torch.randn(1, 4, 8, 8), torch.tensor([10.0]), torch.randn(1, 3, 64)
    with torch.inference_mode():
        expected, found = plain.load(unet)(*given), small.load(unet)(*given)
    assert {p.dtype for p in small.load(unet).parameters()} == {torch.float8_e4m3fn, torch.float32}
    assert size_of(small.load(unet)) < 0.4 * size_of(plain.load(unet))
    assert 0 < (found - expected).std() < 0.2 * expected.std()


def test_channels_may_be_innermost(unet: Weights) -> None:
    """Which changes where numbers lie and nothing else."""
    plain = Residency(CPU, limits=Limits({"diffusion": "fp32"})).load(unet)
    limits = Limits({"diffusion": "fp32"}, channels_last=True)
    other = Residency(CPU, limits=limits).load(unet)
    given = torch.randn(1, 4, 8, 8), torch.tensor([10.0]), torch.randn(1, 3, 64)
    weight = other.get_parameter("out.2.weight")
    assert weight.is_contiguous(memory_format=torch.channels_last) and not weight.is_contiguous()
    with torch.inference_mode():
        torch.testing.assert_close(other(*given), plain(*given), rtol=0, atol=1e-5)


def test_networks_may_stay_on_the_host(weights: list[Weights]) -> None:
    """Then they count for nothing on the device."""
    device = torch.device("meta")
    limits = Limits(on_host=("vae",))
    residency = Residency(device, budget=1, limits=limits)
    assert limits.place("diffusion", device) == device
    network = residency.load(weights[0])
    assert {p.device for p in network.parameters()} == {CPU}
    residency.load(weights[1])
    assert [held.device for held in residency.ledger()] == ["cpu", "cpu"], "none made room"
