"""Hooks: changes of weights that belong to conditions, on a schedule if asked for."""

import logging
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

from engine.api import (
    Bool,
    Choice,
    Clip,
    Conditioning,
    Context,
    File,
    Float,
    Int,
    InvalidInput,
    Mask,
    Socket,
    node,
)
from engine.diffusion.adapters.sources import FromModel, from_adapter_file
from engine.diffusion.checkpoints import load_checkpoint
from engine.diffusion.conditioning import combine
from engine.diffusion.hooked import EASINGS, default_beside, floats, ramp, set_clip, set_properties
from engine.diffusion.weight_hooks import (
    Keyframe,
    WeightHook,
    combined,
    with_keyframe,
    with_keyframes,
)

log = logging.getLogger(__name__)

#: A list, because a node that returns a tuple returns several values.
Hooks = Annotated[Any, Socket("HOOKS")]
Keyframes = Annotated[Any, Socket("HOOK_KEYFRAMES")]
Range = Annotated[Any, Socket("TIMESTEPS_RANGE")]
Floats = Socket("FLOATS", {"default": -1, "min": -1, "step": 0.001, "forceInput": True})
Strength = Float(-20.0, 20.0, step=0.01)
Percent = Float(0.0, 1.0, step=0.001)
Ramp = Float(0.0, 10.0, step=0.001)
Count = Float(0.0, 10.0, step=0.01)
Bounds = Choice(("default", "mask bounds"))

_node = partial(node, lane="host", experimental=True)
_create = partial(_node, category="advanced/hooks/create")
_schedule = partial(_node, category="advanced/hooks/scheduling")
_frames = partial(_schedule, outputs=("HOOK_KF",))
_combine = partial(_node, category="advanced/hooks/combine")
_single = partial(_node, category="advanced/hooks/cond single")
_pair = partial(_node, category="advanced/hooks/cond pair", outputs=("positive", "negative"))


def _lora(name: str, model: float, clip: float, before: Any, ctx: Context) -> Any:
    hook = WeightHook(from_adapter_file(ctx.folders.find("loras", name)), model, clip)
    return [*(before or ()), *((hook,) if model or clip else ())]


@_create("CreateHookLora", title="Create Hook LoRA")
def create_hook_lora(
    *,
    lora_name: File("loras"),
    strength_model: Strength = 1.0,
    strength_clip: Strength = 1.0,
    prev_hooks: Hooks = None,
    ctx: Context,
) -> Hooks:
    """Let a LoRA apply to single conditions, or to a part of the run.

    Args:
        lora_name: a file of the folder loras.
        strength_model: on the denoiser; 0 changes nothing.
        strength_clip: on the text encoder, where Set CLIP Hooks uses it.
        prev_hooks: hooks that this one comes behind.
    """
    return _lora(lora_name, strength_model, strength_clip, prev_hooks, ctx)


@_create("CreateHookLoraModelOnly", title="Create Hook LoRA (MO)")
def create_hook_lora_model_only(
    *,
    lora_name: File("loras"),
    strength_model: Strength = 1.0,
    prev_hooks: Hooks = None,
    ctx: Context,
) -> Hooks:
    """Let a LoRA apply to single conditions, and leave text encoders alone.

    Args:
        lora_name: a file of the folder loras.
        strength_model: on the denoiser; 0 changes nothing.
        prev_hooks: hooks that this one comes behind.
    """
    return _lora(lora_name, strength_model, 0.0, prev_hooks, ctx)


def _model(name: str, model: float, clip: float, before: Any, ctx: Context) -> Any:
    found = load_checkpoint(ctx.folders.find("checkpoints", name))
    hook = WeightHook(FromModel(found.model, found.clip if clip else None), model, clip)
    return [*(before or ()), *((hook,) if model or clip else ())]


@_create("CreateHookModelAsLora", title="Create Hook Model as LoRA")
def create_hook_model_as_lora(
    *,
    ckpt_name: File("checkpoints"),
    strength_model: Strength = 1.0,
    strength_clip: Strength = 1.0,
    prev_hooks: Hooks = None,
    ctx: Context,
) -> Hooks:
    """Let another checkpoint take the model's place for single conditions, in part or wholly.

    Args:
        ckpt_name: of the same family as the model that samples.
        strength_model: 1 is the other model, 0 the own.
        strength_clip: the same for the text encoder, where Set CLIP Hooks uses it.
        prev_hooks: hooks that this one comes behind.
    """
    return _model(ckpt_name, strength_model, strength_clip, prev_hooks, ctx)


@_create("CreateHookModelAsLoraModelOnly", title="Create Hook Model as LoRA (MO)")
def create_hook_model_as_lora_model_only(
    *,
    ckpt_name: File("checkpoints"),
    strength_model: Strength = 1.0,
    prev_hooks: Hooks = None,
    ctx: Context,
) -> Hooks:
    """Let another checkpoint's denoiser take the model's place for single conditions.

    Args:
        ckpt_name: of the same family as the model that samples.
        strength_model: 1 is the other model, 0 the own.
        prev_hooks: hooks that this one comes behind.
    """
    return _model(ckpt_name, strength_model, 0.0, prev_hooks, ctx)


@_frames("CreateHookKeyframe", title="Create Hook Keyframe")
def create_hook_keyframe(
    *, strength_mult: Strength = 1.0, start_percent: Percent = 0.0, prev_hook_kf: Keyframes = None
) -> Keyframes:
    """A strength that hooks have from some part of the run on.

    Args:
        strength_mult: their own strengths are multiplied by it.
        start_percent: where it begins; 0 is the first step. It holds for one step at least.
        prev_hook_kf: keyframes to add it to.
    """
    return list(with_keyframe(prev_hook_kf or (), Keyframe(strength_mult, start_percent)))


def _ramped(
    strengths: Sequence[float], start: float, end: float, before: Any, tell: bool
) -> list[Keyframe]:
    added = ramp(strengths, start, end)
    for frame in added if tell else ():
        # A warning, because lesser lines of a worker are not shown, and the user asked for it.
        log.warning("keyframe at %.3f: strength %.3f", frame.start, frame.strength)
    return list(with_keyframe(before or (), *added))


@_frames("CreateHookKeyframesInterpolated", title="Create Hook Keyframes Interp.")
def create_hook_keyframes_interpolated(
    *,
    strength_start: Ramp = 1.0,
    strength_end: Ramp = 1.0,
    interpolation: Choice(tuple(EASINGS)),
    start_percent: Percent = 0.0,
    end_percent: Percent = 1.0,
    keyframes_count: Int(2, 100, step=1) = 5,
    print_keyframes: Bool() = False,
    prev_hook_kf: Keyframes = None,
) -> Keyframes:
    """Strengths that go from one to another over a part of the run.

    Args:
        strength_start: of the first keyframe.
        strength_end: of the last one.
        interpolation: linear, or slow at one end (ease_in, ease_out) or at both.
        start_percent: where the first one begins.
        end_percent: where the last one begins.
        keyframes_count: each costs the time of changing the weights once.
        print_keyframes: say in the log what they are.
        prev_hook_kf: keyframes to add them to.
    """
    ease = EASINGS[interpolation]
    shares = [ease(i / (keyframes_count - 1)) for i in range(keyframes_count)]
    strengths = [strength_start + (strength_end - strength_start) * s for s in shares]
    return _ramped(strengths, start_percent, end_percent, prev_hook_kf, print_keyframes)


@_frames("CreateHookKeyframesFromFloats", title="Create Hook Keyframes From Floats")
def create_hook_keyframes_from_floats(
    *,
    floats_strength: Floats,
    start_percent: Percent = 0.0,
    end_percent: Percent = 1.0,
    print_keyframes: Bool() = False,
    prev_hook_kf: Keyframes = None,
) -> Keyframes:
    """Strengths from a list of numbers, evenly over a part of the run.

    Args:
        floats_strength: the list; one number is one keyframe.
        start_percent: where the first one begins.
        end_percent: where the last one begins.
        print_keyframes: say in the log what they are.
        prev_hook_kf: keyframes to add them to.
    """
    strengths = floats(floats_strength)
    if strengths is None:
        raise InvalidInput(
            f"floats_strength is {type(floats_strength).__name__}; it must be a number or a list "
            "of numbers. Connect a node that gives FLOATS."
        )
    return _ramped(strengths, start_percent, end_percent, prev_hook_kf, print_keyframes)


@_schedule("SetHookKeyframes", title="Set Hook Keyframes")
def set_hook_keyframes(*, hooks: Hooks, hook_kf: Keyframes = None) -> Hooks:
    """Put hooks on a schedule.

    Args:
        hooks: all of them follow it.
        hook_kf: takes the place of the keyframes that they have.
    """
    return hooks if hook_kf is None else list(with_keyframes(hooks, hook_kf))


@_combine("CombineHooks2", title="Combine Hooks [2]")
def combine_hooks_2(*, hooks_A: Hooks = None, hooks_B: Hooks = None) -> Hooks:
    """Several hooks as one; what is among the earlier ones is not taken twice."""
    return list(combined(hooks_A, hooks_B))


@_combine("CombineHooks4", title="Combine Hooks [4]")
def combine_hooks_4(
    *, hooks_A: Hooks = None, hooks_B: Hooks = None, hooks_C: Hooks = None, hooks_D: Hooks = None
) -> Hooks:
    """Several hooks as one; what is among the earlier ones is not taken twice."""
    return list(combined(hooks_A, hooks_B, hooks_C, hooks_D))


@_combine("CombineHooks8", title="Combine Hooks [8]")
def combine_hooks_8(
    *,
    hooks_A: Hooks = None,
    hooks_B: Hooks = None,
    hooks_C: Hooks = None,
    hooks_D: Hooks = None,
    hooks_E: Hooks = None,
    hooks_F: Hooks = None,
    hooks_G: Hooks = None,
    hooks_H: Hooks = None,
) -> Hooks:
    """Several hooks as one; what is among the earlier ones is not taken twice."""
    first = (hooks_A, hooks_B, hooks_C, hooks_D)
    return list(combined(*first, hooks_E, hooks_F, hooks_G, hooks_H))


@_node("SetClipHooks", category="advanced/hooks/clip", title="Set CLIP Hooks")
def set_clip_hooks(
    *,
    clip: Clip,
    apply_to_conds: Bool() = True,
    schedule_clip: Bool() = False,
    hooks: Hooks = None,
) -> Clip:
    """Encode prompts with hooks on the text encoder.

    Args:
        clip: the text encoder.
        apply_to_conds: what it encodes carries the hooks on to the denoiser.
        schedule_clip: encode once for each part of the run in which the hooks stay the same;
            otherwise with their first keyframes.
        hooks: take the place of those that the text encoder has.
    """
    return clip if hooks is None else set_clip(clip, hooks, apply_to_conds, schedule_clip)


@_single("ConditioningSetProperties", title="Cond Set Props")
def conditioning_set_properties(
    *,
    cond_NEW: Conditioning,
    strength: Count = 1.0,
    set_cond_area: Bounds,
    mask: Mask = None,
    hooks: Hooks = None,
    timesteps: Range = None,
) -> Conditioning:
    """Say where, when, how much and with which hooks a condition counts.

    Args:
        cond_NEW: the condition.
        strength: how much it counts beside others.
        set_cond_area: mask bounds lets the model see only the rectangle around the mask.
        mask: white where it counts.
        hooks: come behind those that it has.
        timesteps: the part of the run in which it counts.
    """
    return set_properties(cond_NEW, strength, set_cond_area != "default", mask, hooks, timesteps)


@_single("ConditioningSetPropertiesAndCombine", title="Cond Set Props Combine")
def conditioning_set_properties_and_combine(
    *,
    cond: Conditioning,
    cond_NEW: Conditioning,
    strength: Count = 1.0,
    set_cond_area: Bounds,
    mask: Mask = None,
    hooks: Hooks = None,
    timesteps: Range = None,
) -> Conditioning:
    """Say where, when, how much and with which hooks a condition counts beside another.

    Args:
        cond: the other one; it stays as it is.
        cond_NEW: the condition.
        strength: how much it counts.
        set_cond_area: mask bounds lets the model see only the rectangle around the mask.
        mask: white where it counts.
        hooks: come behind those that it has.
        timesteps: the part of the run in which it counts.
    """
    bounds = set_cond_area != "default"
    return combine(cond, set_properties(cond_NEW, strength, bounds, mask, hooks, timesteps))


@_pair("PairConditioningSetProperties", title="Cond Pair Set Props")
def pair_conditioning_set_properties(
    *,
    positive_NEW: Conditioning,
    negative_NEW: Conditioning,
    strength: Count = 1.0,
    set_cond_area: Bounds,
    mask: Mask = None,
    hooks: Hooks = None,
    timesteps: Range = None,
) -> tuple[Conditioning, Conditioning]:
    """Say where, when, how much and with which hooks two conditions count.

    Args:
        positive_NEW: what the picture shall show.
        negative_NEW: what it shall not.
        strength: how much they count beside others.
        set_cond_area: mask bounds lets the model see only the rectangle around the mask.
        mask: white where they count.
        hooks: come behind those that they have.
        timesteps: the part of the run in which they count.
    """
    facts = (strength, set_cond_area != "default", mask, hooks, timesteps)
    return set_properties(positive_NEW, *facts), set_properties(negative_NEW, *facts)


@_pair("PairConditioningSetPropertiesAndCombine", title="Cond Pair Set Props Combine")
def pair_conditioning_set_properties_and_combine(
    *,
    positive: Conditioning,
    negative: Conditioning,
    positive_NEW: Conditioning,
    negative_NEW: Conditioning,
    strength: Count = 1.0,
    set_cond_area: Bounds,
    mask: Mask = None,
    hooks: Hooks = None,
    timesteps: Range = None,
) -> tuple[Conditioning, Conditioning]:
    """Say where, when, how much and with which hooks two conditions count beside others.

    Args:
        positive: another condition, which stays as it is.
        negative: another one of the other side.
        positive_NEW: what the picture shall show.
        negative_NEW: what it shall not.
        strength: how much they count.
        set_cond_area: mask bounds lets the model see only the rectangle around the mask.
        mask: white where they count.
        hooks: come behind those that they have.
        timesteps: the part of the run in which they count.
    """
    facts = (strength, set_cond_area != "default", mask, hooks, timesteps)
    changed = [set_properties(side, *facts) for side in (positive_NEW, negative_NEW)]
    return combine(positive, changed[0]), combine(negative, changed[1])


@_pair("PairConditioningCombine", title="Cond Pair Combine")
def pair_conditioning_combine(
    *,
    positive_A: Conditioning,
    negative_A: Conditioning,
    positive_B: Conditioning,
    negative_B: Conditioning,
) -> tuple[Conditioning, Conditioning]:
    """Follow two pairs of conditions at once."""
    return combine(positive_A, positive_B), combine(negative_A, negative_B)


@_single("ConditioningSetDefaultCombine", title="Cond Set Default Combine")
def conditioning_set_default_combine(
    *, cond: Conditioning, cond_DEFAULT: Conditioning, hooks: Hooks = None
) -> Conditioning:
    """Add a condition that counts where the masks of the others leave something open.

    Args:
        cond: the others.
        cond_DEFAULT: fills what they leave.
        hooks: of the default.
    """
    return default_beside(cond, cond_DEFAULT, hooks)


@_pair("PairConditioningSetDefaultCombine", title="Cond Pair Set Default Combine")
def pair_conditioning_set_default_combine(
    *,
    positive: Conditioning,
    negative: Conditioning,
    positive_DEFAULT: Conditioning,
    negative_DEFAULT: Conditioning,
    hooks: Hooks = None,
) -> tuple[Conditioning, Conditioning]:
    """Add conditions that count where the masks of the others leave something open.

    Args:
        positive: the others.
        negative: the others of the other side.
        positive_DEFAULT: fills what they leave.
        negative_DEFAULT: the same on the other side.
        hooks: of the defaults.
    """
    return (
        default_beside(positive, positive_DEFAULT, hooks),
        default_beside(negative, negative_DEFAULT, hooks),
    )


@_node(
    "ConditioningTimestepsRange",
    category="advanced/hooks",
    title="Timesteps Range",
    outputs=("TIMESTEPS_RANGE", "BEFORE_RANGE", "AFTER_RANGE"),
)
def conditioning_timesteps_range(
    *, start_percent: Percent = 0.0, end_percent: Percent = 1.0
) -> tuple[Range, Range, Range]:
    """A part of the run, what comes before it and what comes behind it.

    Args:
        start_percent: where it begins; 0 is the first step.
        end_percent: where it ends; 1 is the last one.
    """
    return (start_percent, end_percent), (0.0, start_percent), (end_percent, 1.0)
