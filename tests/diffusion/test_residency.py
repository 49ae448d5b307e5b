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
    chosen = [limits.dtype(role, CPU) for role in ("diffusion", "vae", "text")]
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
