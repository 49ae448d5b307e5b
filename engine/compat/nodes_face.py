"""What packs find in the module ``nodes``: our built-in nodes as classes, and some functions.

A class is made when it is first asked for. Its method has the name that packs call, takes
arguments by name or in the order in which packs give them, and returns a tuple.

Invariant: the work is done by the typed functions of the package ``nodes``; nothing here knows
what a node does.
"""

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from engine.graph.spec import object_info
from engine.plugins.node import Context, Node, Output

from . import state
from .looks import put_on, take_off

MAX_RESOLUTION = 16384

#: Names of the methods that packs call; others are called ``run``.
METHODS = {
    "CLIPLoader": "load_clip",
    "CLIPSetLastLayer": "set_last_layer",
    "CLIPTextEncode": "encode",
    "CLIPVisionEncode": "encode",
    "CLIPVisionLoader": "load_clip",
    "CheckpointLoaderSimple": "load_checkpoint",
    "ConditioningAverage": "addWeighted",
    "ConditioningCombine": "combine",
    "ConditioningConcat": "concat",
    "ConditioningSetArea": "append",
    "ConditioningSetMask": "append",
    "ConditioningSetTimestepRange": "set_range",
    "ConditioningZeroOut": "zero_out",
    "ControlNetApply": "apply_controlnet",
    "ControlNetApplyAdvanced": "apply_controlnet",
    "ControlNetLoader": "load_controlnet",
    "DualCLIPLoader": "load_clip",
    "EmptyImage": "generate",
    "EmptyLatentImage": "generate",
    "ImageBatch": "batch",
    "ImageInvert": "invert",
    "ImagePadForOutpaint": "expand_image",
    "ImageScale": "upscale",
    "ImageScaleBy": "upscale",
    "InpaintModelConditioning": "encode",
    "KSampler": "sample",
    "KSamplerAdvanced": "sample",
    "LatentBlend": "blend",
    "LatentComposite": "composite",
    "LatentCrop": "crop",
    "LatentFlip": "flip",
    "LatentFromBatch": "frombatch",
    "LatentRotate": "rotate",
    "LatentUpscale": "upscale",
    "LatentUpscaleBy": "upscale",
    "LoadImage": "load_image",
    "LoadImageMask": "load_image",
    "LoadLatent": "load",
    "LoraLoader": "load_lora",
    "LoraLoaderModelOnly": "load_lora_model_only",
    "PreviewImage": "save_images",
    "RepeatLatentBatch": "repeat",
    "SaveImage": "save_images",
    "SaveLatent": "save",
    "SetLatentNoiseMask": "set_mask",
    "UNETLoader": "load_unet",
    "VAEDecode": "decode",
    "VAEDecodeTiled": "decode",
    "VAEEncode": "encode",
    "VAEEncodeForInpaint": "encode",
    "VAEEncodeTiled": "encode",
    "VAELoader": "load_vae",
}
#: Orders of arguments that differ from the order of the inputs.
ORDERS = {
    "CLIPTextEncode": ("clip", "text"),
    "InpaintModelConditioning": ("positive", "negative", "pixels", "vae", "mask", "noise_mask"),
    "VAEDecode": ("vae", "samples"),
    "VAEDecodeTiled": ("vae", "samples", "tile_size", "overlap"),
    "VAEEncode": ("vae", "pixels"),
    "VAEEncodeForInpaint": ("vae", "pixels", "mask", "grow_mask_by"),
    "VAEEncodeTiled": ("vae", "pixels", "tile_size", "overlap"),
}
#: Arguments that the engine gives itself.
_HIDDEN = frozenset({"prompt", "extra_pnginfo", "unique_id"})


def face_of(node: Node) -> type:
    """A typed node as a class that packs can use and inherit from."""
    spec = node.spec
    names = ORDERS.get(spec.id) or tuple(i.name for i in spec.inputs if i.section != "hidden")
    method = METHODS.get(spec.id, "run")

    def run(self: Any, *args: Any, **kwargs: Any) -> Any:
        given = {**dict(zip(names, args, strict=False)), **kwargs}
        inputs = {name: take_off(value) for name, value in given.items() if name not in _HIDDEN}
        return _result(node.call(inputs, state.context() or _detached()))

    def input_types(cls: type) -> dict[str, Any]:
        found = object_info(spec, state.folders.list)["input"]
        return {s: {n: tuple(c) for n, c in inputs.items()} for s, inputs in found.items()}

    made = {
        "INPUT_TYPES": classmethod(input_types),
        "RETURN_TYPES": tuple(output.type for output in spec.outputs),
        "RETURN_NAMES": tuple(output.name for output in spec.outputs),
        "FUNCTION": method,
        "CATEGORY": spec.category,
        "DESCRIPTION": spec.description,
        "OUTPUT_NODE": spec.is_output,
        "__init__": _init,
        method: run,
    }
    return type(spec.id, (), made)


def _init(self: Any) -> None:
    """What packs that inherit from the saving nodes read of them."""
    self.output_dir = str(state.folders.output)
    self.type = "output"
    self.prefix_append = ""
    self.compress_level = 4


def _detached() -> Context:
    """For calls outside of a run, such as at import."""
    return Context("", state.folders, {}, lambda *report: None, lambda: None)


def _result(output: Any) -> Any:
    if not isinstance(output, Output) or output.expand is not None:
        return output
    values = tuple(put_on(value) for value in output.values)
    return {"ui": dict(output.ui), "result": values} if output.ui else values


class _Classes(MutableMapping[str, type]):
    """Classes by id; packs may add their own."""

    def __init__(self) -> None:
        self._made: dict[str, type] = {}

    def __getitem__(self, id: str) -> type:
        if id not in self._made:
            self._made[id] = _class_of(state.nodes[id])
        return self._made[id]

    def __setitem__(self, id: str, cls: type) -> None:
        self._made[id] = cls

    def __delitem__(self, id: str) -> None:
        del self._made[id]

    def __iter__(self) -> Iterator[str]:
        return iter({**state.nodes, **self._made})

    def __len__(self) -> int:
        return len({**state.nodes, **self._made})


def _class_of(node: Node) -> type:
    """A pack's own class, or the face of a typed node."""
    owner = getattr(node.call, "__self__", None)
    found = getattr(owner, "cls", None)
    return found if isinstance(found, type) else face_of(node)


class _Titles(Mapping[str, str]):
    """Display names by id."""

    def __getitem__(self, id: str) -> str:
        return state.nodes[id].spec.display_name

    def __iter__(self) -> Iterator[str]:
        return iter(state.nodes)

    def __len__(self) -> int:
        return len(state.nodes)


NODE_CLASS_MAPPINGS = _Classes()
NODE_DISPLAY_NAME_MAPPINGS = _Titles()
#: Packs may register folders of scripts here instead of naming WEB_DIRECTORY.
EXTENSION_WEB_DIRS: dict[str, str] = {}


def common_ksampler(
    model: Any,
    seed: int,
    steps: int,
    cfg: float,
    sampler_name: str,
    scheduler: str,
    positive: Any,
    negative: Any,
    latent: Mapping[str, Any],
    denoise: float = 1.0,
    disable_noise: bool = False,
    start_step: int | None = None,
    last_step: int | None = None,
    force_full_denoise: bool = False,
) -> tuple[dict[str, Any]]:
    """Denoise a latent; the progress is that of the node that is running."""
    from engine.diffusion.sample import sample

    from .latent_preview import watcher

    made = sample(
        take_off(model),
        latent,
        positive,
        negative,
        seed=seed,
        steps=steps,
        cfg=cfg,
        sampler=sampler_name,
        scheduler=scheduler,
        denoise=denoise,
        start_step=start_step or 0,
        last_step=last_step,
        add_noise=not disable_noise,
        force_full_denoise=force_full_denoise,
        on_step=watcher(model),
    )
    return (made,)


def interrupt_processing(value: bool = True) -> None:
    """Stop the running node, if the user wants that; only the user can want it."""
    from .model_management import throw_exception_if_processing_interrupted

    throw_exception_if_processing_interrupted()


def before_node_execution() -> None:
    """Stop here if the user wants that."""
    interrupt_processing()


def lookup(name: str) -> Any:
    """What ``nodes.name`` gives: a function, a table, or the class of a node."""
    from .missing import Missing

    if name.startswith("__"):
        raise AttributeError(name)
    if name in _FUNCTIONS:
        return globals()[name]
    if name in NODE_CLASS_MAPPINGS:
        return NODE_CLASS_MAPPINGS[name]
    return Missing(f"nodes.{name}")


_FUNCTIONS = frozenset(
    {
        "EXTENSION_WEB_DIRS",
        "MAX_RESOLUTION",
        "NODE_CLASS_MAPPINGS",
        "NODE_DISPLAY_NAME_MAPPINGS",
        "before_node_execution",
        "common_ksampler",
        "interrupt_processing",
    }
)
