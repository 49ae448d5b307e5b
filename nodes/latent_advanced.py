"""Arithmetic of latents, and operations that a node or a guidance applies."""

from functools import partial
from typing import Annotated, Any

import torch

from engine.api import Choice, Float, Int, InvalidInput, Latent, Model, Socket, node
from engine.diffusion.modifiers.operations import OnGuidance
from engine.media import latents
from engine.media.layout import cycled

MAX_SIDE = 16384
#: A function of a latent, ``b c h w``.
Operation = Annotated[Any, Socket("LATENT_OPERATION")]
_AXES = {"x": -1, "y": -2, "t": -3}
_advanced = partial(node, category="latent/advanced", lane="host")
_operations = partial(node, category="latent/advanced/operations", lane="host")


@_advanced("LatentAdd")
def latent_add(*, samples1: Latent, samples2: Latent) -> Latent:
    """Add latents.

    Args:
        samples1: decides the size.
        samples2: resized and repeated to fit.
    """
    a = samples1["samples"]
    return {**samples1, "samples": a + latents.paired(samples2["samples"], a)}


@_advanced("LatentSubtract")
def latent_subtract(*, samples1: Latent, samples2: Latent) -> Latent:
    """Subtract the second latent from the first.

    Args:
        samples1: decides the size.
        samples2: resized and repeated to fit.
    """
    a = samples1["samples"]
    return {**samples1, "samples": a - latents.paired(samples2["samples"], a)}


@_advanced("LatentMultiply")
def latent_multiply(*, samples: Latent, multiplier: Float(-10.0, 10.0, step=0.01) = 1.0) -> Latent:
    """Multiply latents by a number.

    Args:
        samples: the latents.
        multiplier: the number.
    """
    return {**samples, "samples": samples["samples"] * multiplier}


@_advanced("LatentInterpolate")
def latent_interpolate(
    *, samples1: Latent, samples2: Latent, ratio: Float(0.0, 1.0, step=0.01) = 1.0
) -> Latent:
    """Go from one latent to another without the loss of contrast that mixing brings.

    Args:
        samples1: the result at a ratio of 1; decides the size.
        samples2: the result at a ratio of 0; resized and repeated to fit.
        ratio: how much of the first.
    """
    a = samples1["samples"]
    b = latents.paired(samples2["samples"], a)
    return {**samples1, "samples": latents.interpolated(a, b, ratio)}


@_advanced("LatentConcat")
def latent_concat(
    *, samples1: Latent, samples2: Latent, dim: Choice(("x", "-x", "y", "-y", "t", "-t"))
) -> Latent:
    """Put two latents side by side.

    Args:
        samples1: decides how many there are.
        samples2: repeated to fit; must have the same size across.
        dim: x puts the second one on the right, y below, t behind in time; minus turns the
            order around.
    """
    a = samples1["samples"]
    b = cycled(samples2["samples"], len(a)).to(a)
    axis = _axis(dim.removeprefix("-"), a)
    _refuse_unlike(a, b, axis, dim)
    pair = [b, a] if dim.startswith("-") else [a, b]
    return {**samples1, "samples": torch.cat(pair, dim=axis)}


def _refuse_unlike(a: torch.Tensor, b: torch.Tensor, axis: int, dim: str) -> None:
    shapes = [list(x.shape) for x in (a, b)]
    for shape in shapes:
        del shape[axis]
    if shapes[0] != shapes[1]:
        raise InvalidInput(
            f"Latents of {tuple(a.shape)} and {tuple(b.shape)} cannot be joined along {dim}: "
            "all other sides must be equal. Resize one of them first."
        )


def _axis(dim: str, x: torch.Tensor) -> int:
    if dim == "t" and x.ndim < 5:
        raise InvalidInput("This latent is of pictures and has no time: choose 'x' or 'y' as dim.")
    return _AXES[dim]


@_advanced("LatentCut")
def latent_cut(
    *,
    samples: Latent,
    dim: Choice(("x", "y", "t")),
    index: Int(-MAX_SIDE, MAX_SIDE, step=1) = 0,
    amount: Int(1, MAX_SIDE, step=1) = 1,
) -> Latent:
    """Cut a stripe out of latents.

    Args:
        samples: the latents.
        dim: along the width (x), the height (y) or the time (t).
        index: where it begins, in latent cells; negative counts from the end.
        amount: how wide it is, in latent cells, as far as there are so many.
    """
    x = samples["samples"]
    axis = _axis(dim, x)
    size = x.shape[axis]
    first = min(index, size - 1) if index >= 0 else max(size + index, 0)
    return {**samples, "samples": x.narrow(axis, first, min(amount, size - first)).clone()}


@_advanced("LatentBatchSeedBehavior")
def latent_batch_seed_behavior(
    *, samples: Latent, seed_behavior: Choice(("random", "fixed"), default="fixed")
) -> Latent:
    """Choose whether all latents of a batch get the same noise.

    Args:
        samples: the latents.
        seed_behavior: fixed gives all the noise of the first one.
    """
    plain = {name: value for name, value in samples.items() if name != "batch_index"}
    if seed_behavior == "random":
        return plain
    first = (samples.get("batch_index") or [0])[0]
    return {**plain, "batch_index": [first] * len(samples["samples"])}


@_operations("LatentApplyOperation")
def latent_apply_operation(*, samples: Latent, operation: Operation) -> Latent:
    """Apply an operation to latents.

    Args:
        samples: the latents.
        operation: what is done to them.
    """
    return {**samples, "samples": operation(samples["samples"])}


@_operations("LatentApplyOperationCFG")
def latent_apply_operation_cfg(*, model: Model, operation: Operation) -> Model:
    """Apply an operation to what guidance adds, at each step.

    Args:
        model: the denoiser.
        operation: what is done.
    """
    return model.hooked(before=OnGuidance(operation))


@_operations("LatentOperationTonemapReinhard")
def latent_operation_tonemap(*, multiplier: Float(0.0, 100.0, step=0.01) = 1.0) -> Operation:
    """An operation that tames strong values, as high guidance makes them.

    Args:
        multiplier: how strong values may become; more changes less.
    """
    return latents.Tonemap(multiplier)


@_operations("LatentOperationSharpen")
def latent_operation_sharpen(
    *,
    sharpen_radius: Int(1, 31, step=1) = 9,
    sigma: Float(0.1, 10.0, step=0.1) = 1.0,
    alpha: Float(0.0, 5.0, step=0.01) = 0.1,
) -> Operation:
    """An operation that sharpens.

    Args:
        sharpen_radius: size of the details, in latent cells.
        sigma: width of the bell that weighs neighbours, as a share of the radius.
        alpha: how strongly.
    """
    return latents.Sharpen(sharpen_radius, sigma, alpha)


@node("LatentBlend", category="_for_testing", title="Latent Blend", lane="host")
def latent_blend(
    *, samples1: Latent, samples2: Latent, blend_factor: Float(0, 1, step=0.01) = 0.5
) -> Latent:
    """Mix two latents.

    Args:
        samples1: the result at a factor of 1; decides the size.
        samples2: the result at a factor of 0; resized and repeated to fit.
        blend_factor: how much of the first.
    """
    a = samples1["samples"]
    b = latents.paired(samples2["samples"], a, "bicubic")
    return {**samples1, "samples": torch.lerp(b, a, blend_factor)}
