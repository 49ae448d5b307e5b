"""The hook nodes: what they hand over, wired together as people do."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from engine.errors import InvalidInput
from engine.folders import Folders
from tests.nodes.conftest import CallNode
from tests.nodes.test_lora import PLACE, TEXT


@pytest.fixture
def lora(folders: Folders) -> str:
    path: Path = folders.models["loras"][0] / "hook.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    tensors = {f"{PLACE}.lora_up.weight": torch.randn(64, 4)}
    tensors |= {f"{PLACE}.lora_down.weight": torch.randn(4, 64)}
    tensors |= {f"{TEXT}.lora_up.weight": torch.randn(256, 4)}
    tensors |= {f"{TEXT}.lora_down.weight": torch.randn(4, 64)}
    save_file(tensors, path)
    return path.name


def picture(call: CallNode, model: Any, positive: Any, negative: Any) -> torch.Tensor:
    settings = {"seed": 1, "steps": 2, "cfg": 3.0, "sampler_name": "euler", "denoise": 1.0}
    sides = {"positive": positive, "negative": negative}
    latent = {"samples": torch.zeros(1, 4, 8, 8)}
    run = call(
        "KSampler", model=model, latent_image=latent, scheduler="normal", **sides, **settings
    )
    found: torch.Tensor = run.values[0]["samples"]
    return found


def test_hooked_prompts_draw_what_the_loader_draws(call: CallNode, lora: str) -> None:
    """Bit by bit, text encoder and denoiser."""
    model, clip, _ = call("CheckpointLoaderSimple", ckpt_name="tiny.safetensors").values
    strengths = {"strength_model": 0.7, "strength_clip": 0.4}
    loaded = call("LoraLoader", model=model, clip=clip, lora_name=lora, **strengths).values
    (hooks,) = call("CreateHookLora", lora_name=lora, **strengths).values
    (hooked,) = call(
        "SetClipHooks", clip=clip, apply_to_conds=True, schedule_clip=False, hooks=hooks
    ).values

    def sides(encoder: Any) -> list[Any]:
        return [call("CLIPTextEncode", clip=encoder, text=t).values[0] for t in ("a cat", "")]

    expected = picture(call, loaded[0], *sides(loaded[1]))
    assert torch.equal(picture(call, model, *sides(hooked)), expected)
    assert not torch.equal(picture(call, model, *sides(clip)), expected)


def test_hooks_are_created_combined_and_scheduled(call: CallNode, lora: str) -> None:
    (a,) = call("CreateHookLoraModelOnly", lora_name=lora, strength_model=0.5).values
    (b,) = call(
        "CreateHookModelAsLoraModelOnly",
        ckpt_name="tiny.safetensors",
        strength_model=0.5,
        prev_hooks=a,
    ).values
    assert len(a) == 1 and len(b) == 2 and a[0].strength_clip == 0.0
    assert call("CombineHooks2", hooks_A=a, hooks_B=b).values == (b,)
    assert call("CombineHooks8", hooks_C=b, hooks_H=a).values == (b,)
    assert call("CombineHooks4").values == ([],)
    (none,) = call("CreateHookLora", lora_name=lora, strength_model=0.0, strength_clip=0.0).values
    assert none == []
    (frame,) = call("CreateHookKeyframe", strength_mult=0.3, start_percent=0.4).values
    ramp = {"strength_start": 1.0, "strength_end": 0.0, "interpolation": "linear"}
    (frames,) = call(
        "CreateHookKeyframesInterpolated",
        **ramp,
        start_percent=0.0,
        end_percent=1.0,
        keyframes_count=3,
        print_keyframes=True,
        prev_hook_kf=frame,
    ).values
    assert [(f.start, f.strength) for f in frames] == [(0, 1), (0.4, 0.3), (0.5, 0.5), (1, 0)]
    (scheduled,) = call("SetHookKeyframes", hooks=b, hook_kf=frames).values
    assert all(list(hook.keyframes) == frames for hook in scheduled)
    assert call("SetHookKeyframes", hooks=b).values == (b,)
    span = {"start_percent": 0.0, "end_percent": 0.5, "print_keyframes": False}
    (listed,) = call("CreateHookKeyframesFromFloats", floats_strength=[1, 0.5], **span).values
    assert [(f.start, f.strength) for f in listed] == [(0, 1), (0.5, 0.5)]
    with pytest.raises(InvalidInput, match="floats_strength is str"):
        call("CreateHookKeyframesFromFloats", floats_strength="1", **span)


def test_pairs_are_changed_as_single_ones_are(call: CallNode, lora: str) -> None:
    other = [[torch.ones(1, 7, 64), {}]]
    entry = [[torch.zeros(1, 7, 64), {"of": "new"}]]
    (hooks,) = call("CreateHookLoraModelOnly", lora_name=lora, strength_model=0.5).values
    inside, before, after = call(
        "ConditioningTimestepsRange", start_percent=0.2, end_percent=0.7
    ).values
    assert (inside, before, after) == ((0.2, 0.7), (0.0, 0.2), (0.7, 1.0))
    facts = {"strength": 0.5, "set_cond_area": "default", "hooks": hooks, "timesteps": inside}
    (single,) = call("ConditioningSetProperties", cond_NEW=entry, **facts).values
    wanted = {"of": "new", "strength": 0.5, "start_percent": 0.2, "end_percent": 0.7}
    assert single[0][1] == {**wanted, "hooks": tuple(hooks)}
    new = {"positive_NEW": entry, "negative_NEW": other}
    pair = call("PairConditioningSetProperties", **new, **facts).values
    assert pair[0][0][1] == single[0][1] and pair[1][0][1]["hooks"] == tuple(hooks)
    old = {"positive": other, "negative": entry}
    joined = call("PairConditioningSetPropertiesAndCombine", **old, **new, **facts).values
    assert [len(side) for side in joined] == [2, 2] and joined[0][0] is other[0]
    (one,) = call("ConditioningSetPropertiesAndCombine", cond=other, cond_NEW=entry, **facts).values
    assert [e[1] for e in one] == [e[1] for e in joined[0]]
    sides = {"positive_A": entry, "negative_A": other, "positive_B": other, "negative_B": other}
    assert [len(s) for s in call("PairConditioningCombine", **sides).values] == [2, 2]
    defaults = {"positive_DEFAULT": other, "negative_DEFAULT": entry}
    filled = call("PairConditioningSetDefaultCombine", **old, **defaults, hooks=hooks).values
    assert filled[0][1][1] == {"default": True, "hooks": tuple(hooks)}
    (alone,) = call("ConditioningSetDefaultCombine", cond=entry, cond_DEFAULT=other).values
    assert [o.get("default") for _, o in alone] == [None, True]
