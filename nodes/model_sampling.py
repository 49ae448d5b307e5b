"""What a noise level means to a denoiser and what it predicts, for models that do not say so."""

from dataclasses import replace
from functools import partial

from engine.api import Bool, Choice, Float, Model, node
from engine.diffusion.parameterization import (
    ContinuousEDM,
    ContinuousV,
    Discrete,
    Prediction,
    RectifiedEDM,
)

#: Noise levels that consistency models were distilled at.
DISTILLED_LEVELS = 50

_advanced = partial(node, category="advanced/model", lane="host")
Sigma = Float(0.0, 1000.0, step=0.001, round=False)


@_advanced("ModelSamplingDiscrete")
def model_sampling_discrete(
    *,
    model: Model,
    sampling: Choice(("eps", "v_prediction", "lcm", "x0", "img_to_img")),
    zsnr: Bool() = False,
) -> Model:
    """Read a model with a thousand noise levels in another way.

    Args:
        model: the denoiser.
        sampling: what it was trained to predict: the noise, the velocity, the clean latent;
            lcm for models with few distilled steps.
        zsnr: it was trained to start from pure noise (zero terminal signal-to-noise ratio).
    """
    known: dict[str, Prediction] = {"v_prediction": "v", "img_to_img": "image"}
    levels = model.sampling if isinstance(model.sampling, Discrete) else Discrete()
    kept = DISTILLED_LEVELS if sampling == "lcm" else None
    prediction = known.get(sampling, sampling)
    return replace(
        model,
        sampling=replace(levels, prediction=prediction, zero_terminal=zsnr, kept=kept),
    )


@_advanced("ModelSamplingContinuousEDM")
def model_sampling_continuous_edm(
    *,
    model: Model,
    sampling: Choice(("v_prediction", "edm", "edm_playground_v2.5", "eps", "cosmos_rflow")),
    sigma_max: Sigma = 120.0,
    sigma_min: Sigma = 0.002,
) -> Model:
    """Read a model that was trained at any noise level between two.

    Args:
        model: the denoiser.
        sampling: what it was trained to predict.
        sigma_max: the largest noise level.
        sigma_min: the smallest noise level.
    """
    if sampling == "cosmos_rflow":
        return replace(model, sampling=RectifiedEDM(sigma_min, sigma_max))
    known: dict[str, Prediction] = {"v_prediction": "v", "edm_playground_v2.5": "edm"}
    data = 0.5 if sampling == "edm_playground_v2.5" else 1.0
    prediction = known.get(sampling, sampling)
    return replace(model, sampling=ContinuousEDM(sigma_min, sigma_max, prediction, data))


@_advanced("ModelSamplingContinuousV")
def model_sampling_continuous_v(
    *,
    model: Model,
    sampling: Choice(("v_prediction",)),
    sigma_max: Sigma = 500.0,
    sigma_min: Sigma = 0.03,
) -> Model:
    """Read a model that is told the angle between signal and noise.

    Args:
        model: the denoiser.
        sampling: what it was trained to predict.
        sigma_max: the largest noise level.
        sigma_min: the smallest noise level.
    """
    return replace(model, sampling=ContinuousV(sigma_min, sigma_max, "v"))
