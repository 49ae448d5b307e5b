"""A prompt as the Python source that makes it again, and scripts as prompts.

Invariant: running the source gives a prompt that is equal to the one it was made of, ids and
titles included.
"""

import builtins
import keyword
import re
import runpy
from collections.abc import Iterator, Mapping
from itertools import chain, count
from pathlib import Path
from typing import Any

from engine.errors import InvalidWorkflow
from engine.graph.prompt import VALUE_KEY, parse, topological
from engine.graph.spec import NodeSpec, Specs

from .workflow import Workflow

_WIDE = 88
#: Names that variables would hide.
_RESERVED = {*dir(builtins), *keyword.kwlist, "flow", "node"}


def source_of(graph: Mapping[str, Any], specs: Specs) -> str:
    """Python source that builds a graph in API format."""
    writer = _Writer(graph, specs)
    body = [line for id in _order(graph) for line in writer.call(id)]
    names = sorted(writer.functions)
    parts = ["Link"] * writer.uses_links + ["Workflow"] + ["node"] * writer.uses_node
    head = [f"from engine.script import {', '.join(parts)}"]
    if names:
        head += ["from engine.script.nodes import (", *(f"    {name}," for name in names), ")"]
    return "\n".join([*head, "", "with Workflow() as flow:", *(body or ["    pass"]), ""])


def from_script(path: Path) -> dict[str, Any]:
    """The prompt that a script makes: it is run, as a program of the user's.

    Raises:
        InvalidWorkflow: it makes no workflow, or several and none is called ``flow``.
    """
    found = {k: v for k, v in runpy.run_path(str(path)).items() if isinstance(v, Workflow)}
    chosen = found.get("flow") or (next(iter(found.values())) if len(found) == 1 else None)
    if chosen is None:
        names = ", ".join(sorted(found)) or "none"
        raise InvalidWorkflow(
            f"{path} must leave one Workflow, or one that is called 'flow'; it leaves {names}."
        )
    return chosen.prompt()


def _order(graph: Mapping[str, Any]) -> list[str]:
    """Sources before what uses them; nodes in a cycle last."""
    first = [id for id in topological(parse(graph)) if id in graph]
    return [*first, *(id for id in graph if id not in set(first))]


class _Writer:
    """Writes one call after the other and knows the names of the outputs so far."""

    def __init__(self, graph: Mapping[str, Any], specs: Specs) -> None:
        self._graph, self._specs = graph, specs
        self._names: dict[tuple[str, int], str] = {}
        self._taken: set[str] = set()
        self._made = 0
        self._used = {(s, n) for node in graph.values() for s, n in _links(node)}
        self.functions: set[str] = set()
        self.uses_links = self.uses_node = False

    def call(self, id: str) -> Iterator[str]:
        """The lines that make a node."""
        entry = self._graph[id]
        spec = self._specs.get(entry["class_type"])
        fields = [self._field(name, value) for name, value in entry["inputs"].items()]
        fields += self._extras(id, entry)
        function, first = self._function(entry["class_type"])
        target = self._targets(id, spec)
        opening = f"    {target} = {function}(" if target else f"    {function}("
        fields = [*first, *fields]
        one = f"{opening}{', '.join(fields)})"
        self._made += 1
        yield from [one] if len(one) <= _WIDE else _tall(opening, fields)

    def _function(self, kind: str) -> tuple[str, list[str]]:
        """What to call, and what to give it first."""
        if kind in self._specs and kind.isidentifier():
            self.functions.add(kind)
            return kind, []
        self.uses_node = True
        return "node", [repr(kind)]

    def _field(self, name: str, value: Any) -> str:
        text = self._value(value)
        plain = name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("_")
        return f"{name}={text}" if plain else f"**{{{name!r}: {text}}}"

    def _value(self, value: Any) -> str:
        if isinstance(value, dict) and set(value) == {VALUE_KEY}:
            return repr(value[VALUE_KEY])
        if not _is_link(value):
            return repr(value)
        source, slot = str(value[0]), value[1]
        if known := self._names.get((source, slot)):
            return known
        self.uses_links = True
        return f"Link({source!r}, {slot})"

    def _extras(self, id: str, entry: Mapping[str, Any]) -> list[str]:
        """What a call says besides the inputs: the id unless it comes by itself, and the rest."""
        found = [] if id == str(self._made + 1) else [f"_id={id!r}"]
        rest = {k: v for k, v in entry.items() if k not in ("class_type", "inputs")}
        if set(meta := rest.get("_meta") or {}) == {"title"} and isinstance(meta["title"], str):
            found.append(f"_title={meta['title']!r}")
            del rest["_meta"]
        return [*found, *([f"_more={rest!r}"] if rest else [])]

    def _targets(self, id: str, spec: NodeSpec | None) -> str:
        """What the outputs are called; empty if nobody uses them."""
        used = sorted(slot for source, slot in self._used if source == id)
        if not used:
            return ""
        if spec is None:
            name = self._fresh(self._graph[id]["class_type"])
            self._names |= {(id, slot): f"{name}[{slot}]" for slot in used}
            return name
        if used[-1] >= len(spec.outputs):  # a wire to nowhere; links say it by number
            return ""
        for slot in used:
            self._names[id, slot] = self._fresh(spec.outputs[slot].name or spec.outputs[slot].type)
        return ", ".join(self._names.get((id, slot), "_") for slot in range(len(spec.outputs)))

    def _fresh(self, wish: str) -> str:
        """A name like the wish that nothing has."""
        base = re.sub(r"\W+", "_", wish.lower(), flags=re.ASCII).strip("_")
        if not base.isidentifier() or base in _RESERVED:
            base = f"out_{base}"
        numbered = (f"{base}_{number}" for number in count(2))
        name = next(n for n in chain([base], numbered) if n not in self._taken)
        self._taken.add(name)
        return name


def _tall(opening: str, fields: list[str]) -> Iterator[str]:
    yield opening.rstrip()
    yield from (f"        {field}," for field in fields)
    yield "    )"


def _links(node: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    for value in node["inputs"].values():
        if _is_link(value):
            yield str(value[0]), value[1]


def _is_link(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], str | int)
        and type(value[1]) is int
    )
