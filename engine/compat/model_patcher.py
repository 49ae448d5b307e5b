"""``comfy.model_patcher``: a MODEL as packs see it, clone and change it.

Invariant: a patcher is a pack's own; it becomes a frozen handle when the pack hands it over, so
what a pack does to it later, or did to one it did not clone, changes nobody else's model.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from engine.diffusion import residency
from engine.diffusion.handles import Model
from engine.diffusion.patches import Patch

from . import model_sampling
from .lora_patches import changes_of
from .missing import Missing
from .model_base import BaseModel, base_model
from .model_options import KNOWN_PATCHES, PackOptions, copied_options
from .networks import names_of
from .patcher_extension import CallbacksMP, Registry, add_to, all_of

_NETWORK = "diffusion_model."


class ModelPatcher:
    """A denoiser with what packs have said of it.

    Attributes:
        model_options: functions around and inside of the network, by the names of this field.
        object_patches: by path, what takes the place of a part of the model.
        wrappers: around the stages of a run.
        callbacks: called on the way.
        injections: pairs of functions, called before and behind a run.
        attachments: what packs keep with it.
        patches_uuid: changes with the weights' patches.
        parent: the patcher that this one was cloned from.
    """

    def __init__(self, model: Model, *args: Any, **kwargs: Any) -> None:
        if not isinstance(model, Model):
            Missing("comfy.model_patcher.ModelPatcher of a network of a pack's own")()
        self._handle = model
        said = model.hooks.foreign
        said = said.copy() if isinstance(said, PackOptions) else PackOptions().copy()
        self.model_options: dict[str, Any] = dict(said.model_options)
        self.model_options.setdefault("transformer_options", {})
        self.object_patches: dict[str, Any] = dict(said.objects)
        self.wrappers: Registry = said.wrappers
        self.callbacks: Registry = said.callbacks
        self.injections: dict[str, list[Any]] = dict(said.injections)
        self.attachments: dict[str, Any] = dict(said.attachments)
        self.patches_uuid: Any = hash(model.patches)
        self.parent: ModelPatcher | None = None
        self._base: BaseModel | None = None

    # Between packs and the engine

    def handle(self) -> Model:
        """The model with all that has been said, frozen."""
        options = dict(self.model_options)
        if not options.get("transformer_options"):
            options.pop("transformer_options", None)
        objects = {k: v for k, v in self.object_patches.items() if k != "model_sampling"}
        said = PackOptions(
            options, objects, self.wrappers, self.callbacks, self.injections, self.attachments
        )
        foreign = None if said.are_empty else said.copy()
        return replace(self._handle, hooks=replace(self._handle.hooks, foreign=foreign))

    def clone(self) -> "ModelPatcher":
        """The same, to be changed on its own."""
        made = type(self)(self.handle())
        made.parent = self
        for callback in all_of(self.callbacks, CallbacksMP.ON_CLONE):
            callback(self, made)
        return made

    def is_clone(self, other: Any) -> bool:
        """Whether both have the same weights underneath."""
        return isinstance(other, ModelPatcher) and other._handle.weights == self._handle.weights

    def clone_has_same_weights(self, clone: Any) -> bool:
        """Whether both have the same weights and the same patches."""
        return self.is_clone(clone) and clone._handle.patches == self._handle.patches

    # What it is

    @property
    def model(self) -> BaseModel:
        """What is behind it."""
        if self._base is None or self._base.handle is not self._handle:
            self._base = base_model(self._handle)
            self._base.current_patcher = self
        return self._base

    @property
    def latent_format(self) -> Any:
        """How the model sees latents."""
        return self.model.latent_format

    @property
    def load_device(self) -> torch.device:
        """Where the network computes."""
        return residency.residency().device

    @property
    def offload_device(self) -> torch.device:
        """Where weights wait that are not in use."""
        return residency.HOST

    def current_loaded_device(self) -> torch.device:
        """Where the network is."""
        return self.load_device

    @property
    def patches(self) -> dict[str, Any]:
        """The changes of weights, by tensor."""
        return {
            f"{_NETWORK}{name}": [patch for patch in self._handle.patches if name in patch.changes]
            for name in {n for patch in self._handle.patches for n in patch.changes}
        }

    def model_size(self) -> int:
        """Bytes of the network."""
        return residency.size_of(residency.load(self._handle.weights))

    def loaded_size(self) -> int:
        """The same: it is either in memory as a whole or comes layer by layer."""
        return self.model_size()

    def model_dtype(self) -> torch.dtype:
        """What the network computes in."""
        return self.model.get_dtype()

    def memory_required(self, input_shape: Sequence[int]) -> float:
        """Bytes of a call, roughly, for a batch ``b c h w``."""
        return self.model.memory_required(input_shape)

    def model_state_dict(self, filter_prefix: str | None = None) -> dict[str, Tensor]:
        """The tensors of the network, those whose names begin so."""
        found = self.model.state_dict()
        return {k: t for k, t in found.items() if k.startswith(filter_prefix or "")}

    def get_model_object(self, name: str) -> Any:
        """A part of the model by its path, or what takes its place."""
        if name in self.object_patches:
            return self.object_patches[name]
        found: Any = self.model
        for part in name.split("."):
            found = found[int(part)] if part.isdigit() else getattr(found, part)
        return found

    # What a pack may say of it

    def add_object_patch(self, name: str, obj: Any) -> None:
        """Let something take the place of a part of the model.

        Args:
            name: ``model_sampling``, ``diffusion_model``, or the path of a part of the network.
            obj: the part; a module, a function or a tensor.

        Raises:
            MissingSymbol: the part is none that can be replaced here.
        """
        if name == "model_sampling":
            self._handle = replace(self._handle, sampling=model_sampling.taken(obj))
        elif name != "diffusion_model" and not name.startswith(_NETWORK):
            Missing(f"an object patch of '{name}'")()
        self.object_patches[name] = obj

    def add_patches(
        self, patches: Mapping[Any, Any], strength_patch: float = 1.0, strength_model: float = 1.0
    ) -> list[Any]:
        """Change weights of the network.

        Args:
            patches: by tensor name (below ``diffusion_model``), what is done to it.
            strength_patch: how far to go.
            strength_model: the weights are multiplied by this before.

        Returns:
            The names that the network has.
        """
        known = names_of(self._handle.weights)
        fitting = {k: v for k, v in patches.items() if _tensor_of(k) in known}
        if fitting:
            changes = {_tensor_of(k): changes_of(k, v) for k, v in fitting.items()}
            patch = Patch(f"pack:{uuid.uuid4().hex}", strength_patch, changes, strength_model)
            self._handle = self._handle.patched(patch)
            self.patches_uuid = uuid.uuid4()
        return list(fitting)

    def get_key_patches(self, filter_prefix: str | None = None) -> dict[str, Any]:
        """The tensors of the network as patches that another model can be given."""
        return {k: (t,) for k, t in self.model_state_dict(filter_prefix).items()}

    def set_model_sampler_cfg_function(
        self, sampler_cfg_function: Callable[..., Any], disable_cfg1_optimization: bool = False
    ) -> None:
        """Put guidance together otherwise."""
        self.model_options["sampler_cfg_function"] = sampler_cfg_function
        self._both_sides(disable_cfg1_optimization)

    def set_model_sampler_post_cfg_function(
        self, post_cfg_function: Callable[..., Any], disable_cfg1_optimization: bool = False
    ) -> None:
        """Change what guidance gives."""
        set_model_options_post_cfg_function(
            self.model_options, post_cfg_function, disable_cfg1_optimization
        )

    def set_model_sampler_pre_cfg_function(
        self, pre_cfg_function: Callable[..., Any], disable_cfg1_optimization: bool = False
    ) -> None:
        """Change what goes into guidance."""
        set_model_options_pre_cfg_function(
            self.model_options, pre_cfg_function, disable_cfg1_optimization
        )

    def set_model_sampler_calc_cond_batch_function(self, function: Callable[..., Any]) -> None:
        """Evaluate the sides of guidance otherwise."""
        self.model_options["sampler_calc_cond_batch_function"] = function

    def set_model_unet_function_wrapper(self, unet_wrapper_function: Callable[..., Any]) -> None:
        """Wrap each evaluation of the network."""
        self.model_options["model_function_wrapper"] = unet_wrapper_function

    def set_model_denoise_mask_function(self, denoise_mask_function: Callable[..., Any]) -> None:
        """Change the noise mask from step to step."""
        self.model_options["denoise_mask_function"] = denoise_mask_function

    def set_model_patch(self, patch: Callable[..., Any], name: str) -> None:
        """Add a patch of a kind to the network.

        Raises:
            MissingSymbol: no network here asks for patches of that kind.
        """
        if name not in KNOWN_PATCHES:
            Missing(f"patches of the kind '{name}'")()
        inside = self.model_options["transformer_options"].setdefault("patches", {})
        inside.setdefault(name, []).append(patch)

    def set_model_patch_replace(
        self,
        patch: Callable[..., Any],
        name: str,
        block_name: str,
        number: int,
        transformer_index: int | None = None,
    ) -> None:
        """Let something take the place of an attention."""
        self.model_options = set_model_options_patch_replace(
            self.model_options, patch, name, block_name, number, transformer_index
        )

    def set_model_attn1_patch(self, patch: Callable[..., Any]) -> None:
        """Change the inputs of self-attention."""
        self.set_model_patch(patch, "attn1_patch")

    def set_model_attn2_patch(self, patch: Callable[..., Any]) -> None:
        """Change the inputs of cross-attention."""
        self.set_model_patch(patch, "attn2_patch")

    def set_model_attn1_replace(
        self, patch: Any, block_name: str, number: int, transformer_index: int | None = None
    ) -> None:
        """Let something take the place of self-attention."""
        self.set_model_patch_replace(patch, "attn1", block_name, number, transformer_index)

    def set_model_attn2_replace(
        self, patch: Any, block_name: str, number: int, transformer_index: int | None = None
    ) -> None:
        """Let something take the place of cross-attention."""
        self.set_model_patch_replace(patch, "attn2", block_name, number, transformer_index)

    def set_model_attn1_output_patch(self, patch: Callable[..., Any]) -> None:
        """Change the output of self-attention."""
        self.set_model_patch(patch, "attn1_output_patch")

    def set_model_attn2_output_patch(self, patch: Callable[..., Any]) -> None:
        """Change the output of cross-attention."""
        self.set_model_patch(patch, "attn2_output_patch")

    def set_model_input_block_patch(self, patch: Callable[..., Any]) -> None:
        """Change feature maps behind input blocks."""
        self.set_model_patch(patch, "input_block_patch")

    def set_model_input_block_patch_after_skip(self, patch: Callable[..., Any]) -> None:
        """The same when the skip connection has been taken."""
        self.set_model_patch(patch, "input_block_patch_after_skip")

    def set_model_output_block_patch(self, patch: Callable[..., Any]) -> None:
        """Change feature map and skip connection before output blocks."""
        self.set_model_patch(patch, "output_block_patch")

    def set_model_emb_patch(self, patch: Callable[..., Any]) -> None:
        """Change the embedded timestep."""
        self.set_model_patch(patch, "emb_patch")

    def set_model_forward_timestep_embed_patch(self, patch: Any) -> None:
        """Not here: no network asks for them."""
        self.set_model_patch(patch, "forward_timestep_embed_patch")

    def set_model_double_block_patch(self, patch: Any) -> None:
        """Not here: the networks that ask for them are not."""
        self.set_model_patch(patch, "double_block")

    def set_model_post_input_patch(self, patch: Any) -> None:
        """Not here: the networks that ask for them are not."""
        self.set_model_patch(patch, "post_input")

    def set_model_compute_dtype(self, dtype: torch.dtype) -> None:
        """Compute in another type."""
        self._handle = replace(self._handle, weights=self._handle.weights.computed(dtype))

    def _both_sides(self, wanted: bool) -> None:
        if wanted:
            self.model_options["disable_cfg1_optimization"] = True

    # Wrappers, callbacks and what is kept

    def add_wrapper(self, wrapper_type: str, wrapper: Callable[..., Any]) -> None:
        """Wrap a stage of a run."""
        add_to(self.wrappers, wrapper_type, None, wrapper)

    def add_wrapper_with_key(
        self, wrapper_type: str, key: Any, wrapper: Callable[..., Any]
    ) -> None:
        """Wrap a stage of a run, under a key."""
        add_to(self.wrappers, wrapper_type, key, wrapper)

    def remove_wrappers_with_key(self, wrapper_type: str, key: Any) -> None:
        """Forget the wrappers of a key."""
        self.wrappers.get(wrapper_type, {}).pop(key, None)

    def get_wrappers(self, wrapper_type: str, key: Any) -> list[Callable[..., Any]]:
        """The wrappers of a key."""
        return list(self.wrappers.get(wrapper_type, {}).get(key, []))

    def get_all_wrappers(self, wrapper_type: str) -> list[Callable[..., Any]]:
        """The wrappers of a stage."""
        return all_of(self.wrappers, wrapper_type)

    def add_callback(self, call_type: str, callback: Callable[..., Any]) -> None:
        """Be called on the way."""
        add_to(self.callbacks, call_type, None, callback)

    def add_callback_with_key(self, call_type: str, key: Any, callback: Callable[..., Any]) -> None:
        """Be called on the way, under a key."""
        add_to(self.callbacks, call_type, key, callback)

    def remove_callbacks_with_key(self, call_type: str, key: Any) -> None:
        """Forget the callbacks of a key."""
        self.callbacks.get(call_type, {}).pop(key, None)

    def get_callbacks(self, call_type: str, key: Any) -> list[Callable[..., Any]]:
        """The callbacks of a key."""
        return list(self.callbacks.get(call_type, {}).get(key, []))

    def get_all_callbacks(self, call_type: str) -> list[Callable[..., Any]]:
        """The callbacks of a kind."""
        return all_of(self.callbacks, call_type)

    def set_attachments(self, key: str, attachment: Any) -> None:
        """Keep something with the model."""
        self.attachments[key] = attachment

    def get_attachment(self, key: str) -> Any:
        """What was kept; None if nothing was."""
        return self.attachments.get(key)

    def remove_attachments(self, key: str) -> None:
        """Forget what was kept."""
        self.attachments.pop(key, None)

    def set_injections(self, key: str, injections: Sequence[Any]) -> None:
        """Call pairs of functions before and behind each run."""
        self.injections[key] = list(injections)

    def get_injections(self, key: str) -> list[Any] | None:
        """The pairs of a key; None if there are none."""
        return self.injections.get(key)

    def remove_injections(self, key: str) -> None:
        """Forget the pairs of a key."""
        self.injections.pop(key, None)

    # Where the network is, which is the engine's business

    def patch_model(self, *args: Any, **kwargs: Any) -> Any:
        """Nothing to do: weights are patched where they are used. Gives the model."""
        return self.model

    def unpatch_model(self, *args: Any, **kwargs: Any) -> None:
        """Nothing to do: no weight was changed."""

    def partially_load(self, *args: Any, **kwargs: Any) -> int:
        """Nothing to do; bytes that were moved: 0."""
        return 0

    def partially_unload(self, *args: Any, **kwargs: Any) -> int:
        """Nothing to do; bytes that were freed: 0."""
        return 0

    def detach(self, *args: Any, **kwargs: Any) -> Any:
        """Nothing to do. Gives the model."""
        return self.model

    def pre_run(self, *args: Any, **kwargs: Any) -> None:
        """Nothing to do: runs prepare themselves."""

    def cleanup(self) -> None:
        """Nothing to do: runs leave nothing behind."""


def _tensor_of(key: Any) -> str:
    """The network's tensor that a key of patches is about."""
    name = key if isinstance(key, str) else key[0]
    return str(name).removeprefix(_NETWORK)


def set_model_options_patch_replace(
    model_options: Mapping[str, Any],
    patch: Callable[..., Any],
    name: str,
    block_name: str,
    number: int,
    transformer_index: int | None = None,
) -> dict[str, Any]:
    """Options in which something takes the place of an attention.

    Raises:
        MissingSymbol: no network here has parts of that kind.
    """
    if name not in ("attn1", "attn2"):
        Missing(f"replacing parts of the kind '{name}'")()
    made: dict[str, Any] = copied_options(dict(model_options))
    inside = made.setdefault("transformer_options", {}).setdefault("patches_replace", {})
    end = () if transformer_index is None else (transformer_index,)
    inside.setdefault(name, {})[(block_name, number, *end)] = patch
    return made


def set_model_options_post_cfg_function(
    model_options: dict[str, Any],
    post_cfg_function: Callable[..., Any],
    disable_cfg1_optimization: bool = False,
) -> dict[str, Any]:
    """Options with one more function behind guidance."""
    return _with_function(
        model_options, "sampler_post_cfg_function", post_cfg_function, disable_cfg1_optimization
    )


def set_model_options_pre_cfg_function(
    model_options: dict[str, Any],
    pre_cfg_function: Callable[..., Any],
    disable_cfg1_optimization: bool = False,
) -> dict[str, Any]:
    """Options with one more function before guidance."""
    return _with_function(
        model_options, "sampler_pre_cfg_function", pre_cfg_function, disable_cfg1_optimization
    )


def _with_function(
    options: dict[str, Any], name: str, function: Callable[..., Any], both_sides: bool
) -> dict[str, Any]:
    options[name] = [*options.get(name, []), function]
    if both_sides:
        options["disable_cfg1_optimization"] = True
    return options


def create_model_options_clone(orig_model_options: Mapping[str, Any]) -> dict[str, Any]:
    """Options of one's own."""
    made: dict[str, Any] = copied_options(dict(orig_model_options))
    return made
