"""The one description of a node: plain frozen data that every other part reads.

Invariant: a spec is complete (validation, /object_info, the canvas, the command line and the
docs need nothing else) and survives a round trip through JSON unchanged.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Section = Literal["required", "optional", "hidden"]
Lane = Literal["device", "host"]

#: Lists the file names that a folder offers now, such as ``checkpoints``.
ListFiles = Callable[[str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class InputSpec:
    """One input of a node.

    Attributes:
        name: keyword under which the node receives the value.
        type: socket type; ``COMBO`` for a choice; ``A,B`` for a union; ``*`` for any.
        section: required, optional, or hidden (filled in by the engine).
        options: default, min, max, step, tooltip and the other widget options.
        choices: allowed values of a fixed choice.
        folder: name of the folder whose files are the choices.
    """

    name: str
    type: str
    section: Section = "required"
    options: Mapping[str, Any] = field(default_factory=dict)
    choices: tuple[Any, ...] | None = None
    folder: str | None = None

    @property
    def lazy(self) -> bool:
        """Whether its source runs only if the node asks for it."""
        return bool(self.options.get("lazy"))

    def allowed(self, list_files: ListFiles) -> Sequence[Any] | None:
        """The values a choice may take now; None if the input is no choice."""
        return list_files(self.folder) if self.folder is not None else self.choices


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """One output of a node; ``is_list`` outputs feed their items one by one."""

    name: str
    type: str
    is_list: bool = False
    tooltip: str = ""


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """One kind of node.

    Attributes:
        id: the ``class_type`` of prompts.
        display_name: title on the canvas.
        category: slash-separated menu path.
        description: what it does, for the user.
        module: Python module that defines it.
        version: changes whenever the code may compute something else.
        lane: ``device`` nodes run one at a time, ``host`` nodes beside them.
        is_output: a root of execution.
        idempotent: False puts the node's own id into its signature.
        own_checks: inputs whose range and choice the node checks itself, by code that only a
            worker can run; None if it has no such check.
        own_link_checks: it also judges itself which types may be wired to it.
        loop: ``start`` or ``end`` of a loop; see :mod:`engine.graph.loops`.
        pair: the kind of node at the other side of the loop.
    """

    id: str
    display_name: str
    category: str
    inputs: tuple[InputSpec, ...] = ()
    outputs: tuple[OutputSpec, ...] = ()
    description: str = ""
    module: str = ""
    version: str = ""
    lane: Lane = "device"
    is_output: bool = False
    input_is_list: bool = False
    idempotent: bool = True
    deprecated: bool = False
    experimental: bool = False
    search_aliases: tuple[str, ...] = ()
    own_checks: tuple[str, ...] | None = None
    own_link_checks: bool = False
    loop: Literal["", "start", "end"] = ""
    pair: str = ""

    def input(self, name: str) -> InputSpec | None:
        """The input of that name, or None."""
        return next((i for i in self.inputs if i.name == name), None)


#: All known kinds, by id.
Specs = Mapping[str, NodeSpec]


def index(specs: Iterable[NodeSpec]) -> dict[str, NodeSpec]:
    """Specs by id."""
    return {spec.id: spec for spec in specs}


def to_json(spec: NodeSpec) -> dict[str, Any]:
    """Plain JSON data of a spec, for the disk and for the worker protocol."""
    return asdict(spec)


def from_json(data: Mapping[str, Any]) -> NodeSpec:
    """The inverse of :func:`to_json`."""
    inputs = (InputSpec(**{**i, "choices": _tuple(i["choices"])}) for i in data["inputs"])
    outputs = (OutputSpec(**o) for o in data["outputs"])
    sequences = {
        "inputs": tuple(inputs),
        "outputs": tuple(outputs),
        "search_aliases": tuple(data["search_aliases"]),
        "own_checks": _tuple(data.get("own_checks")),
    }
    return NodeSpec(**{**data, **sequences})


def _tuple(items: Sequence[Any] | None) -> tuple[Any, ...] | None:
    return None if items is None else tuple(items)


def object_info(spec: NodeSpec, list_files: ListFiles) -> dict[str, Any]:
    """The node's entry in ``GET /object_info``, in the shape that this field shares."""
    sections: dict[str, dict[str, Any]] = {"required": {}, "optional": {}, "hidden": {}}
    for item in spec.inputs:
        sections[item.section][item.name] = input_config(item, list_files)
    present = {k: v for k, v in sections.items() if v or k == "required"}
    return {
        "input": present,
        "input_order": {k: list(v) for k, v in present.items()},
        "output": [o.type for o in spec.outputs],
        "output_is_list": [o.is_list for o in spec.outputs],
        "output_name": [o.name for o in spec.outputs],
        "output_tooltips": [o.tooltip for o in spec.outputs],
        "name": spec.id,
        "display_name": spec.display_name,
        "description": spec.description,
        "python_module": spec.module,
        "category": spec.category,
        "output_node": spec.is_output,
        "is_input_list": spec.input_is_list,
        "has_intermediate_output": False,
        "search_aliases": list(spec.search_aliases),
        "deprecated": spec.deprecated,
        "experimental": spec.experimental,
    }


def input_config(item: InputSpec, list_files: ListFiles) -> Any:
    """``[type, options]`` of an input; a choice has its values in place of the type."""
    if item.section == "hidden":
        return item.type
    allowed = item.allowed(list_files)
    kind = item.type if allowed is None else list(allowed)
    return [kind, dict(item.options)] if item.options else [kind]
