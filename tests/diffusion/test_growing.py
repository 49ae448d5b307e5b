"""A latent that grows while it is sampled: sizes, steps, conditions, and going on from a save."""

from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from engine.diffusion.checkpoints import load_checkpoint
from engine.diffusion.families import Checkpoint
from engine.diffusion.guidance import classic
from engine.diffusion.noise import SeededNoise
from engine.diffusion.parameterization import Discrete
from engine.diffusion.sample import lay_out, sample_guided
from engine.diffusion.samplers.growing import Growth, growing_lcm
from engine.diffusion.schedules import sigmas_for
from engine.errors import InvalidInput
from engine.media.resize import resize
from tests.diffusion.test_resume import Memory
from tests.tiny_checkpoint import write_tiny_checkpoint

SIGMAS = sigmas_for(Discrete(), "sgm_uniform", 5)


def grown(ratio: float, steps: int = -1, method: str = "bilinear") -> Any:
    return growing_lcm(Growth(ratio, steps), partial(resize, method=method), method)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    return load_checkpoint(write_tiny_checkpoint(tmp_path_factory.mktemp("m") / "tiny.safetensors"))


def entry(number: int, **options: Any) -> list[Any]:
    return [torch.randn(1, 77, 64, generator=torch.Generator().manual_seed(number)), options]


def draw(tiny: Checkpoint, sampler: Any, positive: list[Any], **options: Any) -> Tensor:
    guider = classic(positive, [entry(9)], tiny.model, 2.0)
    latent = {"samples": torch.zeros(2, 4, 8, 16), **options.pop("more", {})}
    return sample_guided(guider, latent, SeededNoise(1), sampler, SIGMAS, **options)[0]["samples"]


def test_sides_grow_in_equal_parts() -> None:
    """By hand: 16 x 12 to twice the size, to half, and over fewer steps than there are."""

    def sides(growth: Growth, total: int) -> list[tuple[int, ...]]:
        return [growth.shape((1, 4, 16, 12), i, total)[2:] for i in range(total)]

    assert sides(Growth(2.0), 5) == [(20, 15), (24, 18), (28, 21), (32, 24), (32, 24)]
    assert sides(Growth(2.0, 2), 4) == [(24, 18), (32, 24), (32, 24), (32, 24)]
    assert sides(Growth(0.5, 1000), 2) == [(12, 9), (8, 6)]
    assert sides(Growth(2.0, 0), 2) == [(16, 12)] * 2
    assert sides(Growth(3.0), 1) == [(48, 36)]


def test_the_steps_are_those_of_the_algorithm(tiny: Checkpoint) -> None:
    """Written out: jump, resize, noise of the new size from one generator of the seed."""
    run = lay_out(
        classic([entry(1)], [entry(9)], tiny.model, 2.0),
        {"samples": torch.zeros(1, 4, 8, 8)},
        SeededNoise(4),
        grown(2.0),
        SIGMAS,
    )
    *_, (found, _) = run.states()
    generator = torch.Generator().manual_seed(4)
    x, sizes = run.start.x, (10, 12, 14, 16, 16)
    with torch.no_grad():
        for i, size in enumerate(sizes):
            plain = lay_out(
                classic([entry(1)], [entry(9)], tiny.model, 2.0),
                {"samples": torch.zeros_like(x)},
                SeededNoise(4),
                grown(1.0),
                SIGMAS,
            )
            seen = plain.denoise(x, run.sigmas[i]).denoised  # type: ignore[union-attr]
            seen = F.interpolate(seen, size=(size, size), mode="bilinear")
            x = seen + torch.randn(seen.shape, generator=generator) * run.sigmas[i + 1]
    assert found.x.shape == (1, 4, 16, 16)
    assert (found.x - x).abs().max() / x.abs().max() < 1e-6  # 0 measured


@pytest.mark.parametrize("method", ["bislerp", "nearest-exact", "bilinear", "area", "bicubic"])
def test_conditions_are_laid_out_for_every_size(tiny: Checkpoint, method: str) -> None:
    """Areas in percents and masks keep their place: halves with a prompt of their own."""
    halves = [
        entry(1, area=("percentage", 1.0, 0.5, 0.0, 0.0)),
        entry(2, area=("percentage", 1.0, 0.5, 0.0, 0.5)),
        entry(3, mask=torch.ones(1, 64, 128), mask_strength=0.5),
    ]
    large = draw(tiny, grown(1.5, method=method), halves)
    assert large.shape == (2, 4, 12, 24) and large.isfinite().all()
    other = [entry(5, area=("percentage", 1.0, 0.5, 0.0, 0.0)), *halves[1:]]
    moved = (draw(tiny, grown(1.5, method=method), other) - large).abs().mean((0, 1, 2))
    assert moved[:6].mean() > 2 * moved[-6:].mean()


def test_a_saved_run_goes_on_at_its_size(tiny: Checkpoint) -> None:
    """Whatever step it was saved at, the rest gives the same bits."""
    whole = draw(tiny, grown(1.5), [entry(1)])
    for every in (1, 2, 3, 4):
        memory = Memory(every)
        assert torch.equal(draw(tiny, grown(1.5), [entry(1)], checkpoints=memory), whole)
        assert memory.saved is not None and memory.saved[1]["step"] > 0
        assert torch.equal(draw(tiny, grown(1.5), [entry(1)], checkpoints=memory), whole)
        other = draw(tiny, grown(1.6), [entry(1)], checkpoints=memory)
        assert torch.equal(other, draw(tiny, grown(1.6), [entry(1)]))


def test_a_noise_mask_is_refused(tiny: Checkpoint) -> None:
    with pytest.raises(InvalidInput, match="changes the size of the latent"):
        draw(tiny, grown(2.0), [entry(1)], more={"noise_mask": torch.ones(1, 8, 16)})
