"""Variants of guidance, as changes of a model."""

from functools import partial

from engine.api import Conditioning, Float, Int, Model, node
from engine.diffusion.modifiers import attention, guidance

PATCHED = ("patched_model",)
_guidance = partial(node, category="advanced/guidance", lane="host", outputs=PATCHED)
_model = partial(node, category="advanced/model", lane="host")
_testing = partial(node, category="_for_testing", lane="host")


@_model("RescaleCFG")
def rescale_cfg(*, model: Model, multiplier: Float(0.0, 1.0, step=0.01) = 0.7) -> Model:
    """Keep strong guidance from over-exposing pictures (v-prediction models above all).

    Args:
        model: the denoiser.
        multiplier: how much of the rescaled result is mixed in.
    """
    return model.hooked(combine=guidance.Rescale(multiplier))


@_model("RenormCFG")
def renorm_cfg(
    *,
    model: Model,
    cfg_trunc: Float(0.0, 100.0, step=0.01) = 100,
    renorm_cfg: Float(0.0, 100.0, step=0.01) = 1.0,
) -> Model:
    """Limit the length of the guided direction, and guide at low noise only.

    Args:
        model: the denoiser.
        cfg_trunc: the noise level from which there is no guidance.
        renorm_cfg: longest guided direction, as a multiple of the conditional one; 0 is none.
    """
    return model.hooked(combine=guidance.Renorm(cfg_trunc, renorm_cfg))


@node(
    "APG",
    category="sampling/custom_sampling",
    title="Adaptive Projected Guidance",
    lane="host",
)
def apg(
    *,
    model: Model,
    eta: Float(-10.0, 10.0, step=0.01) = 1.0,
    norm_threshold: Float(0.0, 50.0, step=0.1) = 5.0,
    momentum: Float(-5.0, 1.0, step=0.01) = 0.0,
) -> Model:
    """Guide without saturating: only across the picture that the model sees, not along it.

    Args:
        model: the denoiser.
        eta: how much of the guidance along the picture is kept; 1 is all.
        norm_threshold: longest guidance; 0 is no limit.
        momentum: of a running sum of the guidance; negative avoids old directions.
    """
    rule = guidance.Projected(eta, norm_threshold, momentum)
    return model.hooked(combine=rule, remembers=model.hooks.remembers or momentum != 0)


@_guidance("CFGZeroStar")
def cfg_zero_star(*, model: Model) -> Model:
    """Guide away from the unguided direction at its best length (CFG-Zero*).

    Args:
        model: the denoiser.
    """
    return model.hooked(combine=guidance.zero_star)


@_guidance("TCFG", title="Tangential Damping CFG")
def tcfg(*, model: Model) -> Model:
    """Drop what the unguided direction does not share with the guided one.

    Args:
        model: the denoiser.
    """
    return model.hooked(before=guidance.tangential)


@_guidance("CFGNorm")
def cfg_norm(*, model: Model, strength: Float(0.0, 100.0, step=0.01) = 1.0) -> Model:
    """Let guidance lengthen no vector of the latent.

    Args:
        model: the denoiser.
        strength: multiplies the result.
    """
    return model.hooked(after=guidance.Norm(strength))


@_testing(
    "Mahiro",
    title="Mahiro is so cute that she deserves a better guidance function!! (。・ω・。)",
    outputs=PATCHED,
)
def mahiro(*, model: Model) -> Model:
    """Mix guidance with the scaled positive side, by how alike both sides are.

    Args:
        model: the denoiser.
    """
    return model.hooked(after=guidance.mahiro)


@_testing("FreSca")
def fresca(
    *,
    model: Model,
    scale_low: Float(0, 10, step=0.01) = 1.0,
    scale_high: Float(0, 10, step=0.01) = 1.25,
    freq_cutoff: Int(1, 10000, step=1) = 20,
) -> Model:
    """Scale coarse and fine parts of the guidance apart.

    Args:
        model: the denoiser.
        scale_low: of the coarse parts.
        scale_high: of the fine parts.
        freq_cutoff: up to so many cycles a picture a part is coarse.
    """
    return model.hooked(before=guidance.Frequencies(scale_low, scale_high, freq_cutoff))


@node("Epsilon Scaling", category="model_patches/unet", lane="host")
def epsilon_scaling(
    *, model: Model, scaling_factor: Float(0.5, 1.5, step=0.001, display="number") = 1.005
) -> Model:
    """Shorten the predicted noise, against the drift that many steps add up to.

    Args:
        model: the denoiser.
        scaling_factor: divides the predicted noise.
    """
    return model.hooked(after=guidance.EpsilonScaling(scaling_factor))


@node(
    "DynamicThresholding", category="advanced/guidance", title="Dynamic Thresholding", lane="host"
)
def dynamic_thresholding(*, model: Model, percentile: Float(0.5, 1.0, step=0.001) = 0.995) -> Model:
    """Clamp what strong guidance overdrives, and give it the range it would have without.

    Args:
        model: the denoiser.
        percentile: share of the values that are kept as they are.
    """
    return model.hooked(after=guidance.DynamicThreshold(percentile))


@_testing("PerpNeg", title="Perp-Neg (DEPRECATED by PerpNegGuider)")
def perp_neg(
    *,
    model: Model,
    empty_conditioning: Conditioning,
    neg_scale: Float(0.0, 100.0, step=0.01) = 1.0,
) -> Model:
    """Avoid only that part of the negative prompt that the positive one does not ask for.

    Args:
        model: the denoiser.
        empty_conditioning: of an empty prompt.
        neg_scale: how strictly to avoid.
    """
    rule = guidance.PerpNeg(neg_scale)
    return model.hooked(combine=rule, sides={"empty": empty_conditioning})


@_testing("SelfAttentionGuidance", title="Self-Attention Guidance")
def self_attention_guidance(
    *,
    model: Model,
    scale: Float(-2.0, 5.0, step=0.01) = 0.5,
    blur_sigma: Float(0.0, 10.0, step=0.1) = 2.0,
) -> Model:
    """Guide away from a picture that is blurred where the model looks.

    Args:
        model: the denoiser.
        scale: how far.
        blur_sigma: how blurred.
    """
    return model.hooked(
        attend_self={("middle", 0, 0): attention.keep_attention},
        after=attention.SelfAttentionGuidance(scale, blur_sigma),
        both_sides=True,
    )


@node("PerturbedAttentionGuidance", category="model_patches/unet", lane="host")
def perturbed_attention_guidance(
    *, model: Model, scale: Float(0.0, 100.0, step=0.01, round=0.01) = 3.0
) -> Model:
    """Guide away from what the model sees without attention to the rest of the picture.

    Args:
        model: the denoiser.
        scale: how far.
    """
    return model.hooked(after=attention.PerturbedAttention(scale))
