"""``io`` of ``comfy_api.latest``: types, schemas, and the class of nodes that have one.

Invariant: a schema node becomes a class of the older kind (:func:`classic`), and everything else
treats it as one; its own class is never written to during a call.
"""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import SimpleNamespace
from typing import Any

from engine.graph.replacements import Replacement
from engine.plugins.node import Blocked

from .schema_inputs import (
    AutogrowInput,
    ComboInput,
    ControlAfterGenerate,
    DynamicComboInput,
    DynamicOption,
    FolderType,
    Input,
    MatchTypeInput,
    MatchTypeOutput,
    MultiComboInput,
    MultiTypeInput,
    NumberDisplay,
    Output,
    Template,
    TemplateNames,
    TemplatePrefix,
    UploadType,
)

__all__ = [
    "Autogrow",
    "ComfyNode",
    "ComfyTypeIO",
    "ControlAfterGenerate",
    "Custom",
    "DynamicCombo",
    "FolderType",
    "Hidden",
    "Input",
    "MatchType",
    "MultiCombo",
    "MultiType",
    "NodeOutput",
    "NodeReplace",
    "NumberDisplay",
    "Output",
    "Schema",
    "UploadType",
    "comfytype",
]


class ComfyTypeIO:
    """A type: ``Input`` and ``Output`` declare sockets of it.

    Attributes:
        io_type: its name.
    """

    io_type = "*"
    Type = Any
    Input: type[Input] = Input
    Output: type[Output] = Output


ComfyTypeI = ComfyTypeIO


def comfytype(io_type: str, **_: Any) -> Any:
    """Decorate a class to make it a type of this name."""

    def named(cls: Any) -> Any:
        cls.io_type = io_type
        for side, base in (("Input", Input), ("Output", Output)):
            own = getattr(cls, side, base)
            setattr(cls, side, type(side, (own,), {"io_type": io_type}))
        return cls

    return named


def Custom(io_type: str) -> Any:
    """A type of any name."""
    return comfytype(io_type)(type(io_type, (ComfyTypeIO,), {}))


#: Types without anything of their own: name in ``io`` -> name in files.
_PLAIN = {
    "Int": "INT",
    "Float": "FLOAT",
    "Boolean": "BOOLEAN",
    "String": "STRING",
    "AnyType": "*",
    "Image": "IMAGE",
    "Mask": "MASK",
    "Latent": "LATENT",
    "Conditioning": "CONDITIONING",
    "Model": "MODEL",
    "Clip": "CLIP",
    "Vae": "VAE",
    "ControlNet": "CONTROL_NET",
    "ClipVision": "CLIP_VISION",
    "ClipVisionOutput": "CLIP_VISION_OUTPUT",
    "StyleModel": "STYLE_MODEL",
    "Gligen": "GLIGEN",
    "UpscaleModel": "UPSCALE_MODEL",
    "LoraModel": "LORA_MODEL",
    "LossMap": "LOSS_MAP",
    "Sampler": "SAMPLER",
    "Sigmas": "SIGMAS",
    "Noise": "NOISE",
    "Guider": "GUIDER",
    "Hooks": "HOOKS",
    "HookKeyframes": "HOOK_KEYFRAMES",
    "TimestepsRange": "TIMESTEPS_RANGE",
    "LatentOperation": "LATENT_OPERATION",
    "Audio": "AUDIO",
    "Video": "VIDEO",
    "SVG": "SVG",
    "Webcam": "WEBCAM",
    "Point": "POINT",
    "BBOX": "BBOX",
    "SEGS": "SEGS",
    "Color": "COLOR",
    "Curve": "CURVE",
    "BoundingBox": "BOUNDING_BOX",
    "FlowControl": "FLOW_CONTROL",
    "Accumulation": "ACCUMULATION",
}
for _name, _type in _PLAIN.items():
    globals()[_name] = Custom(_type)


@comfytype("COMBO")
class Combo(ComfyTypeIO):
    """A choice."""

    Input = ComboInput


@comfytype("COMBO")
class MultiCombo(ComfyTypeIO):
    """A choice of several values."""

    Input = MultiComboInput


class MultiType:
    """Several types in one input."""

    Input = MultiTypeInput


class MatchType:
    """One type for several sockets, whichever it is."""

    Template, Input, Output = Template, MatchTypeInput, MatchTypeOutput


class DynamicCombo:
    """A choice whose values bring inputs."""

    Option, Input = DynamicOption, DynamicComboInput


class Autogrow:
    """As many inputs as are wired."""

    TemplatePrefix, TemplateNames, Input = TemplatePrefix, TemplateNames, AutogrowInput


class Hidden(StrEnum):
    """What the engine gives to a node that asks."""

    unique_id = "UNIQUE_ID"
    prompt = "PROMPT"
    extra_pnginfo = "EXTRA_PNGINFO"
    dynprompt = "DYNPROMPT"
    auth_token_comfy_org = "AUTH_TOKEN_COMFY_ORG"
    api_key_comfy_org = "API_KEY_COMFY_ORG"


@dataclass
class Schema:
    """What a node says of itself; ``finalize`` completes it, ``validate`` checks it."""

    node_id: str
    display_name: str | None = None
    category: str = "sd"
    inputs: Sequence[Input] = ()
    outputs: Sequence[Output] = ()
    hidden: Sequence[Hidden] = ()
    description: str = ""
    is_input_list: bool = False
    is_output_node: bool = False
    is_deprecated: bool = False
    is_experimental: bool = False
    is_api_node: bool = False
    is_dev_only: bool = False
    not_idempotent: bool = False
    enable_expand: bool = False
    accept_all_inputs: bool = False
    has_intermediate_output: bool = False
    search_aliases: Sequence[str] = ()
    essentials_category: str | None = None
    price_badge: Any = None
    names: list[str] = field(default_factory=list, init=False)

    def finalize(self) -> None:
        """Name outputs, and give output nodes what their files carry."""
        self.names = [
            output.display_name or output.id or output.type for output in self.outputs or ()
        ]
        wanted = [Hidden.prompt, Hidden.extra_pnginfo] if self.is_output_node else []
        self.hidden = list(dict.fromkeys([*(self.hidden or ()), *wanted]))

    def validate(self) -> None:
        """Refuse two inputs or outputs of one id."""
        outputs = [output.id for output in self.outputs or () if output.id]
        ids = [item.id for item in self.inputs or ()] + outputs
        if doubled := sorted({id for id in ids if ids.count(id) > 1}):
            raise ValueError(
                f"Node {self.node_id} declares {', '.join(doubled)} more than once; ids of inputs "
                "and outputs have to differ."
            )


class NodeOutput:
    """What ``execute`` gives back: values, something to show, a graph to expand into."""

    def __init__(
        self,
        *args: Any,
        ui: Any = None,
        expand: Mapping[str, Any] | None = None,
        block_execution: str | None = None,
    ) -> None:
        self.args, self.ui, self.expand, self.block_execution = args, ui, expand, block_execution

    @property
    def result(self) -> tuple[Any, ...] | None:
        """The values; None without any."""
        return self.args or None

    def classic(self) -> Any:
        """As a class of the older kind returns it."""
        if self.block_execution is not None:
            return Blocked(self.block_execution)
        told = self.ui.as_dict() if hasattr(self.ui, "as_dict") else self.ui
        parts = {"ui": told, "result": self.args, "expand": self.expand}
        return {key: value for key, value in parts.items() if value is not None}


@dataclass
class NodeReplace:
    """What took the place of a node that is no more, for ``ComfyAPI().node_replacement``.

    Attributes:
        new_node_id: the node that does its work now.
        old_node_id: the node that is no more.
        old_widget_ids: names of its widgets in their order.
        input_mapping: ``{"new_id", "old_id"}`` or ``{"new_id", "set_value"}`` for each input.
        output_mapping: ``{"new_idx", "old_idx"}`` for each output.
    """

    new_node_id: str
    old_node_id: str
    old_widget_ids: Sequence[str] | None = None
    input_mapping: Sequence[Mapping[str, Any]] | None = None
    output_mapping: Sequence[Mapping[str, Any]] | None = None

    def replacement(self) -> Replacement:
        """The same for the engine; ValueError if a mapping lacks something."""
        return Replacement(**vars(self))


class _Locked(type):
    """Classes that refuse to be changed during a call."""

    def __setattr__(cls, name: str, value: Any) -> None:
        if cls.__dict__.get("_locked"):
            raise AttributeError(
                f"{cls.__name__}.{name} cannot be set during a call: calls run side by side. "
                "Keep state in what the node returns."
            )
        super().__setattr__(name, value)


class ComfyNode(metaclass=_Locked):
    """A node with a schema; everything is a class method.

    Attributes:
        hidden: what the engine gives, during a call.
    """

    hidden: Any = None

    @classmethod
    def define_schema(cls) -> Schema:
        """What the node says of itself; each node has its own."""
        raise NotImplementedError(f"{cls.__name__} has no define_schema.")

    @classmethod
    def execute(cls, **inputs: Any) -> Any:
        """Do the work; each node has its own."""
        raise NotImplementedError(f"{cls.__name__} has no execute.")

    @classmethod
    def check_lazy_status(cls, **inputs: Any) -> list[str]:
        """Which lazy inputs are needed: all that are not there yet."""
        return [name for name, value in inputs.items() if value is None]

    @classmethod
    def GET_SCHEMA(cls) -> Schema:
        """The schema, complete and checked."""
        schema = cls.define_schema()
        schema.finalize()
        schema.validate()
        return schema

    @classmethod
    def classic_class(cls) -> type:
        """The class of the older kind that stands for this one."""
        return classic(cls)


def classic(node: type[ComfyNode]) -> type:
    """A class with INPUT_TYPES and FUNCTION that calls a schema node."""
    schema = node.GET_SCHEMA()
    calls = _Calls(node, schema)
    flat = [entry for item in schema.inputs or () for entry in item.flat()]
    hidden = {h.name: h.value for h in schema.hidden}

    def input_types() -> dict[str, Any]:
        sections: dict[str, dict[str, Any]] = {"required": {}, "optional": {}, "hidden": hidden}
        for name, item, optional in flat:
            sections["optional" if optional else "required"][name] = item.declared()
        return sections

    members: dict[str, Any] = {
        "__module__": node.__module__,
        "INPUT_TYPES": staticmethod(input_types),
        "RETURN_TYPES": tuple(output.type for output in schema.outputs or ()),
        "RETURN_NAMES": tuple(schema.names),
        "OUTPUT_IS_LIST": tuple(output.is_output_list for output in schema.outputs or ()),
        "OUTPUT_TOOLTIPS": tuple(output.tooltip or "" for output in schema.outputs or ()),
        "FUNCTION": "run",
        "CATEGORY": schema.category,
        "DESCRIPTION": schema.description,
        "OUTPUT_NODE": schema.is_output_node,
        "INPUT_IS_LIST": schema.is_input_list,
        "NOT_IDEMPOTENT": schema.not_idempotent,
        "DEPRECATED": schema.is_deprecated,
        "EXPERIMENTAL": schema.is_experimental,
        "SEARCH_ALIASES": tuple(schema.search_aliases or ()),
        "run": calls.run_async if inspect.iscoroutinefunction(node.execute) else calls.run,
    }
    if any(item.lazy for _, item, _ in flat):
        members["check_lazy_status"] = calls.lazy
    for theirs, ours in (
        ("validate_inputs", "VALIDATE_INPUTS"),
        ("fingerprint_inputs", "IS_CHANGED"),
    ):
        if hook := getattr(node, theirs, None):
            members[ours] = staticmethod(calls.asking(theirs, hook))
    return type(node.__name__, (), members)


class _Calls:
    """Calls of a schema node on a class of its own for each, which nobody can write to."""

    def __init__(self, node: type[ComfyNode], schema: Schema) -> None:
        self._node, self._schema = node, schema
        self._hidden = [h.name for h in schema.hidden]
        self._dynamic = any(
            isinstance(item, DynamicComboInput | AutogrowInput) for item in schema.inputs or ()
        )
        # Bound to nothing: the class that holds them hands its own instance in first.
        self.run = lambda _, **values: _plain(self._clone(values).execute(**self._nested(values)))
        self.lazy = lambda _, **values: self._clone(values).check_lazy_status(
            **self._nested(values)
        )

        async def run_async(_: Any, **values: Any) -> Any:
            return _plain(await self._clone(values).execute(**self._nested(values)))

        self.run_async = run_async

    def asking(self, name: str, hook: Any) -> Any:
        """A question to the node, which is asked about the inputs that it names."""

        def ask(**values: Any) -> Any:
            return getattr(self._clone(values), name)(**self._nested(values))

        ask.__signature__ = inspect.signature(hook)  # type: ignore[attr-defined]
        return ask

    def _clone(self, values: dict[str, Any]) -> Any:
        given = {name: values.pop(name, None) for name in self._hidden}
        return _Locked(
            self._node.__name__,
            (self._node,),
            {"hidden": SimpleNamespace(**given), "_locked": True},
        )

    def _nested(self, values: Mapping[str, Any]) -> dict[str, Any]:
        if not self._dynamic:
            return dict(values)
        found: dict[str, Any] = {}
        for item in self._schema.inputs or ():
            found.update(item.nested(values))
        return found


def _plain(result: Any) -> Any:
    return result.classic() if isinstance(result, NodeOutput) else result
