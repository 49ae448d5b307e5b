"""Choices that packs make longer: the samplers and schedulers that nodes offer.

Invariant: a node that offers a longer list has another version, which tells the code behind each
new name, so that results made with other code are made again.
"""

import hashlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.graph.spec import InputSpec

from .node import Node

#: Hash of the code behind each name that a pack added.
_VERSIONS: dict[str, str] = {}


class Growing(tuple[str, ...]):
    """The names of a table, which may have more of them later.

    Attributes:
        table: by name.
    """

    table: Mapping[str, Any]

    def __new__(cls, table: Mapping[str, Any]) -> "Growing":
        made = super().__new__(cls, tuple(table))
        made.table = table
        return made


def added(name: str, function: Callable[..., Any]) -> None:
    """Note a name that a pack added to a table, with the function behind it."""
    file = inspect.getsourcefile(inspect.unwrap(function)) if inspect.isroutine(function) else None
    source = Path(file).read_bytes() if file else repr(function).encode()
    _VERSIONS[name] = hashlib.blake2b(name.encode() + source, digest_size=8).hexdigest()


def grown(nodes: Mapping[str, Node]) -> dict[str, Node]:
    """Nodes whose choices have all names that there are by now."""
    return {id: _grown(node) for id, node in nodes.items()}


def _grown(node: Node) -> Node:
    longer = [i for i in node.spec.inputs if _more(i)]
    if not longer:
        return node
    names = sorted({name for item in longer for name in _more(item)})
    code = "".join(_VERSIONS.get(name, name) for name in names)
    plain = node.spec.version.partition("+")[0]
    version = f"{plain}+{hashlib.blake2b(code.encode(), digest_size=8).hexdigest()}"
    inputs = tuple(_longer(item) if item in longer else item for item in node.spec.inputs)
    return replace(node, spec=replace(node.spec, inputs=inputs, version=version))


def _more(item: InputSpec) -> tuple[str, ...]:
    """The names that a choice lacks, and those whose code may have changed."""
    if not isinstance(item.choices, Growing):
        return ()
    return tuple(n for n in item.choices.table if n not in item.choices or n in _VERSIONS)


def _longer(item: InputSpec) -> InputSpec:
    assert isinstance(item.choices, Growing)
    return replace(item, choices=Growing(item.choices.table))
