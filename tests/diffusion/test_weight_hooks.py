"""Hooks on weights: which variant of a network evaluates which condition, and when."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from engine.cache.codec import decode
from engine.cache.codec import encode as encode_entry
from engine.cache.memory import Entry
from engine.diffusion import residency
from engine.diffusion.adapters.files import adapter_file, with_adapter
from engine.diffusion.adapters.sources import FromModel, from_adapter_file
from engine.diffusion.checkpoints import load_checkpoint
from engine.diffusion.conditioning import Situation, prepare
from engine.diffusion.evaluation import Evaluation
from engine.diffusion.families import Checkpoint
from engine.diffusion.guidance import classic
from engine.diffusion.hooked import EASINGS, ramp, set_clip, set_properties
from engine.diffusion.noise import SeededNoise
from engine.diffusion.parameterization import Discrete
from engine.diffusion.patches import Patch
from engine.diffusion.sample import lay_out, sample
from engine.diffusion.samplers import SAMPLERS
from engine.diffusion.schedules import sigmas_for
from engine.diffusion.text.conditions import encode_prompt
from engine.diffusion.weight_hooks import (
    Changes,
    Hooks,
    Keyframe,
    Scheduled,
    WeightHook,
    begin_at,
    combined,
    ranges,
    with_keyframe,
    with_keyframes,
)
from engine.workers.references import register_handles
from tests.tiny_checkpoint import write_tiny_checkpoint

CPU = torch.device("cpu")
SAMPLING = Discrete()
LATENT = {"samples": torch.zeros(1, 4, 8, 8)}
SETTINGS: dict[str, Any] = {"seed": 1, "steps": 4, "cfg": 3.0, "scheduler": "normal"}
PLACE = "lora_unet_middle_block_1_transformer_blocks_0_attn2_to_v"
TEXT = "lora_te_text_model_encoder_layers_0_mlp_fc1"


@pytest.fixture(scope="module", autouse=True)
def _exact() -> Iterator[None]:
    """Denoisers in float32 on any machine."""
    residency.use(CPU, residency.Limits({"diffusion": "fp32"}))
    yield
    residency.use(CPU)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write_tiny_checkpoint(folder / "tiny.safetensors")
    write_tiny_checkpoint(folder / "other.safetensors", seed=1)
    torch.manual_seed(0)
    tensors = {f"{PLACE}.lora_up.weight": torch.randn(64, 4)}
    tensors |= {f"{PLACE}.lora_down.weight": torch.randn(4, 64)}
    tensors |= {f"{TEXT}.lora_up.weight": torch.randn(256, 4)}
    tensors |= {f"{TEXT}.lora_down.weight": torch.randn(4, 64)}
    save_file(tensors, folder / "lora.safetensors")
    return folder


@pytest.fixture(scope="module")
def tiny(folder: Path) -> Checkpoint:
    return load_checkpoint(folder / "tiny.safetensors")


@pytest.fixture(scope="module")
def hook(folder: Path) -> WeightHook:
    return WeightHook(from_adapter_file(folder / "lora.safetensors"), 0.8, 0.6)


def prompts(tiny: Checkpoint, hooks: Hooks = ()) -> tuple[Any, Any]:
    assert tiny.clip
    options = {"hooks": hooks} if hooks else {}
    return tuple(encode_prompt(tiny.clip, text, **options) for text in ("a cat", ""))  # type: ignore[return-value]


def draw(model: Any, sides: tuple[Any, Any], sampler: str = "euler") -> Tensor:
    found: Tensor = sample(model, LATENT, *sides, sampler=sampler, **SETTINGS)["samples"]
    return found


@pytest.mark.parametrize("sampler", ["euler", "heun", "dpmpp_2m_sde"])
def test_a_constant_hook_is_the_loader_bit_by_bit(
    tiny: Checkpoint, hook: WeightHook, folder: Path, sampler: str
) -> None:
    adapter = adapter_file(folder / "lora.safetensors")
    loaded, _ = with_adapter(adapter, tiny.model, None, 0.8, 0.0)
    expected = draw(loaded, prompts(tiny), sampler)
    assert torch.equal(draw(tiny.model, prompts(tiny, (hook,)), sampler), expected)
    assert not torch.equal(draw(tiny.model, prompts(tiny), sampler), expected)


def test_another_model_as_hook_is_that_model(tiny: Checkpoint, folder: Path) -> None:
    """Towards it at strength 1, up to rounding."""
    other = load_checkpoint(folder / "other.safetensors")
    hook = WeightHook(FromModel(other.model, other.clip), 1.0, 1.0)
    expected = draw(other.model, prompts(tiny))
    found = draw(tiny.model, prompts(tiny, (hook,)))
    assert (found - expected).abs().max() < 1e-4 * expected.abs().max()  # measured: 5.4e-7


def test_text_encoders_take_the_hooks_strength(tiny: Checkpoint, hook: WeightHook) -> None:
    """What the loader would make of the prompt; the entries carry the hooks on if asked."""
    assert tiny.clip
    adapter = hook.source.adapter  # type: ignore[attr-defined]
    _, loaded = with_adapter(adapter, None, tiny.clip, 0.0, 0.6)
    assert loaded
    ((expected, _),) = encode_prompt(loaded, "a cat")
    for follow in (True, False):
        hooked = set_clip(tiny.clip, (hook,), follow, scheduled=False)
        ((vectors, options),) = encode_prompt(hooked, "a cat")
        assert torch.equal(vectors, expected)
        assert ("hooks" in options) is follow
    assert not torch.equal(encode_prompt(tiny.clip, "a cat")[0][0], expected)


def test_a_scheduled_run_is_each_step_with_its_own_weights(
    tiny: Checkpoint, hook: WeightHook, folder: Path
) -> None:
    """Euler by hand: the positive side has the hook, the negative one has not."""
    keyframes = (Keyframe(1.0, 0.0), Keyframe(0.5, 0.5), Keyframe(0.0, 0.9))
    (scheduled,) = with_keyframes((hook,), keyframes)
    positive, negative = prompts(tiny, (scheduled,))[0], prompts(tiny)[1]
    sigmas = sigmas_for(tiny.model.sampling, "normal", 4)
    guider = classic(positive, negative, tiny.model, 3.0)
    run = lay_out(guider, LATENT, SeededNoise(1), SAMPLERS["euler"], sigmas)
    adapter = adapter_file(folder / "lora.safetensors")
    x, strengths = run.start.x, []
    with torch.no_grad():
        for a, b in zip(sigmas[:-1].tolist(), sigmas[1:].tolist(), strict=True):
            begun = [k for k in keyframes if a <= tiny.model.sampling.percent_to_sigma(k.start)]
            strengths.append(begun[-1].strength)
            model, _ = with_adapter(adapter, tiny.model, None, 0.8 * strengths[-1], 0.0)
            assert model
            network = residency.load(model.weights, model.patches)
            situation = Situation(model.sampling, x, x)
            sides = [prepare(c, situation) for c in (prompts(tiny)[0], negative)]
            plain = residency.load(tiny.model.weights)
            c = Evaluation(network, model.sampling)(x, a, sides[:1])[0]
            u = Evaluation(plain, model.sampling)(x, a, sides[1:])[0]
            x = x + (x - torch.lerp(u, c, 3.0)) / a * (b - a)
    assert strengths == [1.0, 1.0, 0.5, 0.0]
    *_, (last, _) = run.states()
    assert (last.x - x).abs().max() < 1e-4 * x.abs().max()  # measured: 7.2e-8


def test_what_has_the_same_hooks_shares_a_batch() -> None:
    """And what a hook of strength 0 is on shares it with what has none."""
    calls: list[tuple[str, int]] = []

    class Named(nn.Module):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

        def forward(self, x: Tensor, timesteps: Tensor, context: Tensor) -> Tensor:
            calls.append((self.name, len(x)))
            return x * 0

    x = torch.zeros(1, 4, 8, 8)
    plain, strong, weak = prepare([[torch.zeros(1, 7, 8), {}]] * 3, Situation(SAMPLING, x, x))
    strong = replace(strong, changes=Changes((_scheduled("a", (1.0, 0.5)),)))
    weak = replace(weak, changes=Changes((_scheduled("a", (1.0, 0.0)),)))
    evaluate = Evaluation(
        Named("plain"), SAMPLING, variant=lambda p, sigma: Named(f"{p[0].id}{p[0].strength}")
    )
    evaluate(x, 9.0, [[plain, strong, weak], [weak]])
    assert sorted(calls) == [("a1.0", 3), ("plain", 1)]
    calls.clear()
    evaluate(x, 3.0, [[plain, strong, weak], [weak]])
    assert sorted(calls) == [("a0.5", 1), ("plain", 3)]


def _scheduled(id: str, strengths: tuple[float, float]) -> Scheduled:
    return Scheduled(Patch(id, 1.0, {}), (torch.inf, 5.0), strengths)


def test_defaults_fill_what_masks_leave(tiny: Checkpoint) -> None:
    """The mean of two defaults on the right, nothing of them on the left."""

    class Mean(nn.Module):
        def forward(self, x: Tensor, timesteps: Tensor, context: Tensor) -> Tensor:
            wanted = context.mean(dim=(1, 2))[:, None, None, None]
            sigma = SAMPLING.sigma(timesteps)[:, None, None, None]
            return (x * (sigma**2 + 1).sqrt() - wanted) / sigma

    mask = torch.zeros(1, 8, 8)
    mask[..., :4] = 1
    entries = [[torch.full((1, 7, 8), 1.0), {"mask": mask}]]
    entries += [[torch.full((1, 7, 8), v), {"default": True}] for v in (2.0, 4.0)]
    late = [[torch.full((1, 7, 8), 9.0), {"default": True, "start_percent": 0.9}]]
    x, sigma = torch.zeros(1, 4, 8, 8), float(SAMPLING.sigmas[600])
    conditions = prepare(entries + late, Situation(SAMPLING, x, x))
    (seen,) = Evaluation(Mean(), SAMPLING)(x, sigma, [conditions])
    assert torch.allclose(seen[..., :4], torch.tensor(1.0), atol=1e-3)
    assert torch.allclose(seen[..., 4:], torch.tensor(3.0), atol=1e-3)


def test_a_scheduled_text_encoder_gives_an_entry_for_each_part(
    tiny: Checkpoint, hook: WeightHook
) -> None:
    """Every noise level sees one of them, with the strength of its keyframe."""
    assert tiny.clip
    keyframes = (Keyframe(1.0, 0.0), Keyframe(0.0, 0.5))
    hooks = with_keyframes((hook,), keyframes)
    entries = encode_prompt(set_clip(tiny.clip, hooks, True, scheduled=True), "a cat")
    parts = [(o["clip_start_percent"], o["clip_end_percent"]) for _, o in entries]
    assert parts == [(0.0, 0.5), (0.5, 1.0)]
    assert torch.equal(entries[1][0], encode_prompt(tiny.clip, "a cat")[0][0])
    assert not torch.equal(entries[0][0], entries[1][0])
    x = torch.zeros(1, 4, 8, 8)
    conditions = prepare(entries, Situation(SAMPLING, x, x, model=tiny.model))
    border = SAMPLING.percent_to_sigma(0.5)
    for sigma in (SAMPLING.sigma_max, border * 1.001, border, border * 0.999, 0.01):
        assert [c.applies(sigma) for c in conditions] == [sigma > border, sigma <= border]


def test_every_keyframe_holds_for_its_steps() -> None:
    """Though a later one has begun; but one that is over before the run is left out."""
    levels = SAMPLING.sigmas[[999, 800, 600, 400, 200]].tolist()
    levels.append(0.0)
    frames = [Keyframe(1.0), Keyframe(2.0, 0.001), Keyframe(3.0, 0.002), Keyframe(4.0, 0.9)]
    assert begin_at(frames, SAMPLING, levels) == [torch.inf, levels[1], levels[2], 0.0]
    free = [replace(f, guaranteed=0) for f in frames]
    assert begin_at(free, SAMPLING, levels)[:3] == [torch.inf, levels[1], levels[1]]
    late = begin_at(frames, SAMPLING, levels[2:])
    assert late[:3] == [torch.inf, levels[2], levels[2]]
    assert begin_at([Keyframe(1.0, 0.5)], SAMPLING, levels) == [torch.inf]
    rising = begin_at(frames, SAMPLING, levels[::-1])
    assert rising[1:] == [SAMPLING.percent_to_sigma(f.start) for f in frames[1:]]


def test_hooks_are_joined_without_repetition(hook: WeightHook) -> None:
    """An earlier group's are not taken twice; twice within one group is meant."""
    other = replace(hook, strength_model=0.1)
    assert combined((hook,), None, (hook, other)) == (hook, other)
    assert combined((hook, hook)) == (hook, hook)
    frames = with_keyframe([Keyframe(1.0, 0.5)], Keyframe(2.0, 0.1))
    assert [f.start for f in frames] == [0.1, 0.5]
    scheduled = with_keyframes((hook,), (Keyframe(1.0), Keyframe(0.5, 0.25)))
    assert [(a, b) for a, b, _ in ranges((*scheduled, other))] == [(0.0, 0.25), (0.25, 1.0)]


def test_ramps_go_from_one_strength_to_the_other() -> None:
    """In equal parts of the run, and by the chosen easing."""
    frames = ramp([0.0, 0.5, 1.0], 0.2, 0.8)
    assert [f.start for f in frames] == pytest.approx([0.2, 0.5, 0.8])
    assert [f.guaranteed for f in frames] == [1, 0, 0]
    assert ramp([2.0], 0.3, 0.8) == (Keyframe(2.0, 0.3),)
    for ease in EASINGS.values():
        assert (ease(0.0), ease(1.0)) == (0.0, 1.0)
    middle = [EASINGS[n](0.25) for n in ("ease_in", "linear", "ease_in_out", "ease_out")]
    assert middle == [0.0625, 0.25, 0.15625, 0.4375]


def test_old_strengths_do_not_pile_up(tiny: Checkpoint, hook: WeightHook) -> None:
    """Of a ramp's variants only the last ones stay in memory."""
    residency.unload_all()
    hooks = with_keyframes((hook,), ramp([0.1, 0.2, 0.3, 0.4], 0.0, 0.7))
    draw(tiny.model, prompts(tiny, hooks))
    variants = [h for h in residency.ledger() if "+" in h.owner]
    assert len(variants) <= 2


def test_entries_keep_their_own_hooks(tiny: Checkpoint, hook: WeightHook) -> None:
    """New ones come behind; mask, strength and time are set as given."""
    other, mask = replace(hook, strength_model=0.1), torch.ones(8, 8)
    entries = set_properties(
        prompts(tiny, (hook,))[0], 0.5, True, mask, (other,), timesteps=(0.1, 0.9)
    )
    ((_, options),) = entries
    assert options["hooks"] == (hook, other)
    assert options["mask"].shape == (1, 8, 8) and options["mask_strength"] == 0.5
    assert (options["start_percent"], options["end_percent"]) == (0.1, 0.9)
    ((_, plain),) = set_properties(prompts(tiny)[0], 0.5, False, None, None, None)
    assert plain["strength"] == 0.5 and "mask" not in plain and "hooks" not in plain


def test_hooks_survive_a_restart(tiny: Checkpoint, hook: WeightHook, folder: Path) -> None:
    """As references to their files."""
    register_handles()
    assert tiny.clip
    other = load_checkpoint(folder / "other.safetensors")
    whole = WeightHook(FromModel(other.model, None), 0.5, 0.0, (Keyframe(1.0, 0.1),))
    clip = set_clip(tiny.clip, (hook, whole), True, True)
    found = decode(*encode_entry(Entry(([clip], [(hook, whole)]), {}, 0.0)))
    assert found.values == ([clip], [(hook, whole)])
