"""Changes of how a U-Net works: features, attention, speed."""

from dataclasses import replace
from functools import partial

from engine.api import Bool, Choice, Clip, Float, Int, Model, node
from engine.diffusion.modifiers.attention import (
    HyperTile,
    TokenMerging,
    attention_gains,
    text_gains,
)
from engine.diffusion.modifiers.caching import EasyCache, LazyCache
from engine.diffusion.modifiers.features import DeepShrink, DifferentialDiffusion, FreeU
from engine.diffusion.residency import PRECISIONS

Methods = Choice(("bicubic", "nearest-exact", "bilinear", "area", "bislerp"))
Percent = Float(0.0, 1.0, step=0.001)
_unet = partial(node, category="model_patches/unet", lane="host")


def _first_channels(model: Model) -> int:
    """Channels of the first level of a U-Net."""
    return int(model.weights.build().config.model_channels)


def _free_u(model: Model, b1: float, b2: float, s1: float, s2: float, adaptive: bool) -> Model:
    change = FreeU(_first_channels(model), (b1, b2), (s1, s2), adaptive)
    return model.hooked(output_join=change)


@_unet("FreeU")
def free_u(
    *,
    model: Model,
    b1: Float(0.0, 10.0, step=0.01) = 1.1,
    b2: Float(0.0, 10.0, step=0.01) = 1.2,
    s1: Float(0.0, 10.0, step=0.01) = 0.9,
    s2: Float(0.0, 10.0, step=0.01) = 0.2,
) -> Model:
    """Strengthen what the U-Net has understood against what it copies.

    Args:
        model: the denoiser.
        b1: gain of the deepest features.
        b2: gain of the level above.
        s1: gain of coarse parts of the copied features, deepest level.
        s2: the same, level above.
    """
    return _free_u(model, b1, b2, s1, s2, adaptive=False)


@_unet("FreeU_V2")
def free_u_v2(
    *,
    model: Model,
    b1: Float(0.0, 10.0, step=0.01) = 1.3,
    b2: Float(0.0, 10.0, step=0.01) = 1.4,
    s1: Float(0.0, 10.0, step=0.01) = 0.9,
    s2: Float(0.0, 10.0, step=0.01) = 0.2,
) -> Model:
    """FreeU whose gain follows the features themselves.

    Args:
        model: the denoiser.
        b1: gain of the deepest features.
        b2: gain of the level above.
        s1: gain of coarse parts of the copied features, deepest level.
        s2: the same, level above.
    """
    return _free_u(model, b1, b2, s1, s2, adaptive=True)


@_unet("HyperTile")
def hyper_tile(
    *,
    model: Model,
    tile_size: Int(1, 2048) = 256,
    swap_size: Int(1, 128) = 2,
    max_depth: Int(0, 10) = 0,
    scale_depth: Bool() = False,
) -> Model:
    """Let self-attention look only within tiles: faster for large pictures.

    Args:
        model: the denoiser.
        tile_size: sides of a tile, in pixels.
        swap_size: so many sizes take turns, so that no seams stay.
        max_depth: levels of the U-Net that are tiled, below the top.
        scale_depth: tiles of deeper levels cover the same part of the picture.
    """
    change = HyperTile(max(32, tile_size) // 8, swap_size, max_depth, scale_depth)
    return model.hooked(self_inputs=change.inputs, self_outputs=change.outputs)


@_unet("TomePatchModel")
def tome(*, model: Model, ratio: Float(0.0, 1.0, step=0.01) = 0.3) -> Model:
    """Merge alike parts of the picture before self-attention: faster, slightly different.

    Args:
        model: the denoiser.
        ratio: share of the parts to merge away, at most 0.75.
    """
    change = TokenMerging(ratio)
    return model.hooked(self_inputs=change.inputs, self_outputs=change.outputs)


@_unet("PatchModelAddDownscale", title="PatchModelAddDownscale (Kohya Deep Shrink)")
def deep_shrink(
    *,
    model: Model,
    block_number: Int(1, 32, step=1) = 3,
    downscale_factor: Float(0.1, 9.0, step=0.001) = 2.0,
    start_percent: Percent = 0.0,
    end_percent: Percent = 0.35,
    downscale_after_skip: Bool() = True,
    downscale_method: Methods,
    upscale_method: Methods,
) -> Model:
    """Compose large pictures at a smaller size first, so that nothing is drawn twice.

    Args:
        model: the denoiser.
        block_number: input block behind which features shrink.
        downscale_factor: how many times.
        start_percent: from this part of the run on.
        end_percent: until this part of the run.
        downscale_after_skip: copied features keep their size.
        downscale_method: how to interpolate.
        upscale_method: how to interpolate back.
    """
    start, end = (model.sampling.percent_to_sigma(p) for p in (start_percent, end_percent))
    change = DeepShrink(
        block_number, downscale_factor, start, end, downscale_method, upscale_method
    )
    place = "input_onward" if downscale_after_skip else "input_block"
    return model.hooked(**{place: change.shrink}, output_join=change.grow)


@node("DifferentialDiffusion", category="_for_testing", title="Differential Diffusion", lane="host")
def differential_diffusion(
    *, model: Model, strength: Float(0.0, 1.0, step=0.01, optional=True) = 1.0
) -> Model:
    """Let the grey of a noise mask say how much each part may change.

    Args:
        model: the denoiser.
        strength: 1 makes the mask hard in every step; less mixes the soft mask in.
    """
    return model.hooked(mask=DifferentialDiffusion(model.sampling, strength))


@node("EasyCache", category="advanced/debug/model", lane="host", experimental=True)
def easy_cache(
    *,
    model: Model,
    reuse_threshold: Float(0.0, 3.0, step=0.01) = 0.2,
    start_percent: Float(0.0, 1.0, step=0.01) = 0.15,
    end_percent: Float(0.0, 1.0, step=0.01) = 0.95,
    verbose: Bool() = False,
) -> Model:
    """Leave steps out while little changes: faster, slightly different.

    A run with it does not go on from a saved step after a crash, but starts again.

    Args:
        model: the denoiser.
        reuse_threshold: change to tolerate before the model is asked again.
        start_percent: from this part of the run on.
        end_percent: until this part of the run.
        verbose: say in the log how many steps were left out.
    """
    start, end = (model.sampling.percent_to_sigma(p) for p in (start_percent, end_percent))
    rule = EasyCache(reuse_threshold, start, end, verbose)
    return model.hooked(around=rule, remembers=True)


@node("LazyCache", category="advanced/debug/model", lane="host", experimental=True)
def lazy_cache(
    *,
    model: Model,
    reuse_threshold: Float(0.0, 3.0, step=0.01) = 0.2,
    start_percent: Float(0.0, 1.0, step=0.01) = 0.15,
    end_percent: Float(0.0, 1.0, step=0.01) = 0.95,
    verbose: Bool() = False,
) -> Model:
    """Leave whole steps out while little changes: rougher than EasyCache, fits everything.

    It looks at what the sampler sees, not into the network, and lets the way go on straight. A
    run with it does not go on from a saved step after a crash, but starts again.

    Args:
        model: the denoiser.
        reuse_threshold: change to tolerate before the model is asked again.
        start_percent: from this part of the run on.
        end_percent: until this part of the run.
        verbose: say in the log which steps were left out.
    """
    start, end = (model.sampling.percent_to_sigma(p) for p in (start_percent, end_percent))
    rule = LazyCache(reuse_threshold, start, end, verbose)
    return model.hooked(whole=rule, remembers=True)


@node("ModelComputeDtype", category="advanced/debug/model", lane="host")
def model_compute_dtype(
    *, model: Model, dtype: Choice(("default", "fp32", "fp16", "bf16"))
) -> Model:
    """Let a model compute in a precision of your choice, whatever the server was started with.

    Args:
        model: the denoiser.
        dtype: fp32 is exact and takes twice the memory; fp16 and bf16 are fast where the device
            has them; default leaves the choice to the server.
    """
    return replace(model, weights=model.weights.computed(PRECISIONS.get(dtype)))


@node("TorchCompileModel", category="_for_testing", lane="host")
def torch_compile(*, model: Model, backend: Choice(("inductor", "cudagraphs"))) -> Model:
    """Compile the model: the first step takes minutes, the others are faster.

    Args:
        model: the denoiser.
        backend: inductor fuses operations and needs a C compiler; cudagraphs records them.
    """
    return model.hooked(compiled=backend)


def _scaled(model: Model, part: str, q: float, k: float, v: float, out: float) -> Model:
    return model.patched(attention_gains(model.weights, part, q, k, v, out))


Gain = Float(0.0, 10.0, step=0.01)
_attention = partial(node, category="_for_testing/attention_experiments", lane="host")


@_attention("UNetSelfAttentionMultiply")
def self_attention_multiply(
    *, model: Model, q: Gain = 1.0, k: Gain = 1.0, v: Gain = 1.0, out: Gain = 1.0
) -> Model:
    """Multiply the weights of all self-attention.

    Args:
        model: the denoiser.
        q: gain of the queries.
        k: gain of the keys.
        v: gain of the values.
        out: gain of the output.
    """
    return _scaled(model, "attn1", q, k, v, out)


@_attention("UNetCrossAttentionMultiply")
def cross_attention_multiply(
    *, model: Model, q: Gain = 1.0, k: Gain = 1.0, v: Gain = 1.0, out: Gain = 1.0
) -> Model:
    """Multiply the weights of all attention to the prompt.

    Args:
        model: the denoiser.
        q: gain of the queries.
        k: gain of the keys.
        v: gain of the values.
        out: gain of the output.
    """
    return _scaled(model, "attn2", q, k, v, out)


@_attention("CLIPAttentionMultiply", experimental=True)
def clip_attention_multiply(
    *, clip: Clip, q: Gain = 1.0, k: Gain = 1.0, v: Gain = 1.0, out: Gain = 1.0
) -> Clip:
    """Multiply the weights of all attention of the text encoder.

    Args:
        clip: the text encoder.
        q: gain of the queries.
        k: gain of the keys.
        v: gain of the values.
        out: gain of the output.
    """
    encoders = (e.patched(text_gains(e.weights, q, k, v, out)) for e in clip.encoders)
    return replace(clip, encoders=tuple(encoders))
