"""``comfy.patcher_extension``: what packs wrap around the stages of a run, and hear of it.

Invariant: wrappers are called from the first that was added to the last; the innermost call is
the engine's own.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

#: Wrappers and callbacks: kind -> key -> functions.
Registry = dict[str, dict[Any, list[Callable[..., Any]]]]


class CallbacksMP:
    """When callbacks of a model are called; the others are kept, but nothing here calls them."""

    ON_CLONE = "on_clone"
    ON_LOAD = "on_load_after"
    ON_DETACH = "on_detach_after"
    ON_CLEANUP = "on_cleanup"
    ON_PRE_RUN = "on_pre_run"
    ON_PREPARE_STATE = "on_prepare_state"
    ON_APPLY_HOOKS = "on_apply_hooks"
    ON_REGISTER_ALL_HOOK_PATCHES = "on_register_all_hook_patches"
    ON_INJECT_MODEL = "on_inject_model"
    ON_EJECT_MODEL = "on_eject_model"

    @classmethod
    def init_callbacks(cls) -> Registry:
        """A registry without callbacks."""
        return {}


class WrappersMP:
    """The stages of a run that can be wrapped, from the outermost."""

    OUTER_SAMPLE = "outer_sample"
    PREPARE_SAMPLING = "prepare_sampling"
    SAMPLER_SAMPLE = "sampler_sample"
    PREDICT_NOISE = "predict_noise"
    CALC_COND_BATCH = "calc_cond_batch"
    APPLY_MODEL = "apply_model"
    DIFFUSION_MODEL = "diffusion_model"

    @classmethod
    def init_wrappers(cls) -> Registry:
        """A registry without wrappers."""
        return {}


class WrapperExecutor:
    """A function with wrappers around it; given to each wrapper as its first argument.

    Attributes:
        original: the innermost function.
        class_obj: the object that it belongs to.
        wrappers: all of them.
        idx: how many of them have been entered.
    """

    def __init__(
        self,
        original: Callable[..., Any],
        class_obj: Any = None,
        wrappers: Sequence[Callable[..., Any]] = (),
        idx: int = 0,
    ) -> None:
        self.original, self.class_obj = original, class_obj
        self.wrappers, self.idx = list(wrappers), idx

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Go one wrapper further in."""
        deeper = WrapperExecutor(self.original, self.class_obj, self.wrappers, self.idx + 1)
        return deeper.execute(*args, **kwargs)

    def execute(self, *args: Any, **kwargs: Any) -> Any:
        """Call the next wrapper, or the function itself."""
        if self.idx >= len(self.wrappers):
            return self.original(*args, **kwargs)
        return self.wrappers[self.idx](self, *args, **kwargs)

    @classmethod
    def new_executor(
        cls, original: Callable[..., Any], wrappers: Sequence[Callable[..., Any]], idx: int = 0
    ) -> "WrapperExecutor":
        """A function with wrappers."""
        return cls(original, None, wrappers, idx)

    @classmethod
    def new_class_executor(
        cls,
        original: Callable[..., Any],
        class_obj: Any,
        wrappers: Sequence[Callable[..., Any]],
        idx: int = 0,
    ) -> "WrapperExecutor":
        """A method with wrappers."""
        return cls(original, class_obj, wrappers, idx)


def add_to(registry: Registry, kind: str, key: Any, function: Callable[..., Any]) -> None:
    """Add a function under a kind and a key."""
    registry.setdefault(kind, {}).setdefault(key, []).append(function)


def all_of(registry: Mapping[str, Any], kind: str) -> list[Callable[..., Any]]:
    """The functions of a kind, of all keys, in the order in which the keys came."""
    return [function for found in registry.get(kind, {}).values() for function in found]


def copied(registry: Mapping[str, Any]) -> Registry:
    """A registry of its own with the same functions."""
    return {kind: {k: list(v) for k, v in keys.items()} for kind, keys in registry.items()}


def _options(options: dict[str, Any], is_model_options: bool) -> dict[str, Any]:
    """The transformer options, which may be a part of the options of a model."""
    found: dict[str, Any] = (
        options.setdefault("transformer_options", {}) if is_model_options else options
    )
    return found


def add_wrapper_with_key(
    wrapper_type: str,
    key: Any,
    wrapper: Callable[..., Any],
    transformer_options: dict[str, Any],
    is_model_options: bool = False,
) -> None:
    """Add a wrapper to options."""
    found = _options(transformer_options, is_model_options).setdefault("wrappers", {})
    add_to(found, wrapper_type, key, wrapper)


def add_wrapper(
    wrapper_type: str,
    wrapper: Callable[..., Any],
    transformer_options: dict[str, Any],
    is_model_options: bool = False,
) -> None:
    """Add a wrapper without a key to options."""
    add_wrapper_with_key(wrapper_type, None, wrapper, transformer_options, is_model_options)


def get_wrappers_with_key(
    wrapper_type: str, key: Any, transformer_options: dict[str, Any], is_model_options: bool = False
) -> list[Callable[..., Any]]:
    """The wrappers of a key in options."""
    found = _options(transformer_options, is_model_options).get("wrappers", {})
    return list(found.get(wrapper_type, {}).get(key, []))


def get_all_wrappers(
    wrapper_type: str, transformer_options: dict[str, Any], is_model_options: bool = False
) -> list[Callable[..., Any]]:
    """The wrappers of a kind in options."""
    return all_of(_options(transformer_options, is_model_options).get("wrappers", {}), wrapper_type)


def add_callback_with_key(
    call_type: str,
    key: Any,
    callback: Callable[..., Any],
    transformer_options: dict[str, Any],
    is_model_options: bool = False,
) -> None:
    """Add a callback to options."""
    found = _options(transformer_options, is_model_options).setdefault("callbacks", {})
    add_to(found, call_type, key, callback)


def get_all_callbacks(
    call_type: str, transformer_options: dict[str, Any], is_model_options: bool = False
) -> list[Callable[..., Any]]:
    """The callbacks of a kind in options."""
    return all_of(_options(transformer_options, is_model_options).get("callbacks", {}), call_type)


class PatcherInjection:
    """Two functions that change a model before a run and change it back behind it.

    Attributes:
        inject: called with the model's patcher before a run.
        eject: called with it behind the run.
    """

    def __init__(self, inject: Callable[..., Any], eject: Callable[..., Any]) -> None:
        self.inject, self.eject = inject, eject
