"""Typed functions as nodes: the signature gives sockets, widgets, defaults and bounds.

Invariant: everything a user sees of a node is derived from its function once, at import; the
call itself only passes values through.
"""

import hashlib
import inspect
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from engine import __version__
from engine.graph.spec import InputSpec, Lane, NodeSpec, OutputSpec, Section

from .node import Context, Node, Output

REGISTRY_ATTRIBUTE = "__loom_nodes__"


@dataclass(frozen=True)
class Socket:
    """An input or output type; widgets are sockets with options."""

    type: str
    options: Mapping[str, Any] = field(default_factory=dict)
    choices: tuple[Any, ...] | None = None
    folder: str | None = None


def node(
    id: str,
    *,
    category: str,
    title: str | None = None,
    outputs: tuple[str, ...] | None = None,
    lane: Lane = "device",
    is_output: bool = False,
    idempotent: bool = True,
    hidden: Mapping[str, str] | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a function as a node of the module that defines it.

    Args:
        id: the ``class_type`` of prompts.
        category: menu path.
        title: display name; the id if left out.
        outputs: names of the outputs; their types if left out.
        lane: ``host`` for work that needs no device (files, encoding).
        is_output: a root of execution.
        idempotent: False if two equal nodes must not share a result.
        hidden: hidden inputs to announce to clients; their values are in the context.
    """

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        summary, tooltips = read_docstring(function)
        results = output_types(function)
        spec = NodeSpec(
            id=id,
            display_name=title or id,
            category=category,
            inputs=(*_inputs(function, tooltips), *_hidden(hidden)),
            outputs=tuple(_outputs(results, outputs)),
            description=summary,
            module=function.__module__,
            version=code_version(function),
            lane=lane,
            is_output=is_output,
            idempotent=idempotent,
        )
        module = sys.modules[function.__module__]
        nodes = module.__dict__.setdefault(REGISTRY_ATTRIBUTE, {})
        nodes[id] = Node(spec, adapt(function, len(results)))
        return function

    return register


def adapt(function: Callable[..., Any], n_outputs: int) -> Callable[..., Output]:
    """The uniform call of a typed function."""
    parameters = inspect.signature(function).parameters.values()
    context = next((p.name for p in parameters if p.annotation is Context), None)

    def call(inputs: Mapping[str, Any], ctx: Context) -> Output:
        extra = {context: ctx} if context else {}
        return as_output(function(**inputs, **extra), n_outputs)

    return call


def as_output(result: Any, n_outputs: int) -> Output:
    """Wrap what a function returned: an ``Output``, a tuple, one value or nothing."""
    if isinstance(result, Output):
        return result
    if n_outputs == 0:
        return Output()
    return Output(result if isinstance(result, tuple) else (result,))


def output_types(function: Callable[..., Any]) -> list[Socket]:
    """Sockets of the return annotation: one, a ``tuple[...]`` of several, or none."""
    annotation = inspect.signature(function).return_annotation
    if annotation in (None, inspect.Signature.empty, Output):
        return []
    if get_origin(annotation) is tuple:
        return [socket_of(a) for a in get_args(annotation)]
    return [socket_of(annotation)]


def socket_of(annotation: Any) -> Socket:
    """The socket that an annotation stands for."""
    if isinstance(annotation, Socket):
        return annotation
    if get_origin(annotation) is Annotated:
        return next(a for a in get_args(annotation) if isinstance(a, Socket))
    raise TypeError(f"{annotation!r} is no socket type; use one of engine.api.")


def code_version(function: Callable[..., Any]) -> str:
    """Hash of the engine version and the module's source: what a result depends on."""
    path = getattr(sys.modules[function.__module__], "__file__", None)
    source = Path(path).read_text("utf-8") if path else function.__code__.co_code.hex()
    return hashlib.blake2b(f"{__version__}\0{source}".encode(), digest_size=8).hexdigest()


def read_docstring(function: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """Description and tooltips: the text before ``Args:`` and the entries below it."""
    text = inspect.getdoc(function) or ""
    summary, _, arguments = text.partition("Args:")
    arguments = arguments.partition("Returns:")[0]
    entries = re.findall(r"^ {4}(\w+): (.+(?:\n {8}.+)*)", arguments, re.MULTILINE)
    return " ".join(summary.split()), {name: " ".join(t.split()) for name, t in entries}


def _inputs(function: Callable[..., Any], tooltips: Mapping[str, str]) -> list[InputSpec]:
    parameters = inspect.signature(function).parameters.values()
    return [_input(p, tooltips.get(p.name)) for p in parameters if p.annotation is not Context]


def _input(parameter: inspect.Parameter, tooltip: str | None) -> InputSpec:
    socket = socket_of(parameter.annotation)
    section: Section = "optional" if parameter.default is None else "required"
    options = dict(socket.options)
    if parameter.default not in (None, inspect.Parameter.empty):
        options = {"default": parameter.default, **options}
    if tooltip:
        options["tooltip"] = tooltip
    return InputSpec(parameter.name, socket.type, section, options, socket.choices, socket.folder)


def _outputs(sockets: list[Socket], names: tuple[str, ...] | None) -> list[OutputSpec]:
    names = names or tuple(s.type for s in sockets)
    return [OutputSpec(n, s.type) for n, s in zip(names, sockets, strict=True)]


def _hidden(hidden: Mapping[str, str] | None) -> list[InputSpec]:
    return [InputSpec(name, type, "hidden") for name, type in (hidden or {}).items()]
