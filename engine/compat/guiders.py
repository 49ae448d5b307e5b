"""Guiders, samplers and evaluations that packs write themselves: the run side of samplers.

Invariant: a guider of a pack is a rule of ours: its ``predict_noise`` decides what is seen, at
each moment of a run that the engine leads.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from engine.diffusion.guidance import Cfg, Guider, Rule, Seen, Sight
from engine.diffusion.noise import NoiseSource
from engine.diffusion.sample import sample_guided

from .model_base import BaseModel, Moment, Side, base_model
from .model_patcher import ModelPatcher


class CFGGuider:
    """What a run follows; packs inherit from it and write ``predict_noise`` anew.

    Attributes:
        model_patcher: the model.
        model_options: functions around and inside of the network.
        original_conds: conditionings by role.
        conds: during a run, what stands for them.
        cfg: how strictly to follow.
        inner_model: the model, during a run.
    """

    def __init__(self, model_patcher: Any) -> None:
        self.model_patcher = model_patcher
        self.model_options = model_patcher.model_options
        self.original_conds: dict[str, Any] = {}
        self.conds: dict[str, Any] = {}
        self.cfg = 1.0
        self.inner_model: BaseModel | None = None

    def set_conds(self, positive: Any, negative: Any) -> None:
        """Follow one conditioning and avoid another."""
        self.inner_set_conds({"positive": positive, "negative": negative})

    def set_cfg(self, cfg: float) -> None:
        """Say how strictly."""
        self.cfg = cfg

    def inner_set_conds(self, conds: Mapping[str, Any]) -> None:
        """Set conditionings by role."""
        self.original_conds.update(conds)

    def __call__(self, *args: Any, **kwargs: Any) -> Tensor:
        """What is seen."""
        return self.predict_noise(*args, **kwargs)

    def predict_noise(
        self,
        x: Tensor,
        timestep: Tensor,
        model_options: Mapping[str, Any] | None = None,
        seed: int | None = None,
    ) -> Tensor:
        """What is seen in a noisy latent ``b c h w``: the clean one, guided."""
        return sampling_function(
            self.inner_model,
            x,
            timestep,
            self.conds.get("negative"),
            self.conds.get("positive"),
            self.cfg,
            model_options=model_options or {},
            seed=seed,
        )

    def sample(
        self,
        noise: Tensor,
        latent_image: Tensor,
        sampler: Any,
        sigmas: Tensor,
        denoise_mask: Tensor | None = None,
        callback: Any = None,
        disable_pbar: bool = False,
        seed: int | None = None,
    ) -> Tensor:
        """Run; ``b c h w`` in and out, unscaled."""
        from .samplers import GivenNoise, told_by

        latent = {"samples": latent_image}
        if denoise_mask is not None:
            latent["noise_mask"] = denoise_mask
        given: NoiseSource = GivenNoise(noise, seed or 0)
        told = None if callback is None else told_by(callback)
        result, _ = sample_guided(self.own(), latent, given, sampler, sigmas, on_step=told)
        samples: Tensor = result["samples"]
        return samples

    def own(self) -> Guider:
        """As the engine's guider."""
        plain = type(self).predict_noise is CFGGuider.predict_noise
        rule: Rule = Cfg(self.cfg) if plain else PackRule(self)
        return Guider(self.model_patcher.handle(), dict(self.original_conds), rule)


class OwnGuider(CFGGuider):
    """A guider of the engine, as packs see it.

    Attributes:
        guider: the engine's.
    """

    def __init__(self, guider: Guider) -> None:
        super().__init__(ModelPatcher(guider.model))
        self.guider = guider
        self.original_conds = dict(guider.conditionings)
        self.cfg = float(getattr(guider.rule, "scale", 1.0))

    def own(self) -> Guider:
        """As the engine's guider, with what was changed here."""
        rule = Cfg(self.cfg) if isinstance(self.guider.rule, Cfg) else self.guider.rule
        return Guider(self.model_patcher.handle(), dict(self.original_conds), rule)


def shown_guider(guider: Guider) -> CFGGuider:
    """A guider as packs see it: their own object, or the face of ours."""
    return guider.rule.guider if isinstance(guider.rule, PackRule) else OwnGuider(guider)


@dataclass(frozen=True, eq=False)
class PackRule:
    """What a guider of a pack makes of a moment.

    Attributes:
        guider: the pack's.
    """

    guider: CFGGuider

    def __call__(self, sight: Sight) -> Seen:
        """What its ``predict_noise`` sees."""
        guider, seen = self.guider, dict[str, Tensor]()

        def look(x: Tensor, sigma: float, roles: Sequence[str]) -> list[Tensor]:
            numbers = [int(role == "negative") for role in roles]
            found = sight.evaluate(x, sigma, [sight.sides[role] for role in roles], numbers)
            seen.update(zip(roles, found, strict=True))
            return found

        def guide(x: Tensor, sigma: float, scale: float) -> Tensor:
            found = Cfg(scale)(replace(sight, x=x, sigma=sigma))
            seen["negative"] = found.uncond
            return found.denoised

        moment = Moment(look, sight.see_again, guider.model_options, guide)
        before = guider.inner_model, guider.conds
        guider.inner_model = base_model(guider.model_patcher.handle()).at(moment)
        guider.conds = {role: Side(role) for role in sight.sides}
        try:
            level = sight.x.new_full((sight.x.shape[0],), sight.sigma)
            denoised = guider.predict_noise(sight.x, level, guider.model_options, None)
        finally:
            guider.inner_model, guider.conds = before
        return Seen(denoised, seen.get("negative", denoised))


def calc_cond_batch(
    model: Any,
    conds: Sequence[Any],
    x_in: Tensor,
    timestep: Tensor,
    model_options: Mapping[str, Any] | None = None,
) -> list[Tensor]:
    """What a model sees under several sides of the present run, evaluated together.

    Args:
        model: as a function of a run is shown it.
        conds: as such a function is shown them; None gives zeros.
        x_in: noisy latent, ``b c h w``.
        timestep: its noise level, for each item.
        model_options: functions around and inside of the network.
    """
    found: list[Tensor] = model.evaluate(conds, x_in, float(timestep.flatten()[0]), model_options)
    return found


def sampling_function(
    model: Any,
    x: Tensor,
    timestep: Tensor,
    uncond: Any,
    cond: Any,
    cond_scale: float,
    model_options: Mapping[str, Any] | None = None,
    seed: int | None = None,
) -> Tensor:
    """What a model sees under guidance; the functions of its options are asked."""
    if guided := model.guided(cond, uncond, x, timestep, cond_scale, model_options):
        return guided[0]
    options = model_options or {}
    alone = cond_scale == 1.0 and not options.get("disable_cfg1_optimization")
    out = calc_cond_batch(model, [cond, None if alone else uncond], x, timestep, options)
    told = {"conds": [cond, uncond], "conds_out": out, "cond_scale": cond_scale}
    told |= {"timestep": timestep, "sigma": timestep, "input": x, "model": model}
    for function in options.get("sampler_pre_cfg_function", ()):
        told["conds_out"] = out = function({**told, "model_options": options})
    return cfg_function(model, out[0], out[1], cond_scale, x, timestep, options, cond, uncond)


def cfg_function(
    model: Any,
    cond_pred: Tensor,
    uncond_pred: Tensor,
    cond_scale: float,
    x: Tensor,
    timestep: Tensor,
    model_options: Mapping[str, Any] | None = None,
    cond: Any = None,
    uncond: Any = None,
) -> Tensor:
    """Put two sides together; the functions of the options are asked."""
    options = model_options or {}
    told = {
        "cond_scale": cond_scale,
        "timestep": timestep,
        "sigma": timestep,
        "input": x,
        "model": model,
        "model_options": options,
        "cond_denoised": cond_pred,
        "uncond_denoised": uncond_pred,
    }
    if function := options.get("sampler_cfg_function"):
        sides = {"cond": x - cond_pred, "uncond": x - uncond_pred}
        result = x - function({**told, **sides})
    else:
        result = uncond_pred + (cond_pred - uncond_pred) * cond_scale
    for function in options.get("sampler_post_cfg_function", ()):
        result = function({**told, "denoised": result, "cond": cond, "uncond": uncond})
    return result
