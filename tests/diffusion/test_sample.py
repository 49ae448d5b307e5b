"""Guidance, conditions, masks and whole runs on a tiny random checkpoint."""

from collections.abc import Callable
from dataclasses import astuple
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from engine.diffusion.checkpoints import load_checkpoint
from engine.diffusion.conditioning import (
    Situation,
    average,
    combine,
    concat,
    prepare,
    with_opposites,
)
from engine.diffusion.evaluation import Evaluation
from engine.diffusion.families import Checkpoint
from engine.diffusion.guidance import Cfg, GuidedDenoiser, classic
from engine.diffusion.handles import Model
from engine.diffusion.noise import SeededNoise, initial_noise
from engine.diffusion.parameterization import Discrete
from engine.diffusion.sample import fix_empty_channels, lay_out, sample
from engine.diffusion.samplers import SAMPLERS
from engine.diffusion.schedules import sigmas_for
from engine.diffusion.text.encode import encode
from engine.errors import Interrupted, InvalidInput
from tests.tiny_checkpoint import write_tiny_checkpoint

SAMPLING = Discrete()
#: Noise levels that the model knows exactly.
EARLY, LEVEL, LATE = SAMPLING.sigmas[[950, 600, 100]].tolist()
Conditions = list[list[Any]]


class Recorder(nn.Module):
    """A network whose noise prediction makes the clean latent equal to its context's mean."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[torch.Size, torch.Size]] = []

    def forward(self, x: Tensor, timesteps: Tensor, context: Tensor) -> Tensor:
        self.calls.append((x.shape, context.shape))
        sigma = SAMPLING.sigma(timesteps)[:, None, None, None]
        wanted = context.mean(dim=(1, 2))[:, None, None, None]
        return (x * (sigma**2 + 1).sqrt() - wanted) / sigma


def condition(value: float, tokens: int = 77, **options: Any) -> list[Any]:
    return [torch.full((1, tokens, 8), value), options]


def guided(
    positive: Conditions, negative: Conditions, cfg: float = 1.0, batched: bool = True
) -> tuple[Recorder, Callable[[float], Tensor]]:
    """The network, and what the guided denoiser sees in a latent of 8 x 8 at some level."""
    x, network = torch.randn(2, 4, 8, 8), Recorder()
    situation = Situation(SAMPLING, x, x)
    sides = {"positive": positive, "negative": negative}
    prepared = {role: prepare(side, situation) for role, side in sides.items()}
    evaluate = Evaluation(network, SAMPLING, batched=batched)
    denoiser = GuidedDenoiser(evaluate, prepared, Cfg(cfg))
    return network, lambda sigma: denoiser(x, sigma).denoised


def test_both_halves_go_in_one_batch() -> None:
    """U + (C - U) cfg, one call with twice the batch."""
    network, see = guided([condition(3.0)], [condition(1.0)], cfg=7.0)
    assert torch.allclose(see(LEVEL), torch.tensor(15.0), atol=1e-3)
    assert network.calls == [((4, 4, 8, 8), (4, 77, 8))]


def test_one_condition_at_a_time_where_memory_is_short() -> None:
    """Two calls with half of the batch each see the same."""
    network, see = guided([condition(3.0)], [condition(1.0)], cfg=7.0, batched=False)
    assert torch.allclose(see(LEVEL), torch.tensor(15.0), atol=1e-3)
    assert network.calls == [((2, 4, 8, 8), (2, 77, 8))] * 2


def test_guidance_of_one_leaves_the_negative_out() -> None:
    """Half of the work."""
    network, see = guided([condition(3.0)], [condition(1.0)], cfg=1.0)
    assert torch.allclose(see(LEVEL), torch.tensor(3.0), atol=1e-3)
    assert network.calls == [((2, 4, 8, 8), (2, 77, 8))]


def test_prompts_of_different_length_share_a_batch_by_repetition() -> None:
    """77 and 154 tokens meet at 154; 77 and 385 are too far apart."""
    network, see = guided([condition(3.0, 154)], [condition(1.0)], cfg=2.0)
    assert torch.allclose(see(LEVEL), torch.tensor(5.0), atol=1e-3)
    assert [context for _, context in network.calls] == [(4, 154, 8)]
    network, see = guided([condition(3.0, 385)], [condition(1.0)], cfg=2.0)
    assert torch.allclose(see(LEVEL), torch.tensor(5.0), atol=1e-3)
    assert len(network.calls) == 2


def test_combined_conditions_are_averaged_by_strength() -> None:
    """(3 * 1 + 1 * 2) / 3."""
    both = combine([condition(1.0, strength=3.0)], [condition(2.0, strength=1.5)])
    _, see = guided(list(both), [])
    assert torch.allclose(see(LEVEL), torch.tensor((3.0 + 3.0) / 4.5), atol=1e-3)


def test_masks_divide_the_picture() -> None:
    """Left by one prompt, right by the other."""
    mask = torch.zeros(1, 64, 64)
    mask[..., :32] = 1
    _, see = guided([condition(1.0, mask=mask), condition(2.0, mask=1 - mask)], [])
    seen = see(LEVEL)
    assert torch.allclose(seen[..., :3], torch.tensor(1.0), atol=1e-3)
    assert torch.allclose(seen[..., 5:], torch.tensor(2.0), atol=1e-3)


def test_areas_are_cut_out_and_fade_at_inner_borders() -> None:
    """An area runs at its own size and counts fully at the picture's border."""
    area = condition(5.0, area=(8, 4, 0, 0))
    network, see = guided([condition(1.0), area], [])
    seen = see(LEVEL)
    assert ((2, 4, 8, 4), (2, 77, 8)) in network.calls
    assert torch.allclose(seen[..., 0], torch.tensor(3.0), atol=1e-3)
    assert torch.allclose(seen[..., 4:], torch.tensor(1.0), atol=1e-3)
    share = condition(5.0, area=("percentage", 1.0, 0.5, 0.0, 0.0))
    _, see_share = guided([condition(1.0), share], [])
    assert torch.allclose(see_share(LEVEL), seen, atol=1e-3)


def test_an_area_of_one_side_is_shown_to_the_other() -> None:
    """The negative prompt looks at the same crop, within the same part of the run."""
    x = torch.zeros(1, 4, 8, 8)
    area = condition(5.0, area=(8, 4, 0, 0), end_percent=0.5)
    situation = Situation(SAMPLING, x, x)
    sides = {"positive": prepare([condition(1.0), area], situation)}
    sides["negative"] = prepare([condition(2.0)], situation)
    found = with_opposites(sides)
    assert len(found["positive"]) == 2 and len(found["negative"]) == 2
    added = found["negative"][1]
    assert torch.equal(added.vectors, sides["negative"][0].vectors)
    assert added.area == sides["positive"][1].area
    assert added.sigma_end == sides["positive"][1].sigma_end > 0
    assert {role: len(side) for role, side in with_opposites(found).items()} == {
        "positive": 2,
        "negative": 2,
    }


def test_a_mask_may_bound_what_the_model_sees() -> None:
    """The rectangle around the mask, at least eight cells a side, at the model's own size."""
    mask = torch.zeros(1, 128, 128)
    mask[:, 40:56, 100:128] = 1
    options = {"mask": mask, "set_area_to_bounds": True}
    situation = Situation(SAMPLING, torch.zeros(1, 4, 16, 16), torch.zeros(1))
    (bounded,) = prepare([condition(1.0, **options)], situation)
    (h, w, y, x) = astuple(bounded.area)
    assert (h, w) == (8, 8) and y <= 5 and y + h >= 7 and x == 8
    (whole,) = prepare([condition(1.0, mask=mask)], situation)
    assert (whole.area.h, whole.area.w) == (16, 16)


def test_prompts_are_mixed_and_joined() -> None:
    """Lengths are cut or filled up; pooled vectors are mixed too."""
    a, b = condition(1.0, 4, pooled_output=torch.ones(1, 3)), condition(3.0, 6)
    b[1]["pooled_output"] = torch.full((1, 3), 3.0)
    ((mixed, options),) = average([a], [b], 0.25)
    assert mixed.shape == (1, 4, 8) and torch.allclose(mixed, torch.tensor(2.5))
    assert torch.allclose(options["pooled_output"], torch.tensor(2.5))
    ((longer, _),) = average([b], [a], 0.5)
    assert torch.allclose(longer[:, :4], torch.tensor(2.0))
    assert torch.allclose(longer[:, 4:], torch.tensor(1.5))
    ((joined, _),) = concat([a], [b])
    assert joined.shape == (1, 10, 8) and joined[0, 3, 0] == 1.0 and joined[0, 4, 0] == 3.0
    assert a[0].eq(1.0).all() and b[0].eq(3.0).all()


def test_conditions_apply_within_their_part_of_the_run() -> None:
    """The first half is early: high noise."""
    early, late = condition(1.0, end_percent=0.5), condition(2.0, start_percent=0.5)
    _, see = guided([early, late], [])
    assert torch.allclose(see(EARLY), torch.tensor(1.0), atol=1e-2)
    assert torch.allclose(see(LATE), torch.tensor(2.0), atol=1e-2)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    path = write_tiny_checkpoint(tmp_path_factory.mktemp("models") / "tiny.safetensors")
    return load_checkpoint(path)


@pytest.fixture(scope="module")
def prompts(tiny: Checkpoint) -> tuple[Conditions, Conditions]:
    assert tiny.clip
    return [[encode(tiny.clip, "a cat")[0], {}]], [[encode(tiny.clip, "")[0], {}]]


def draw(tiny: Checkpoint, prompts: tuple[Conditions, Conditions], **options: Any) -> Tensor:
    """A short run; options override."""
    latent = options.pop("latent", {"samples": torch.zeros(1, 4, 16, 16)})
    settings = {"seed": 1, "steps": 4, "cfg": 7.0, "sampler": "euler", "scheduler": "normal"}
    return sample(tiny.model, latent, *prompts, **{**settings, **options})["samples"]


def test_equal_arguments_give_equal_bits(tiny: Checkpoint, prompts: Any) -> None:
    """And another seed another picture."""
    assert torch.equal(draw(tiny, prompts), draw(tiny, prompts))
    assert not torch.allclose(draw(tiny, prompts), draw(tiny, prompts, seed=2))


def test_a_run_is_euler_over_the_guided_network(tiny: Checkpoint, prompts: Any) -> None:
    """Written out by hand: noise, scaling, guidance, steps."""
    model: Model = tiny.model
    x = initial_noise((1, 4, 16, 16), 1) * (1 + model.sampling.sigma_max**2) ** 0.5
    run = lay_out(
        classic(*prompts, model, 7.0),
        {"samples": torch.zeros(1, 4, 16, 16)},
        SeededNoise(1),
        SAMPLERS["euler"],
        sigmas := sigmas_for(model.sampling, "normal", 4),
    )
    assert torch.allclose(run.start.x, x)
    with torch.no_grad():
        for a, b in zip(sigmas[:-1].tolist(), sigmas[1:].tolist(), strict=True):
            x = x + (x - run.denoise(x, a).denoised) / a * (b - a)
    expected = x / 0.18215
    assert (draw(tiny, prompts) - expected).abs().max() < 1e-4 * expected.abs().max()


def test_a_run_goes_on_from_any_state(tiny: Checkpoint, prompts: Any) -> None:
    """Laid out anew and resumed at step 2: the same bits."""
    sigmas = sigmas_for(SAMPLING, "karras", 4)
    guider, latent = classic(*prompts, tiny.model, 7.0), {"samples": torch.zeros(1, 4, 16, 16)}
    arguments = (guider, latent, SeededNoise(1), SAMPLERS["dpmpp_2m_sde"], sigmas)
    states = list(lay_out(*arguments).states())
    again = lay_out(*arguments)
    resumed = list(again.states(states[1][0]))
    assert len(resumed) == 2
    assert torch.equal(resumed[-1][0].x, states[-1][0].x)


def test_two_windows_are_one_run(tiny: Checkpoint, prompts: Any) -> None:
    """KSampler (Advanced), twice: the second continues without new noise."""
    first = draw(tiny, prompts, last_step=2)
    latent = {"samples": first}
    second = draw(tiny, prompts, latent=latent, start_step=2, add_noise=False)
    assert torch.allclose(second, draw(tiny, prompts), rtol=1e-3, atol=1e-2)


def test_nothing_to_do_returns_the_latent(tiny: Checkpoint, prompts: Any) -> None:
    """Denoise 0, or a window behind the end."""
    latent = {"samples": torch.randn(1, 4, 16, 16)}
    assert torch.equal(draw(tiny, prompts, latent=latent, denoise=0.0), latent["samples"])
    assert torch.equal(draw(tiny, prompts, latent=latent, start_step=4), latent["samples"])


@pytest.mark.parametrize("sampler", ["euler", "ddim", "dpmpp_2m_sde"])
def test_the_kept_area_is_exactly_the_original(
    tiny: Checkpoint, prompts: Any, sampler: str
) -> None:
    """Outside of the noise mask nothing changes, inside all does."""
    mask = torch.zeros(1, 128, 128)
    mask[..., 64:] = 1
    latent = {"samples": torch.randn(1, 4, 16, 16), "noise_mask": mask}
    result = draw(tiny, prompts, latent=latent, sampler=sampler)
    assert torch.allclose(result[..., :7], latent["samples"][..., :7], atol=1e-5)
    assert not torch.allclose(result[..., 9:], latent["samples"][..., 9:], atol=0.1)


def test_each_step_is_told_and_may_cancel(tiny: Checkpoint, prompts: Any) -> None:
    """Interrupt lands behind the step in which it is seen."""
    told: list[tuple[int, int]] = []

    def watch(step: int, total: int, denoised: Tensor) -> None:
        assert denoised.shape == (1, 4, 16, 16)
        told.append((step, total))
        if step == 2:
            raise Interrupted

    with pytest.raises(Interrupted):
        draw(tiny, prompts, on_step=watch)
    assert told == [(1, 4), (2, 4)]


def test_items_of_a_batch_are_independent(tiny: Checkpoint, prompts: Any) -> None:
    """Item 1 of a batch of two, drawn alone by its index."""
    both = draw(tiny, prompts, latent={"samples": torch.zeros(2, 4, 16, 16)})
    alone = {"samples": torch.zeros(1, 4, 16, 16), "batch_index": [1]}
    assert torch.allclose(draw(tiny, prompts, latent=alone), both[1:], rtol=1e-3, atol=1e-2)


def test_what_belongs_to_another_family_is_refused(tiny: Checkpoint, prompts: Any) -> None:
    """With a sentence that says which part does not fit."""
    with pytest.raises(InvalidInput, match="16 channels, but the model denoises 4"):
        draw(tiny, prompts, latent={"samples": torch.ones(1, 16, 8, 8)})
    wide = [[torch.zeros(1, 77, 768), {}]]
    with pytest.raises(InvalidInput, match="768 numbers, but the model reads 64"):
        draw(tiny, (prompts[0], wide))


def test_an_empty_latent_of_another_family_is_fitted() -> None:
    """Only zeros are; a real latent is left for the network to refuse."""
    assert fix_empty_channels(torch.zeros(1, 16, 8, 8), 4).shape == (1, 4, 8, 8)
    assert fix_empty_channels(torch.ones(1, 16, 8, 8), 4).shape == (1, 16, 8, 8)
