"""Calling nodes that are classes: instances, hidden inputs, results as dictionaries.

Invariant: a class is called on an instance of its own for each node id, with keyword
arguments only; hidden inputs come from the engine, never from the prompt.
"""

import inspect
import json
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from engine.errors import NodeError
from engine.graph.spec import NodeSpec

from .current import calling
from .looks import LOOKS
from .node import Blocked, Context, Inputs, Output, Verdict

#: Instances that are kept for a class; the one used longest ago goes first.
KEPT_INSTANCES = 256
_RESULT_KEYS = frozenset({"ui", "result", "expand"})


@dataclass(frozen=True)
class Parameters:
    """The names that a function takes.

    Attributes:
        names: its parameters.
        accepts_all: it takes ``**kwargs``.
    """

    names: frozenset[str]
    accepts_all: bool

    def __contains__(self, name: str) -> bool:
        return name in self.names


def parameters_of(function: Callable[..., Any]) -> Parameters:
    """Which keyword arguments a function takes."""
    found = inspect.signature(function).parameters.values()
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    names = frozenset(p.name for p in found if p.kind in kinds)
    return Parameters(names, any(p.kind is inspect.Parameter.VAR_KEYWORD for p in found))


class ClassCalls:
    """The callables of one class.

    Attributes:
        cls: the class.
        is_async: its function is a coroutine function.
    """

    def __init__(self, cls: Any, spec: NodeSpec) -> None:
        self.cls = cls
        self._spec = spec
        self._function = str(cls.FUNCTION)
        self._hidden = {i.name: i.type for i in spec.inputs if i.section == "hidden"}
        self._instances: OrderedDict[str, Any] = OrderedDict()
        self._lock = threading.Lock()
        self.is_async = inspect.iscoroutinefunction(getattr(cls, self._function))

    def call(self, inputs: Inputs, ctx: Context) -> Output:
        """Call the class's function."""
        function = getattr(self._instance(ctx.node_id), self._function)
        with without_gradients(), calling(ctx):
            return read_result(function(**self._arguments(inputs, ctx)), self._spec)

    async def call_async(self, inputs: Inputs, ctx: Context) -> Output:
        """Call the class's coroutine function."""
        function = getattr(self._instance(ctx.node_id), self._function)
        with calling(ctx):
            return read_result(await function(**self._arguments(inputs, ctx)), self._spec)

    def needs(self, inputs: Inputs, ctx: Context) -> Any:
        """Ask ``check_lazy_status``."""
        asked = self._instance(ctx.node_id).check_lazy_status(**self._arguments(inputs, ctx))
        return _names_later(asked) if inspect.isawaitable(asked) else asked or ()

    def fingerprint(self, inputs: Inputs, ctx: Context) -> Any:
        """Ask ``IS_CHANGED``."""
        shown = {name: [v] for name, v in inputs.items()} if self._takes_lists else inputs
        return self.cls.IS_CHANGED(**self._arguments(shown, ctx))

    def check(self, inputs: Inputs, types: Mapping[str, str]) -> Any:
        """Ask ``VALIDATE_INPUTS`` about what it names.

        Wired inputs that it names are None; if it cannot live with that, it is believed to
        have nothing against them, since their values are not known yet.
        """
        hook = self.cls.VALIDATE_INPUTS
        names = parameters_of(hook)
        shown = {n: v for n, v in inputs.items() if names.accepts_all or n in names}
        wired = {name: None for name in types if name in names}
        arguments = {**shown, **wired}
        if self._takes_lists:
            arguments = {name: [value] for name, value in arguments.items()}
        if "input_types" in names:
            arguments["input_types"] = dict(types)
        verdict = _ask(hook, arguments, bool(wired))
        return _verdict_later(verdict) if inspect.isawaitable(verdict) else _verdict(verdict)

    @property
    def _takes_lists(self) -> bool:
        return self._spec.input_is_list

    def _instance(self, node_id: str) -> Any:
        """The instance of a node, which may keep state between runs."""
        with self._lock:
            if node_id not in self._instances:
                self._instances[node_id] = self.cls()
            self._instances.move_to_end(node_id)
            if len(self._instances) > KEPT_INSTANCES:
                self._instances.popitem(last=False)
            return self._instances[node_id]

    def _arguments(self, inputs: Inputs, ctx: Context) -> dict[str, Any]:
        hidden = {name: hidden_value(type, ctx) for name, type in self._hidden.items()}
        if self._takes_lists:
            hidden = {name: [value] for name, value in hidden.items()}
        shown = {name: LOOKS.put_on(value) for name, value in inputs.items()}
        return {**shown, **hidden}


def hidden_value(type: str, ctx: Context) -> Any:
    """What a hidden input receives; None for what this engine does not have."""
    match type:
        case "UNIQUE_ID":
            return ctx.node_id
        case "PROMPT":
            return ctx.metadata.get("prompt")
        case "EXTRA_PNGINFO":
            extra = {key: value for key, value in ctx.metadata.items() if key != "prompt"}
            return extra or None
        case "DYNPROMPT":
            return ctx.graph
        case _:
            return None


def without_gradients() -> AbstractContextManager[Any]:
    """Classes rely on being called where torch records no gradients."""
    torch = sys.modules.get("torch")
    return nullcontext() if torch is None else torch.no_grad()


def _ask(hook: Callable[..., Any], arguments: Mapping[str, Any], may_fail: bool) -> Any:
    try:
        return hook(**arguments)
    except Exception:
        if may_fail:
            return True
        raise


async def _names_later(asked: Any) -> Iterable[str]:
    return await asked or ()


async def _verdict_later(verdict: Any) -> Verdict:
    return _verdict(await verdict)


def _verdict(verdict: Any) -> Verdict:
    return verdict if isinstance(verdict, bool | str) else str(verdict)


def read_result(result: Any, spec: NodeSpec) -> Output:
    """What a class returned: a tuple, a dictionary of ui, result and expand, or a block."""
    if isinstance(result, Output):
        return result
    ui: dict[str, list[Any]] = {}
    expand = None
    if isinstance(result, Mapping) and (not result or result.keys() & _RESULT_KEYS):
        ui, expand = plain_ui(result.get("ui") or {}), result.get("expand")
        result = result.get("result")
        if expand is not None and not isinstance(expand, Mapping):
            raise NodeError(f"{spec.display_name} expanded into {expand!r}, which is no graph.")
    values = tuple(LOOKS.take_off(value) for value in _values(result, spec))
    return Output(values, ui, None if expand is None else _bare(expand))


def _bare(expand: Mapping[str, Any]) -> dict[str, Any]:
    """An expansion whose nodes are given values as the engine knows them."""
    return {
        id: {**node, "inputs": {k: LOOKS.take_off(v) for k, v in node["inputs"].items()}}
        if isinstance(node, Mapping) and isinstance(node.get("inputs"), Mapping)
        else node
        for id, node in expand.items()
    }


def _values(result: Any, spec: NodeSpec) -> tuple[Any, ...]:
    if isinstance(result, Blocked):
        return (result,) * len(spec.outputs)
    if isinstance(result, list | tuple):
        return tuple(result)
    if result is None:
        return ()
    return (result,)


def plain_ui(ui: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What a class shows, as lists of JSON data."""
    shown = {key: _list(value) for key, value in ui.items()}
    data: dict[str, list[Any]] = json.loads(json.dumps(shown, default=str))
    return data


def _list(value: Any) -> Sequence[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
