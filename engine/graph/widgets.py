"""Which value of ``widgets_values`` belongs to which input.

The canvas saves widget values by position, in the order of the node's inputs, with extra
values of its own behind some of them (formats: seed control, upload button).

Invariant: an extra value is only skipped where it is recognised, so files written before an
extra existed are read as well.
"""

from collections.abc import Mapping
from typing import Any

from .spec import InputSpec, NodeSpec
from .types import WIDGET_TYPES

CONTROLS = frozenset({"fixed", "increment", "decrement", "randomize", "increment-wrap"})
SEEDS = frozenset({"seed", "noise_seed"})


def named_widgets(node: Mapping[str, Any], spec: NodeSpec | None) -> dict[str, Any]:
    """Widget values of a canvas node by input name.

    Args:
        node: the raw node object.
        spec: its kind; None for an unknown kind, whose values only an object can name.
    """
    values = stored_values(node)
    if isinstance(values, Mapping):
        known = {i.name for i in spec.inputs if is_widget(i)} if spec else values.keys()
        found = {name: value for name, value in values.items() if name in known}
    else:
        found = _positional(values, spec) if isinstance(values, list) and spec else {}
    filled = {name: value for name, value in found.items() if value is not None}
    return {**_defaults(spec), **filled} if spec else filled


def stored_values(node: Mapping[str, Any]) -> Any:
    """The values of a node as its file keeps them: by position or by name.

    Newer files keep both. Editors that know only the list change only the list, so the names
    count where the list cannot be theirs because it has another length.
    """
    named, values = node.get("widgets_values_named"), node.get("widgets_values")
    if not isinstance(named, Mapping) or isinstance(values, Mapping):
        return values
    return values if isinstance(values, list) and len(values) == len(named) else named


def _defaults(spec: NodeSpec) -> dict[str, Any]:
    """What a fresh node shows, for widgets that the file says nothing about."""
    values = ((item.name, _default(item)) for item in spec.inputs if is_widget(item))
    return {name: value for name, value in values if value is not None}


def _default(item: InputSpec) -> Any:
    if "default" in item.options:
        return item.options["default"]
    if item.type == "COMBO":
        if item.options.get("multi_select"):
            return []
        # The files of a folder are not known here; validation names what is missing.
        return next(iter(item.choices or item.options.get("options") or ()), None)
    blank = {"BOOLEAN": False, "STRING": "", "COLOR": "#ffffff"}
    return blank.get(item.type, item.options.get("min", 0))


def _positional(values: list[Any], spec: NodeSpec) -> dict[str, Any]:
    return {name: values[place] for name, place in _places(values, spec).items()}


def place_of(values: list[Any], spec: NodeSpec, name: str) -> int | None:
    """Where in a node's list the value of an input stands; None if it is not there."""
    return _places(values, spec).get(name)


def _places(values: list[Any], spec: NodeSpec) -> dict[str, int]:
    found: dict[str, int] = {}
    position = 0
    for item in spec.inputs:
        if not is_widget(item) or position >= len(values):
            continue
        found[item.name] = position
        position += 1
        if position < len(values) and _is_extra(item, values[position]):
            position += 1
    return found


def is_widget(item: InputSpec) -> bool:
    """Whether the input has a value on the canvas."""
    if item.section == "hidden" or item.options.get("forceInput"):
        return False
    return item.options.get("widgetType", item.type) in WIDGET_TYPES


def _is_extra(item: InputSpec, value: Any) -> bool:
    if not isinstance(value, str):
        return False
    if item.options.get("control_after_generate") or (item.type == "INT" and item.name in SEEDS):
        return value in CONTROLS
    upload = any(item.options.get(f"{kind}_upload") for kind in ("image", "audio", "video"))
    return upload and value in ("image", "audio", "video")
