"""Nodes for latents against direct computations: odd sizes, batches, masks, draws of noise."""

import math
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from engine.api import InvalidInput
from engine.diffusion.hooks import Guided, Hooks
from engine.diffusion.noise import initial_noise

from .test_custom_sampling import call


def latent(*shape: int, seed: int = 1, **more: Any) -> dict[str, Any]:
    generator = torch.Generator().manual_seed(seed)
    return {"samples": torch.randn(shape, generator=generator), **more}


A = latent(3, 4, 9, 13)
B = latent(1, 4, 9, 13, seed=2)


def samples(id: str, **inputs: Any) -> Tensor:
    return call(id, **inputs)["samples"]


def test_arithmetic_repeats_and_resizes_the_second() -> None:
    a, b = A["samples"], B["samples"]
    assert torch.equal(samples("LatentAdd", samples1=A, samples2=B), a + b)
    assert torch.equal(samples("LatentSubtract", samples1=A, samples2=B), a - b)
    assert torch.equal(samples("LatentMultiply", samples=A, multiplier=-2.5), a * -2.5)
    wide = latent(2, 4, 9, 26, seed=3)
    middle = wide["samples"][..., 6:20]  # round((26 - 13) / 2) cells go at both ends
    fitted = F.interpolate(middle, size=(9, 13), mode="bilinear")[torch.tensor([0, 1, 0])]
    assert torch.allclose(samples("LatentAdd", samples1=A, samples2=wide), a + fitted)
    assert torch.allclose(
        samples("LatentBlend", samples1=A, samples2=B, blend_factor=0.3), 0.3 * a + 0.7 * b
    )


def test_interpolation_mixes_directions_and_lengths() -> None:
    """Two vectors at a right angle, of lengths 2 and 4."""
    a = {"samples": torch.tensor([2.0, 0.0]).reshape(1, 2, 1, 1)}
    b = {"samples": torch.tensor([0.0, 4.0]).reshape(1, 2, 1, 1)}
    half = samples("LatentInterpolate", samples1=a, samples2=b, ratio=0.5).flatten()
    assert half.tolist() == pytest.approx([3 / math.sqrt(2)] * 2)
    whole = samples("LatentInterpolate", samples1=A, samples2=B, ratio=1.0)
    assert torch.allclose(whole, A["samples"], atol=1e-6)
    nothing = {"samples": torch.zeros(1, 2, 1, 1)}
    assert not samples("LatentInterpolate", samples1=nothing, samples2=nothing).isnan().any()


def test_concat_and_cut_are_inverse() -> None:
    a, b = A["samples"], B["samples"].expand(3, -1, -1, -1)
    wide = call("LatentConcat", samples1=A, samples2=B, dim="x")
    assert torch.equal(wide["samples"], torch.cat([a, b], dim=3))
    assert torch.equal(samples("LatentCut", samples=wide, dim="x", index=-13, amount=99), b)
    high = call("LatentConcat", samples1=A, samples2=B, dim="-y")
    assert torch.equal(samples("LatentCut", samples=high, dim="y", index=9, amount=9), a)
    assert samples("LatentCut", samples=A, dim="x", index=99).shape[-1] == 1


def test_joining_what_does_not_fit_is_refused() -> None:
    with pytest.raises(InvalidInput, match="has no time: choose 'x' or 'y'"):
        call("LatentConcat", samples1=A, samples2=B, dim="t")
    with pytest.raises(InvalidInput, match="cannot be joined along x: all other sides"):
        call("LatentConcat", samples1=A, samples2=latent(1, 4, 8, 13), dim="x")


def test_composite_fades_inner_sides() -> None:
    """Three cells of fading at the left and the bottom; the top and the right lie outside."""
    to, source = latent(1, 4, 10, 12), latent(1, 4, 7, 8, seed=2)
    out = samples("LatentComposite", samples_to=to, samples_from=source, x=40, y=0, feather=24)
    expected = to["samples"].clone()
    for row in range(7):
        for column in range(7):
            weight = min((column + 1) / 3, 1) * min((7 - row) / 3, 1)
            old = to["samples"][..., row, 5 + column]
            new = source["samples"][..., row, column]
            expected[..., row, 5 + column] = weight * new + (1 - weight) * old
    assert torch.allclose(out, expected, atol=1e-6)
    hard = samples("LatentComposite", samples_to=to, samples_from=source, x=16, y=8)
    assert torch.equal(hard[..., 1:8, 2:10], source["samples"])


def test_masked_composite() -> None:
    mask = torch.zeros(1, 18, 26)
    mask[:, :, 13:] = 1
    out = samples("LatentCompositeMasked", destination=A, source=B, mask=mask)
    assert torch.equal(out[..., :6], A["samples"][..., :6])
    assert torch.equal(out[..., 7:], B["samples"][..., 7:].expand(3, -1, -1, -1))
    moved = samples("LatentCompositeMasked", destination=A, source=B, x=80, y=64)
    assert torch.equal(moved[:1, :, 8:, 10:], B["samples"][..., :1, :3])


def test_scaling_turning_and_cutting() -> None:
    assert samples("LatentUpscaleBy", samples=A, upscale_method="bislerp").shape[-2:] == (14, 20)
    turned = samples("LatentRotate", samples=A, rotation="90 degrees")
    assert torch.equal(turned[..., 0, -1], A["samples"][..., 0, 0])
    flipped = samples("LatentFlip", samples=A, flip_method="x-axis: vertically")
    assert torch.equal(flipped[..., 0, :], A["samples"][..., -1, :])
    mirrored = samples("LatentFlip", samples=A, flip_method="y-axis: horizontally")
    assert torch.equal(mirrored[..., 0], A["samples"][..., -1])
    cut = samples("LatentCrop", samples=A, x=16, y=999, width=72, height=64)
    assert torch.equal(cut, A["samples"][..., 1:, 2:11])


def test_an_item_keeps_its_noise_and_mask() -> None:
    """Sampled alone it gets the draw that it had in its batch."""
    mask = torch.rand(3, 1, 9, 13)
    one = call("LatentFromBatch", samples={**A, "noise_mask": mask}, batch_index=1, length=9)
    assert torch.equal(one["samples"], A["samples"][1:]) and one["batch_index"] == [1, 2]
    assert torch.equal(one["noise_mask"], mask[1:])
    whole = initial_noise((3, 4, 8, 8), 5)
    part = initial_noise((2, 4, 8, 8), 5, one["batch_index"])
    assert torch.equal(part, whole[1:])
    again = call("LatentFromBatch", samples=one, batch_index=1)
    assert again["batch_index"] == [2]
    shared = call("LatentFromBatch", samples={**A, "noise_mask": mask[:1]}, batch_index=2)
    assert torch.equal(shared["noise_mask"], mask[:1])


def test_repeated_items_get_noise_of_their_own() -> None:
    once = {**A, "batch_index": [4, 5, 7], "noise_mask": torch.rand(1, 1, 9, 13)}
    out = call("RepeatLatentBatch", samples=once, amount=2)
    assert out["batch_index"] == [4, 5, 7, 8, 9, 11]
    assert len(out["samples"]) == len(out["noise_mask"]) == 6
    assert "batch_index" not in call("RepeatLatentBatch", samples=A, amount=2)


def test_batches_join_with_their_draws() -> None:
    out = call("LatentBatch", samples1=A, samples2={**B, "batch_index": [9]})
    assert out["batch_index"] == [0, 1, 2, 9]
    assert torch.equal(out["samples"], torch.cat([A["samples"], B["samples"]]))


def test_rebatching_counts_on_and_keeps_masks() -> None:
    masked = {**B, "noise_mask": torch.zeros(1, 1, 9, 13)}
    small = latent(1, 4, 2, 2)
    parts = call("RebatchLatents", latents=[A, masked, small], batch_size=[2])
    assert [len(p["samples"]) for p in parts] == [2, 2, 1]
    assert [p["batch_index"] for p in parts] == [[0, 1], [2, 3], [4]]
    assert parts[1]["noise_mask"].flatten(1).mean(1).tolist() == [1.0, 0.0]
    assert "noise_mask" not in parts[2]


def test_seed_behaviour() -> None:
    known = {**A, "batch_index": [3, 4, 5]}
    fixed = call("LatentBatchSeedBehavior", samples=known, seed_behavior="fixed")
    assert fixed["batch_index"] == [3, 3, 3]
    free = call("LatentBatchSeedBehavior", samples=known, seed_behavior="random")
    assert "batch_index" not in free and "batch_index" in known


def test_tone_mapping_keeps_directions_and_tames_lengths() -> None:
    x = A["samples"] * 10
    out = samples(
        "LatentApplyOperation",
        samples={"samples": x},
        operation=call("LatentOperationTonemapReinhard", multiplier=0.5),
    )
    length = x.norm(dim=1)
    top = (length.mean((1, 2)) + 5 * length.std((1, 2)))[:, None, None] * 0.5
    assert torch.allclose(out.norm(dim=1), length / (1 + length / top), rtol=1e-4)
    assert torch.allclose(F.cosine_similarity(out, x, dim=1), torch.ones(3, 9, 13), atol=1e-5)


def test_sharpening_a_flat_latent_changes_nothing() -> None:
    sharpen = call("LatentOperationSharpen")
    flat = torch.tensor([1.0, -2.0, 0.5, 3.0]).reshape(1, 4, 1, 1).expand(1, 4, 6, 7)
    assert torch.allclose(sharpen(flat), flat, atol=1e-5)
    assert (sharpen(A["samples"]) - A["samples"]).abs().mean() > 0.1


def test_operations_apply_to_what_guidance_adds() -> None:
    """And to the positive side if there is no other."""
    model = SimpleNamespace(hooked=lambda **more: Hooks().add(**more))
    hooks = call("LatentApplyOperationCFG", model=model, operation=lambda x: x * 2)
    cond, uncond = A["samples"], B["samples"].expand(3, -1, -1, -1)
    (hook,) = hooks.before
    out = hook(Guided(cond, 1.0, cond, uncond, 7.0))
    assert torch.equal(out[0], uncond + (cond - uncond) * 2) and out[1] is uncond
    alone = hook(Guided(cond, 1.0, cond, cond, 1.0))
    assert torch.equal(alone[0], cond * 2) and alone[0] is alone[1]
