"""``nodes.pyi``: the signature of every node, for type checkers and editors."""

import json
import re
from collections.abc import Iterable

from engine.graph.spec import InputSpec, NodeSpec

_CONSTANTS = {"INT": "int", "FLOAT": "float", "STRING": "str", "BOOLEAN": "bool", "COLOR": "str"}
#: Longest list of choices that stands in a signature; longer ones have a name above.
_SHORT = 4
_HEAD = '''"""Written by tools/write_docs.py; change the code, not this file."""

from collections.abc import Mapping
from typing import Any, Literal

from .workflow import Link
'''


def stubs_of(specs: Iterable[NodeSpec]) -> str:
    """The text of the file."""
    known = sorted((s for s in specs if s.id.isidentifier()), key=lambda spec: spec.id)
    names = sorted({name for spec in known for name in _types(spec)})
    choices = _Choices()
    functions = [_function(spec, choices) for spec in known]
    sockets = "\n".join(f"class {name}: ..." for name in names)
    return "\n".join([_HEAD, sockets, "", *choices.lines(), "", *functions])


class _Choices:
    """Long lists of choices, each once and by name."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, ...], str] = {}

    def name(self, wish: str, found: tuple[str, ...]) -> str:
        """The name of a list; the input's, perhaps with a number."""
        if found not in self._names:
            base = "".join(word.capitalize() for word in re.split(r"\W+|_", wish)) or "Choice"
            taken = sum(name.rstrip("0123456789") == base for name in self._names.values())
            self._names[found] = base + (str(taken + 1) if taken else "")
        return self._names[found]

    def lines(self) -> list[str]:
        """Their definitions."""
        return [f"{name} = {_literal(found)}" for found, name in self._names.items()]


def _function(spec: NodeSpec, choices: _Choices) -> str:
    fields = [_field(item, choices) for item in _inputs(spec) if item.name.isidentifier()]
    fields += ["_id: str = ...", "_title: str = ...", "_more: Mapping[str, Any] = ..."]
    if len(_inputs(spec)) > len(fields) - 3 or any(_grows(item) for item in spec.inputs):
        fields.append("**more: Any")
    given = "".join(f"    {field},\n" for field in fields)
    text = " ".join(spec.description.split()).replace("\\", "\\\\").replace('"', "'")
    about = f'    """{text}"""\n' if text else "    ...\n"
    return f"def {spec.id}(\n    *,\n{given}) -> {_result(spec)}:\n{about}"


def _inputs(spec: NodeSpec) -> list[InputSpec]:
    """Inputs that a caller gives; those that must be given first."""
    shown = [item for item in spec.inputs if item.section != "hidden"]
    return sorted(shown, key=_may_be_left_out)


def _may_be_left_out(item: InputSpec) -> bool:
    if item.section == "optional" or "default" in item.options:
        return True
    has_first = item.choices or item.options.get("options")
    return bool(has_first) or item.type in ("INT", "FLOAT", "STRING", "BOOLEAN", "COLOR")


def _field(item: InputSpec, choices: _Choices) -> str:
    default = " = ..." if _may_be_left_out(item) else ""
    return f"{item.name}: {_type(item, choices)}{default}"


def _type(item: InputSpec, choices: _Choices) -> str:
    if item.type == "COMBO":
        return f"{_combo(item, choices)} | Link[Any]"
    if item.type == "*" or _grows(item):
        return "Any"
    names = [name.strip() for name in item.type.split(",")]
    if "FLOAT" in names and "INT" not in names:
        names.append("INT")
    constants = [_CONSTANTS[name] for name in names if name in _CONSTANTS and name != "INT"]
    constants += ["int"] if names[0] == "INT" else []
    return " | ".join([*constants, *(f"Link[{_class(name)}]" for name in names)])


def _combo(item: InputSpec, choices: _Choices) -> str:
    found = tuple(item.choices or ())
    if item.options.get("multi_select"):
        return "Any"
    if not found or not all(isinstance(choice, str) for choice in found):
        return "str" if item.folder else "Any"
    return _literal(found) if len(found) <= _SHORT else choices.name(item.name, found)


def _literal(found: tuple[str, ...]) -> str:
    return f"Literal[{', '.join(json.dumps(name, ensure_ascii=False) for name in found)}]"


def _grows(item: InputSpec) -> bool:
    return item.type.startswith("COMFY_")


def _result(spec: NodeSpec) -> str:
    links = [_link(output.type) for output in spec.outputs]
    return "None" if not links else links[0] if len(links) == 1 else f"tuple[{', '.join(links)}]"


def _link(type: str) -> str:
    return "Link[Any]" if type == "*" or "," in type else f"Link[{_class(type)}]"


def _types(spec: NodeSpec) -> set[str]:
    """Classes that stand for the types of a node's sockets."""
    found = {i.type for i in _inputs(spec) if i.type != "COMBO" and not _grows(i)}
    found |= {output.type for output in spec.outputs}
    found |= {"INT"} if "FLOAT" in found else set()
    return {_class(name) for type in found for name in type.split(",") if name.strip() != "*"}


def _class(type: str) -> str:
    return re.sub(r"\W", "_", type.strip())
