"""A run that was stopped anywhere goes on from its last saved step to the same bits."""

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from engine.diffusion.checkpoints import load_checkpoint
from engine.diffusion.families import Checkpoint
from engine.diffusion.resume import bookmarks
from engine.diffusion.sample import sample
from engine.diffusion.samplers import SAMPLERS, State
from engine.errors import Interrupted
from tests.tiny_checkpoint import write_tiny_checkpoint

STEPS = 7
Saved = tuple[dict[str, Tensor], dict[str, Any]]


class Memory:
    """Checkpoints in memory, saved every so many steps."""

    def __init__(self, every: int = 1) -> None:
        self.every, self.asked = every, 0
        self.saved: Saved | None = None

    def load(self) -> Saved | None:
        return self.saved

    def due(self) -> bool:
        self.asked += 1
        return self.asked % self.every == 0

    def save(self, tensors: Mapping[str, Tensor], data: Mapping[str, Any]) -> None:
        self.saved = {name: tensor.clone() for name, tensor in tensors.items()}, dict(data)


Draw = Callable[..., tuple[Tensor, list[int]]]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    path = write_tiny_checkpoint(tmp_path_factory.mktemp("models") / "tiny.safetensors")
    return load_checkpoint(path)


@pytest.fixture(scope="module")
def draw(tiny: Checkpoint) -> Draw:
    """Runs and gives the result with the steps that were told; ``stop`` interrupts there."""
    generator = torch.Generator().manual_seed(5)
    prompts = [[[torch.randn(1, 77, 64, generator=generator), {}]] for _ in range(2)]

    def run(memory: Memory | None, stop: int = 0, **options: Any) -> tuple[Tensor, list[int]]:
        told: list[int] = []

        def watch(step: int, total: int, denoised: Tensor | None) -> None:
            told.append(step)
            if step == stop:
                raise Interrupted

        latent = options.pop("latent", {"samples": torch.zeros(1, 4, 8, 8)})
        settings = {"seed": 3, "steps": STEPS, "cfg": 4.0, "sampler": "euler"}
        settings |= {"scheduler": "karras", "on_step": watch, "checkpoints": memory, **options}
        try:
            result = sample(tiny.model, latent, *prompts, **settings)["samples"]
        except Interrupted:
            result = torch.empty(0)
        return result, told

    return run


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_run_that_was_stopped_at_any_step_ends_in_the_same_bits(draw: Draw, sampler: str) -> None:
    """Only the steps behind the saved one are taken; the saved one is told first."""
    memory, (whole, steps) = Memory(), draw(None, sampler=sampler)
    at = random.Random(sampler).randrange(len(steps) - 1)
    draw(memory, steps[at], sampler=sampler)
    result, told = draw(memory, sampler=sampler)
    assert told == steps[at:]
    assert torch.equal(result, whole)


def test_a_run_may_be_stopped_again_and_again(draw: Draw) -> None:
    """What is lost each time is less than what lies between two saves."""
    memory, whole = Memory(every=2), draw(None, sampler="dpmpp_3m_sde")[0]
    assert draw(memory, 3, sampler="dpmpp_3m_sde")[1] == [1, 2, 3]
    assert draw(memory, 5, sampler="dpmpp_3m_sde")[1] == [2, 3, 4, 5]
    result, told = draw(memory, sampler="dpmpp_3m_sde")
    assert told == [5, 6, 7]
    assert torch.equal(result, whole)


def test_inpainting_goes_on_too(draw: Draw) -> None:
    """The kept area has noise of its own, which is drawn anew."""
    mask = torch.zeros(1, 64, 64)
    mask[..., 32:] = 1
    latent = {"samples": torch.ones(1, 4, 8, 8), "noise_mask": mask}
    options = {"latent": latent, "sampler": "euler_ancestral", "denoise": 0.7}
    memory, whole = Memory(), draw(None, **options)[0]
    draw(memory, 4, **options)
    assert torch.equal(draw(memory, **options)[0], whole)


@pytest.mark.parametrize(
    "other",
    [
        {"sampler": "heun"},
        {"scheduler": "normal"},
        {"steps": STEPS + 1},
        {"latent": {"samples": torch.zeros(1, 4, 8, 16)}},
    ],
    ids=lambda other: next(iter(other)),
)
def test_what_another_run_saved_is_left_alone(draw: Draw, other: dict[str, Any]) -> None:
    """Going on from it would give a picture that no whole run gives."""
    memory, whole = Memory(), draw(None, **other)[0]
    draw(memory, 3)
    result, told = draw(memory, **other)
    assert told[0] == 1
    assert torch.equal(result, whole)


def test_the_last_step_is_not_saved(draw: Draw) -> None:
    """The result is there by then."""
    memory = Memory()
    draw(memory)
    assert memory.saved is not None and memory.saved[1]["step"] == STEPS - 1


def test_the_user_is_told(draw: Draw, caplog: pytest.LogCaptureFixture) -> None:
    """One line, and only if something was saved."""
    memory = Memory()
    draw(memory, 4)
    assert not caplog.records
    draw(memory)
    assert caplog.messages == ["going on at step 4 of 7, saved by an earlier run"]


def test_a_state_comes_back_whole() -> None:
    """Also what no sampler of ours has: many tensors of history, odd layouts."""
    memory, x = Memory(), torch.randn(2, 4, 3, 5)
    state = State(x.transpose(2, 3), 4, (x, x[:1], x.double()), 9)
    marks = bookmarks(memory, "any", [3.0, 2.0, 0.0], state)
    marks.mark(state)
    found = marks.last(State(x.transpose(2, 3)))
    assert (found.step, found.draws) == (4, 9)
    assert all(map(torch.equal, (found.x, *found.history), (state.x, *state.history)))


def test_a_long_run_through_the_store(draw: Draw, tmp_path: Path) -> None:
    """The real store on disk, as nodes get it."""
    from engine.cache.steps import StepStore
    from engine.graph.signature import Signature

    whole = draw(None, sampler="uni_pc")[0]
    first = StepStore(tmp_path, interval=0.0)
    draw(first.of(Signature("a")), 5, sampler="uni_pc")
    first.flush()
    result, told = draw(StepStore(tmp_path).of(Signature("a")), sampler="uni_pc")
    assert told[0] > 0 and told == list(range(told[0], STEPS + 1))
    assert torch.equal(result, whole)
