"""Merged weights are the mixtures asked for; saved models load as what they were."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from torch import Tensor

from engine.diffusion.adapters.extraction import from_clip, from_model, low_rank
from engine.diffusion.adapters.files import adapter_file, adapter_in_memory, with_adapter
from engine.diffusion.checkpoints import load_checkpoint
from engine.diffusion.families import Checkpoint
from engine.diffusion.handles import Model
from engine.diffusion.merging import (
    added,
    by_block,
    merge_clips,
    merge_models,
    simple,
    subtracted,
    towards,
)
from engine.diffusion.patches import Patch
from engine.diffusion.residency import Limits, Residency
from engine.diffusion.saving import (
    clip_tensors,
    model_tensors,
    open_clip,
    vae_tensors,
    write_safetensors,
)
from engine.diffusion.stored import network_shapes, stored_tensors
from engine.errors import InvalidInput
from tests.tiny_checkpoint import open_clip_layout, write_tiny_checkpoint
from tests.tiny_families import KINDS, write_tiny_family

NAMES = ("out.2.bias", "time_embed.0.weight", "middle_block.1.norm.weight")


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> list[Checkpoint]:
    folder = tmp_path_factory.mktemp("models")
    paths = [write_tiny_checkpoint(folder / f"{i}.safetensors", seed=i) for i in range(2)]
    return [load_checkpoint(path) for path in paths]


def state(model: Model) -> dict[str, Tensor]:
    residency = Residency(torch.device("cpu"), limits=Limits({"diffusion": "fp32", "text": "fp32"}))
    return residency.load(model.weights, model.patches).state_dict()


def test_simple_add_and_subtract(two: list[Checkpoint]) -> None:
    a, b = (c.model for c in two)
    plain, other = state(a), state(b)
    mixed = state(merge_models(a, b, simple(0.3)))
    total = state(merge_models(a, b, added))
    less = state(merge_models(a, b, subtracted(2.0)))
    for k in plain:
        torch.testing.assert_close(mixed[k], plain[k] * 0.3 + other[k] * 0.7)
        torch.testing.assert_close(total[k], plain[k] + other[k])
        torch.testing.assert_close(less[k], 2 * (plain[k] - other[k]))
    assert merge_models(a, b, simple(1.0)) == a
    assert merge_models(a, b, simple(0.3)) == merge_models(a, b, simple(0.3))
    assert merge_models(a, b, simple(0.3)) != merge_models(a, b, simple(0.4))


def test_the_longest_beginning_decides_and_the_first_ratio_is_for_the_rest(
    two: list[Checkpoint],
) -> None:
    a, b = (c.model for c in two)
    plain, other = state(a), state(b)
    shares = by_block({"input": 0.2, "middle": 1.0, "out": 0.0, "out.": 0.5})
    found = state(merge_models(a, b, shares))
    expected = {"input_blocks.0.0.bias": 0.2, "time_embed.0.bias": 0.2, "out.2.bias": 0.5}
    expected |= {"middle_block.0.in_layers.2.bias": 1.0, "output_blocks.0.0.in_layers.2.bias": 0.0}
    for k, ratio in expected.items():
        torch.testing.assert_close(found[k], plain[k] * ratio + other[k] * (1 - ratio))


def test_patches_of_both_models_count(two: list[Checkpoint]) -> None:
    a, b = (c.model for c in two)
    lora = adapter_in_memory({"diffusion_model.out.2.diff_b": torch.ones(4)})
    a2, _ = with_adapter(lora, a, None, 1.0, 0.0)
    b2, _ = with_adapter(lora, b, None, -3.0, 0.0)
    assert a2 and b2
    found = state(merge_models(a2, b2, simple(0.5)))["out.2.bias"]
    plain, other = state(a)["out.2.bias"], state(b)["out.2.bias"]
    torch.testing.assert_close(found, (plain + 1) * 0.5 + (other - 3) * 0.5)


def test_another_model_as_if_it_were_a_lora(two: list[Checkpoint]) -> None:
    a, b = (c.model for c in two)
    patch = towards(a.weights, b.weights, 0.25, "models")
    found, plain, other = state(a.patched(patch)), state(a), state(b)
    for k in NAMES:
        torch.testing.assert_close(found[k], plain[k] + 0.25 * (other[k] - plain[k]))


def test_text_encoders_merge_each_with_its_counterpart(two: list[Checkpoint]) -> None:
    a, b = (c.clip for c in two)
    assert a and b
    merged = merge_clips(a, b, simple(0.25)).encoders[0]
    found = dict(stored_tensors(merged.weights, merged.patches))
    plain, other = (dict(stored_tensors(c.encoders[0].weights)) for c in (a, b))
    for k in plain:
        torch.testing.assert_close(found[k], plain[k] * 0.25 + other[k] * 0.75)


def test_different_families_do_not_merge(two: list[Checkpoint], tmp_path: Path) -> None:
    other = load_checkpoint(write_tiny_family(tmp_path / "sdxl.safetensors", "sdxl"))
    assert other.clip and two[0].clip
    with pytest.raises(InvalidInput, match=r"models have \d+ of \d+ tensors in common"):
        merge_models(two[0].model, other.model, simple(0.5))
    with pytest.raises(InvalidInput, match=r"CLIP-L and CLIP-L\+CLIP-G"):
        merge_clips(two[0].clip, other.clip, simple(0.5))


def save_all(found: Checkpoint, path: Path) -> Checkpoint:
    def tensors() -> Any:
        assert found.clip and found.vae
        yield from model_tensors(found.model)
        yield from clip_tensors(found.clip)
        yield from vae_tensors(found.vae)

    write_safetensors(path, tensors(), {"prompt": {"1": {}}})
    return load_checkpoint(path)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"unclip"}))
def test_every_family_saves_and_loads_as_it_was(kind: str, tmp_path: Path) -> None:
    before = load_checkpoint(write_tiny_family(tmp_path / "a.safetensors", kind))
    after = save_all(before, tmp_path / "b.safetensors")
    assert before.clip and after.clip and before.vae and after.vae
    assert after.model.sampling == before.model.sampling
    assert [e.name for e in after.clip.encoders] == [e.name for e in before.clip.encoders]
    pairs = [(before.model.weights, after.model.weights), (before.vae.weights, after.vae.weights)]
    encoders = zip(before.clip.encoders, after.clip.encoders, strict=True)
    pairs += [(a.weights, b.weights) for a, b in encoders]
    for a, b in pairs:
        here, there = dict(stored_tensors(a)), dict(stored_tensors(b))
        assert here.keys() == there.keys()
        assert all(torch.equal(here[k], there[k]) for k in here)
    with safe_open(tmp_path / "b.safetensors", "pt") as file:
        assert file.metadata() == {"format": "pt", "prompt": '{"1": {}}'}


def test_patches_are_baked_in_and_velocity_is_marked(tmp_path: Path) -> None:
    from dataclasses import replace

    from engine.diffusion.parameterization import Discrete

    before = load_checkpoint(write_tiny_family(tmp_path / "a.safetensors", "sdxl"))
    sampling = Discrete(prediction="v", zero_terminal=True)
    lora = adapter_in_memory({"diffusion_model.out.2.diff_b": torch.ones(4)})
    model, _ = with_adapter(lora, replace(before.model, sampling=sampling), None, 2.0, 0.0)
    assert model
    after = save_all(replace(before, model=model), tmp_path / "b.safetensors")
    assert after.model.sampling == sampling and not after.model.patches
    plain, found = (dict(stored_tensors(c.model.weights)) for c in (before, after))
    torch.testing.assert_close(found["out.2.bias"], plain["out.2.bias"] + 2)


def test_open_clip_layout_is_that_of_published_files(tmp_path: Path) -> None:
    found = load_checkpoint(write_tiny_family(tmp_path / "a.safetensors", "sdxl")).clip
    assert found
    plain = dict(stored_tensors(found.encoders[1].weights))
    expected = open_clip_layout(plain)
    del expected["logit_scale"]
    ours = dict(open_clip(plain.items()))
    assert ours.keys() == expected.keys()
    assert all(torch.equal(ours[k], expected[k]) for k in ours)


def test_low_rank_is_the_best_of_its_rank() -> None:
    torch.manual_seed(0)
    exact = torch.randn(12, 3) @ torch.randn(3, 18)
    conv = exact.reshape(12, 2, 3, 3)
    found = low_rank(conv, 3)
    assert found["lora_up.weight"].shape == (12, 3, 1, 1)
    assert found["lora_down.weight"].shape == (3, 2, 3, 3)
    product = found["lora_up.weight"].flatten(1) @ found["lora_down.weight"].flatten(1)
    torch.testing.assert_close(product, exact, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", ["standard", "full_diff"])
def test_an_extracted_difference_leads_from_one_model_to_the_other(
    two: list[Checkpoint], tmp_path: Path, kind: Any
) -> None:
    (a, b), (clip_a, clip_b) = (c.model for c in two), (c.clip for c in two)
    assert clip_a and clip_b
    difference = merge_models(b, a, subtracted(1.0))
    clips = merge_clips(clip_b, clip_a, subtracted(1.0))

    def tensors() -> Any:
        yield from from_model(difference, 4096, kind, True)
        yield from from_clip(clips, 4096, kind, True)

    write_safetensors(tmp_path / "lora.safetensors", tensors(), {})
    adapter = adapter_file(tmp_path / "lora.safetensors")
    model, clip = with_adapter(adapter, a, clip_a, 1.0, 1.0)
    assert model and clip
    found, expected = state(model), state(b)
    for k in found:
        torch.testing.assert_close(found[k], expected[k], rtol=2e-3, atol=2e-3)
    e, other = clip.encoders[0], clip_b.encoders[0]
    texts = dict(stored_tensors(e.weights, e.patches)), dict(stored_tensors(other.weights))
    missed = [k for k in texts[0] if not torch.allclose(texts[0][k], texts[1][k], atol=5e-3)]
    assert not missed


def test_saving_takes_the_files_own_precision(tmp_path: Path) -> None:
    """Half stays half, whatever a device computes in."""
    from safetensors.torch import save_file

    from tests.tiny_checkpoint import tiny_tensors

    path = tmp_path / "half.safetensors"
    save_file({k: t.half() for k, t in tiny_tensors().items()}, path)
    found = load_checkpoint(path)
    patch = Patch("x", 1.0, {"out.2.bias": lambda weight, strength: weight + 1})
    tensors = dict(stored_tensors(found.model.weights, [patch]))
    assert {t.dtype for t in tensors.values()} == {torch.float16}
    assert tensors.keys() == network_shapes(found.model.weights).keys()
