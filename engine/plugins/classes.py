"""Classes with ``INPUT_TYPES`` as nodes: what a class says of itself becomes a ``NodeSpec``.

Invariant: everything a user sees of such a node is read from its class once, at import, and
is plain JSON; the calls are made by ``class_calls``.
"""

import asyncio
import hashlib
import inspect
import json
import math
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any

from engine import __version__
from engine.graph.spec import InputSpec, NodeSpec, OutputSpec, Section

from .class_calls import ClassCalls, parameters_of
from .node import Node

#: Hidden inputs whose value makes two equal nodes different.
_PERSONAL = "UNIQUE_ID"


class FileList(list[str]):
    """The files of a folder; a choice that a class makes of it follows the folder.

    Attributes:
        folder: the kind of model file.
    """

    def __init__(self, folder: str, names: Iterable[str]) -> None:
        super().__init__(names)
        self.folder = folder


@dataclass
class Adapted:
    """What became of the classes of a module.

    Attributes:
        nodes: by id.
        errors: per id, the traceback of a class that cannot be a node.
    """

    nodes: dict[str, Node] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


def classes_of(module: ModuleType) -> Adapted:
    """The nodes of a module's ``NODE_CLASS_MAPPINGS``, or else of its ``comfy_entrypoint``."""
    found = Adapted()
    classes = getattr(module, "NODE_CLASS_MAPPINGS", None)
    titles = getattr(module, "NODE_DISPLAY_NAME_MAPPINGS", None)
    entrypoint = getattr(module, "comfy_entrypoint", None)
    if classes is None and callable(entrypoint):
        schemas = extension_nodes(entrypoint)
        classes = {schema.node_id: cls for cls, schema in schemas}
        titles = {schema.node_id: schema.display_name for _, schema in schemas}
    for id, cls in dict(classes or {}).items():
        try:
            title = (titles or {}).get(id)
            found.nodes[str(id)] = adapt(str(id), cls, None if title is None else str(title))
        except Exception:
            found.errors[str(id)] = traceback.format_exc()
    return found


def extension_nodes(entrypoint: Callable[[], Any]) -> list[tuple[type, Any]]:
    """The schema nodes of an extension, each with its schema.

    Args:
        entrypoint: gives the extension, perhaps to be awaited.
    """

    async def ask() -> list[type]:
        given = entrypoint()
        extension = await given if inspect.isawaitable(given) else given
        await extension.on_load()
        return list(await extension.get_node_list())

    # A thread of its own, since packs may be loaded where an event loop runs already.
    with ThreadPoolExecutor(1) as thread:
        classes = thread.submit(asyncio.run, ask()).result()
    return [(cls, cls.GET_SCHEMA()) for cls in classes]  # type: ignore[attr-defined]


def adapt(id: str, cls: type, title: str | None = None) -> Node:
    """A class as a node.

    Args:
        id: the ``class_type`` of prompts.
        cls: with INPUT_TYPES, RETURN_TYPES and FUNCTION, or with a schema.
        title: display name; the id if there is none.
    """
    if callable(classic := getattr(cls, "classic_class", None)):
        cls = classic()
    spec = spec_of(id, cls, title)
    calls = ClassCalls(cls, spec)
    return Node(
        spec,
        calls.call_async if calls.is_async else calls.call,
        is_async=calls.is_async,
        needs=calls.needs if _has(cls, "check_lazy_status") else None,
        fingerprint=calls.fingerprint if _has(cls, "IS_CHANGED") else None,
        check=calls.check if _has(cls, "VALIDATE_INPUTS") else None,
    )


def _has(cls: Any, name: str) -> bool:
    return callable(getattr(cls, name, None))


def spec_of(id: str, cls: Any, title: str | None) -> NodeSpec:
    """What a class says of itself."""
    inputs = inputs_of(cls.INPUT_TYPES())
    checked = _own_checks(cls, inputs)
    return NodeSpec(
        id=id,
        display_name=title or id,
        category=str(getattr(cls, "CATEGORY", "sd")),
        inputs=inputs,
        outputs=outputs_of(cls),
        description=inspect.cleandoc(str(getattr(cls, "DESCRIPTION", "") or "")),
        module=pack_module(cls.__module__),
        version=code_version(cls),
        is_output=bool(getattr(cls, "OUTPUT_NODE", False)),
        input_is_list=bool(getattr(cls, "INPUT_IS_LIST", False)),
        idempotent=not getattr(cls, "NOT_IDEMPOTENT", False)
        and all(item.type != _PERSONAL for item in inputs),
        deprecated=bool(getattr(cls, "DEPRECATED", False)),
        experimental=bool(getattr(cls, "EXPERIMENTAL", False)),
        search_aliases=tuple(str(a) for a in getattr(cls, "SEARCH_ALIASES", None) or ()),
        own_checks=checked,
        own_link_checks=checked is not None and "input_types" in parameters_of(cls.VALIDATE_INPUTS),
    )


def _own_checks(cls: Any, inputs: Sequence[InputSpec]) -> tuple[str, ...] | None:
    """The inputs that VALIDATE_INPUTS takes over: those that it names, or all for ``**kwargs``."""
    if not _has(cls, "VALIDATE_INPUTS"):
        return None
    names = parameters_of(cls.VALIDATE_INPUTS)
    all_of_them = names.accepts_all
    visible = [item.name for item in inputs if item.section != "hidden"]
    return tuple(name for name in visible if all_of_them or name in names)


def inputs_of(declared: Mapping[str, Any]) -> tuple[InputSpec, ...]:
    """Inputs from the dictionary that ``INPUT_TYPES`` gives."""
    sections: tuple[Section, ...] = ("required", "optional", "hidden")
    return tuple(
        _input(str(name), value, section)
        for section in sections
        for name, value in dict(declared.get(section) or {}).items()
    )


def _input(name: str, declared: Any, section: Section) -> InputSpec:
    if section == "hidden":
        kind = declared[0] if isinstance(declared, list | tuple) else declared
        return InputSpec(name, type_name(kind), "hidden")
    kind, *rest = declared if isinstance(declared, list | tuple) else (declared,)
    options = plain(rest[0]) if rest and isinstance(rest[0], Mapping) else {}
    if isinstance(kind, FileList):
        return InputSpec(name, "COMBO", section, options, folder=kind.folder)
    if isinstance(kind, list | tuple):
        return InputSpec(name, "COMBO", section, options, tuple(plain(list(kind))))
    choices = None
    if type_name(kind) == "COMBO" and "multi_select" not in options and "options" in options:
        choices = tuple(options.pop("options"))
    return InputSpec(name, type_name(kind), section, options, choices)


def outputs_of(cls: Any) -> tuple[OutputSpec, ...]:
    """Outputs from RETURN_TYPES, RETURN_NAMES, OUTPUT_IS_LIST and OUTPUT_TOOLTIPS."""
    types = _sequence(cls.RETURN_TYPES)
    kinds = ["COMBO" if isinstance(t, list | tuple) else type_name(t) for t in types]
    names = _sequence(getattr(cls, "RETURN_NAMES", None))
    lists = _sequence(getattr(cls, "OUTPUT_IS_LIST", None))
    tips = _sequence(getattr(cls, "OUTPUT_TOOLTIPS", None))
    return tuple(
        OutputSpec(
            name=str(names[i]) if i < len(names) else kind,
            type=kind,
            is_list=bool(lists[i]) if i < len(lists) else False,
            tooltip=str(tips[i] or "") if i < len(tips) else "",
        )
        for i, kind in enumerate(kinds)
    )


def _sequence(value: Any) -> Sequence[Any]:
    """A declared tuple; one bare text stands for a tuple of one."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str | bool) else tuple(value)


def type_name(kind: Any) -> str:
    """The plain text of a type, which packs also write as members of enums or as own strings.

    >>> type_name("IMAGE"), type_name(Enum("IO", {"MASK": "MASK"}).MASK)
    ('IMAGE', 'MASK')
    """
    value = kind.value if isinstance(kind, Enum) else kind
    return str.__str__(value) if isinstance(value, str) else str(value)


def plain(value: Any) -> Any:
    """Options as JSON data: infinite bounds are left out, what is no JSON becomes text."""
    if isinstance(value, Mapping):
        bounded = {str(k): v for k, v in value.items() if not _is_infinite(v)}
        return {key: plain(item) for key, item in bounded.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, Enum):
        return plain(value.value)
    return json.loads(json.dumps(value, default=str))


def _is_infinite(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def pack_module(name: str) -> str:
    """The module that clients know: for a pack, the pack itself.

    >>> pack_module("custom_nodes.some_pack.inner.part"), pack_module("nodes.image")
    ('custom_nodes.some_pack', 'nodes.image')
    """
    parts = name.split(".")
    return ".".join(parts[:2]) if parts[0] == "custom_nodes" else name


def code_version(cls: type) -> str:
    """Hash of the engine version and the source of the class's module."""
    path = getattr(sys.modules.get(cls.__module__), "__file__", None)
    source = Path(path).read_bytes() if path else repr(sorted(vars(cls))).encode()
    return hashlib.blake2b(__version__.encode() + b"\0" + source, digest_size=8).hexdigest()
