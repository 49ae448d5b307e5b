"""Typed functions as nodes: the signature gives sockets, widgets, defaults and bounds.

Invariant: everything a user sees of a node is derived from its function once, at import; the
call itself only passes values through.
"""

import hashlib
import inspect
import re
import sys
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from engine import __version__
from engine.graph.spec import InputSpec, Lane, NodeSpec, OutputSpec, Section

from .node import Blocked, Context, Inputs, Node, Output, Verdict

REGISTRY_ATTRIBUTE = "__loom_nodes__"


@dataclass(frozen=True)
class Socket:
    """An input or output type; widgets are sockets with options.

    Attributes:
        type: socket type.
        options: of the widget.
        choices: of a fixed choice.
        folder: whose files are the choices.
        hidden: filled in by the engine.
        is_list: an output whose value is a list of items.
    """

    type: str
    options: Mapping[str, Any] = field(default_factory=dict)
    choices: tuple[Any, ...] | None = None
    folder: str | None = None
    hidden: bool = False
    is_list: bool = False


class Lazy:
    """``Lazy[Image]``: a socket whose source runs only if the node's ``needs`` asks for it."""

    def __class_getitem__(cls, annotation: Any) -> Any:
        socket = socket_of(annotation)
        lazy = replace(socket, options={**socket.options, "lazy": True})
        return lazy if isinstance(annotation, Socket) else Annotated[Any, lazy]


class Raw:
    """``Raw[Any]``: an input that gets the link ``[node id, slot]``, for expansions.

    What is wired to it is evaluated before; ``Lazy[Raw[...]]`` leaves that to the expansion.
    """

    def __class_getitem__(cls, annotation: Any) -> Any:
        socket = socket_of(annotation)
        return Annotated[Any, replace(socket, options={**socket.options, "rawLink": True})]


class Items:
    """``Items[Image]`` as an output: a list whose items feed other nodes one by one."""

    def __class_getitem__(cls, annotation: Any) -> Any:
        return Annotated[Any, replace(socket_of(annotation), is_list=True)]


#: From the constants, something that changes when the result may; NaN means always.
Fingerprint = Callable[[Inputs], Any]
#: From the inputs that are there (others are None), names of the lazy inputs to evaluate.
Needs = Callable[[Inputs], Iterable[str]]
#: From the constants, True or a text that says what is wrong.
Check = Callable[[Inputs], Verdict]


def node(
    id: str,
    *,
    category: str,
    title: str | None = None,
    outputs: tuple[str, ...] | None = None,
    lane: Lane = "device",
    is_output: bool = False,
    input_is_list: bool = False,
    idempotent: bool = True,
    loop: Literal["", "start", "end"] = "",
    pair: str = "",
    hidden: Mapping[str, str] | None = None,
    needs: Needs | None = None,
    fingerprint: Fingerprint | None = None,
    check: Check | None = None,
    deprecated: bool = False,
    experimental: bool = False,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a function as a node of the module that defines it.

    An ``async def`` runs on the event loop, beside other nodes. A generator reports progress
    by ``yield value, total`` and returns its result. Inputs whose names are no identifiers are
    a last parameter ``**ratios: {"out.": Float(0, 1, default=1.0)}``, and come as a dict.

    Args:
        id: the ``class_type`` of prompts.
        category: menu path.
        title: display name; the id if left out.
        outputs: names of the outputs; their types if left out.
        lane: ``host`` for work that needs no device (files, encoding).
        is_output: a root of execution.
        input_is_list: every input comes as the list of all its items, in one call.
        loop: the node starts or ends a loop (``engine/graph/loops.py``).
        pair: id of the node that ends or starts that loop.
        idempotent: False if two equal nodes must not share a result.
        hidden: hidden inputs to announce to clients; their values are in the context.
        needs: asks for lazy inputs; called again until it asks for nothing new.
        fingerprint: for results that depend on more than the inputs, such as a file; called
            before each run with the constants (wired inputs are None).
        check: for rules that bounds cannot express; called before a prompt is accepted with
            the constants (wired inputs are left out).
        deprecated: there is a better way; menus hide it, workflows that have it still run.
        experimental: may still change; menus mark it.
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
            input_is_list=input_is_list,
            idempotent=idempotent,
            loop=loop,
            pair=pair,
            own_checks=None if check is None else (),
            deprecated=deprecated,
            experimental=experimental,
        )
        _refuse_unasked(spec, needs)
        module = sys.modules[function.__module__]
        nodes = module.__dict__.setdefault(REGISTRY_ATTRIBUTE, {})
        nodes[id] = Node(
            spec,
            adapt(function, len(results)),
            is_async=inspect.iscoroutinefunction(function),
            needs=None if needs is None else lambda inputs, ctx: needs(inputs),
            fingerprint=None if fingerprint is None else lambda inputs, ctx: fingerprint(inputs),
            check=None if check is None else lambda inputs, types: check(inputs),
        )
        return function

    return register


def _refuse_unasked(spec: NodeSpec, needs: Needs | None) -> None:
    lazy = [item.name for item in spec.inputs if item.lazy]
    if lazy and needs is None:
        raise TypeError(
            f"Node {spec.id}: {', '.join(lazy)} would never be evaluated; give "
            "@node(..., needs=function) that asks for lazy inputs."
        )


def adapt(
    function: Callable[..., Any], n_outputs: int
) -> Callable[[Inputs, Context], Output | Awaitable[Output]]:
    """The uniform call of a typed function."""
    parameters = inspect.signature(function).parameters.values()
    context = next((p.name for p in parameters if p.annotation is Context), None)

    def call(inputs: Inputs, ctx: Context) -> Output:
        extra = {context: ctx} if context else {}
        return as_output(function(**inputs, **extra), n_outputs)

    def call_generator(inputs: Inputs, ctx: Context) -> Output:
        extra = {context: ctx} if context else {}
        return as_output(drive(function(**inputs, **extra), ctx), n_outputs)

    async def call_async(inputs: Inputs, ctx: Context) -> Output:
        extra = {context: ctx} if context else {}
        return as_output(await function(**inputs, **extra), n_outputs)

    if inspect.isasyncgenfunction(function):
        raise TypeError(f"{function.__name__} is an async generator, which cannot return a result.")
    if inspect.iscoroutinefunction(function):
        return call_async
    return call_generator if inspect.isgeneratorfunction(function) else call


def drive(steps: Generator[Any, None, Any], ctx: Context) -> Any:
    """Run a generator to its end, reporting each ``value, total``; what it returned."""
    while True:
        try:
            value, total, *preview = next(steps)
        except StopIteration as end:
            return end.value
        ctx.progress(value, total, *preview)


def as_output(result: Any, n_outputs: int) -> Output:
    """Wrap what a function returned: an ``Output``, a tuple, one value or nothing."""
    if isinstance(result, Output):
        return result
    if isinstance(result, Blocked):
        return Output((result,) * n_outputs)
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
    found: list[InputSpec] = []
    for p in inspect.signature(function).parameters.values():
        if p.kind is inspect.Parameter.VAR_KEYWORD:
            named = p.annotation.items()
            found += [_input(n, socket_of(a), p.default, tooltips.get(p.name)) for n, a in named]
        elif p.annotation is not Context:
            found.append(_input(p.name, socket_of(p.annotation), p.default, tooltips.get(p.name)))
    return found


def _input(name: str, socket: Socket, default: Any, tooltip: str | None) -> InputSpec:
    """One input; its default is None if it is optional."""
    options = dict(socket.options)
    is_optional = options.pop("optional", False) or default is None
    section: Section = "optional" if is_optional else "required"
    section = "hidden" if socket.hidden else section
    if default is not None and default is not inspect.Parameter.empty:
        options = {"default": default, **options}
    if tooltip:
        options["tooltip"] = tooltip
    return InputSpec(name, socket.type, section, options, socket.choices, socket.folder)


def _outputs(sockets: list[Socket], names: tuple[str, ...] | None) -> list[OutputSpec]:
    names = names or tuple(s.type for s in sockets)
    return [OutputSpec(n, s.type, s.is_list) for n, s in zip(names, sockets, strict=True)]


def _hidden(hidden: Mapping[str, str] | None) -> list[InputSpec]:
    return [InputSpec(name, type, "hidden") for name, type in (hidden or {}).items()]
