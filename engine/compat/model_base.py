"""``comfy.model_base``: what packs find behind a MODEL, and are shown during a run.

Invariant: a face of the engine's handle: it holds no weights, and the network it gives out shares
its tensors with the engine's but is a module of its own, so that a pack can look at it, move it
and take it apart without touching anybody's run.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from engine.diffusion import residency
from engine.diffusion.checkpoints import build_empty
from engine.diffusion.handles import Model
from engine.diffusion.hooks import Hooks
from engine.diffusion.stored import stored_tensors

from . import latent_formats, model_sampling
from .missing import Missing
from .networks import own_network


class ModelType(Enum):
    """What a network predicts."""

    EPS = 1
    V_PREDICTION = 2
    V_PREDICTION_EDM = 3
    STABLE_CASCADE = 4
    EDM = 5
    FLOW = 6
    V_PREDICTION_CONTINUOUS = 7
    FLUX = 8
    IMG_TO_IMG = 9


_TYPES = {"v": ModelType.V_PREDICTION, "edm": ModelType.EDM, "image": ModelType.IMG_TO_IMG}


class Side(list[Any]):
    """A conditioning of a run, as functions of packs are shown it: only its role counts.

    Attributes:
        role: in the run.
    """

    def __init__(self, role: str) -> None:
        super().__init__()
        self.role = role


@dataclass(frozen=True)
class Moment:
    """One moment of a run, for functions that evaluate the model themselves.

    Attributes:
        look: ``(x, sigma, roles)``: what is seen under some roles, evaluated together.
        see: ``(x, role, hooks, sigma)``: the same under other hooks.
        options: of the run; those that a function changes are another object.
        guide: ``(x, sigma, scale)``: both sides put together as the run does it.
    """

    look: Callable[[Tensor, float, Sequence[str]], list[Tensor]]
    see: Callable[..., Tensor]
    options: Any = None
    guide: Callable[[Tensor, float, float], Tensor] | None = None


class ModelConfig:
    """What a family is built with.

    Attributes:
        unet_config: settings of the network by the names of its configuration.
        latent_format: of its latents.
        sampling_settings: of its noise levels.
    """

    def __init__(self, model: Model, network: nn.Module) -> None:
        found = getattr(network, "config", None)
        self.unet_config = dict(vars(found)) if found is not None else {}
        self.unet_config["context_dim"] = model.context_dim
        self.latent_format = latent_formats.shown(model.latent_format)
        sampling = model.sampling
        self.sampling_settings = {
            "linear_start": getattr(sampling, "beta_start", 0.00085),
            "linear_end": getattr(sampling, "beta_end", 0.012),
            "timesteps": getattr(sampling, "steps", 1000),
            "sigma_data": getattr(sampling, "sigma_data", 1.0),
        }
        self.manual_cast_dtype = None


class BaseModel:
    """A denoiser as packs see it.

    Attributes:
        handle: the engine's.
        current_patcher: the MODEL that is running; None outside of a run.
        manual_cast_dtype: None, since the engine chooses what is computed in.
    """

    manual_cast_dtype = None
    current_patcher: Any = None

    def __init__(self, handle: Model, moment: "Moment | None" = None) -> None:
        self.handle, self._moment = handle, moment

    def at(self, moment: "Moment") -> "BaseModel":
        """The same, at one moment of a run."""
        made = type(self)(self.handle, moment)
        made.current_patcher = self.current_patcher
        return made

    def evaluate(
        self, sides: Sequence[Side | None], x: Tensor, sigma: float, options: Any = None
    ) -> list[Tensor]:
        """What is seen under sides of the present run; zeros for one that is None.

        Raises:
            MissingSymbol: there is no run.
        """
        moment = self._moment
        if moment is None:
            Missing("comfy.samplers.calc_cond_batch outside of a run")()
        roles = [side.role for side in sides if side is not None]
        if options is None or options is moment.options:
            found = iter(moment.look(x, sigma, roles))
        else:
            hooks = self._hooks_under(options)
            found = iter([moment.see(x, role, hooks, sigma) for role in roles])
        return [torch.zeros_like(x) if side is None else next(found) for side in sides]

    def guided(
        self, cond: Any, uncond: Any, x: Tensor, timestep: Tensor, scale: float, options: Any
    ) -> list[Tensor]:
        """What plain guidance of the present run gives; nothing if that is not what is asked."""
        moment = self._moment
        roles = [getattr(side, "role", None) for side in (cond, uncond)]
        if moment is None or moment.guide is None or roles != ["positive", "negative"]:
            return []
        if options is not None and options is not moment.options:
            return []
        return [moment.guide(x, float(timestep.flatten()[0]), scale)]

    def _hooks_under(self, options: Mapping[str, Any]) -> Hooks:
        """The hooks of an evaluation under options that a pack has changed for it."""
        from .model_options import PackOptions

        own = self.handle.hooks
        said = own.foreign if isinstance(own.foreign, PackOptions) else PackOptions()
        changed = replace(said, model_options=options).hooks(self.handle)
        return replace(own, foreign=None).add(**changed)

    def patcher(self) -> Any:
        """This model as a MODEL that packs can ask and change."""
        from .model_patcher import ModelPatcher

        return ModelPatcher(self.handle)

    # What it is

    @property
    def model_sampling(self) -> Any:
        """Noise levels and prediction."""
        return model_sampling.shown(self.handle.sampling)

    @property
    def latent_format(self) -> latent_formats.LatentFormat:
        """How it sees latents."""
        return latent_formats.shown(self.handle.latent_format)

    @cached_property
    def diffusion_model(self) -> nn.Module:
        """The network: a module of this caller's own, over tensors that all share."""
        return own_network(self.handle.weights, self.handle.patches)

    @property
    def model_config(self) -> ModelConfig:
        """What it is built with."""
        return ModelConfig(self.handle, build_empty(self.handle.weights))

    @property
    def model_type(self) -> ModelType:
        """What it predicts."""
        return _TYPES.get(getattr(self.handle.sampling, "prediction", "eps"), ModelType.EPS)

    @property
    def model_channels(self) -> int:
        """Channels of the first feature map; 0 for a network that is no U-Net."""
        config = getattr(build_empty(self.handle.weights), "config", None)
        return int(getattr(config, "model_channels", 0))

    @property
    def adm_channels(self) -> int:
        """Numbers of the vector that conditions it beside the text; 0: none."""
        return int(self.model_config.unet_config.get("vector_channels") or 0)

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return residency.residency().device

    def get_dtype(self) -> torch.dtype:
        """What it computes in."""
        return next(residency.load(self.handle.weights, self.handle.patches).parameters()).dtype

    def memory_required(self, input_shape: Sequence[int], cond_shapes: Any = None) -> float:
        """Bytes of a call, roughly, for a batch ``b c h w``."""
        area = input_shape[0] * input_shape[-1] * input_shape[-2]
        return float(area * self.get_dtype().itemsize * 100 * 1024 / 16)

    def process_latent_in(self, latent: Tensor) -> Tensor:
        """A VAE's latent as the network sees it."""
        return self.latent_format.process_in(latent)

    def process_latent_out(self, latent: Tensor) -> Tensor:
        """The inverse of :meth:`process_latent_in`."""
        return self.latent_format.process_out(latent)

    def state_dict(self, *args: Any, **kwargs: Any) -> dict[str, Tensor]:
        """The tensors of the network, below ``diffusion_model``, in their file's precision."""
        found = stored_tensors(self.handle.weights, self.handle.patches)
        return {f"diffusion_model.{name}": tensor for name, tensor in found}

    @torch.no_grad()
    def apply_model(
        self,
        x: Tensor,
        t: Tensor,
        c_concat: Tensor | None = None,
        c_crossattn: Tensor | None = None,
        control: Any = None,
        transformer_options: Any = None,
        y: Tensor | None = None,
        **more: Any,
    ) -> Tensor:
        """The clean latent that the network sees in a noisy one, ``b c h w``."""
        network = residency.load(self.handle.weights, self.handle.patches)
        dtype = self.get_dtype()
        sampling = self.model_sampling
        shown = sampling.calculate_input(t, x).to(dtype)
        if c_concat is not None:
            shown = torch.cat([shown, c_concat.to(shown)], dim=1)
        told = sampling.timestep(t).float()
        context = x.new_zeros(x.shape[0], 1, 0) if c_crossattn is None else c_crossattn
        given = {} if y is None else {"vector": y.to(dtype)}
        out = network(shown, told, context.to(dtype), **given).float()
        clean: Tensor = sampling.calculate_denoised(t, out, x)
        return clean


class SDXL(BaseModel):
    """SDXL's base model."""


class SDXLRefiner(BaseModel):
    """SDXL's refiner."""


class SD21UNCLIP(BaseModel):
    """Stable Diffusion 2.1 unCLIP."""


def base_model(model: Model) -> BaseModel:
    """A handle as packs see it."""
    kinds: dict[int, type[BaseModel]] = {2048: SDXL, 1280: SDXLRefiner}
    return kinds.get(model.context_dim, BaseModel)(model)
