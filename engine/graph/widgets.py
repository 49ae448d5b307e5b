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
    named = node.get("widgets_values_named")
    values = node.get("widgets_values")
    if isinstance(named, Mapping):
        return dict(named)
    if isinstance(values, Mapping):
        known = {i.name for i in spec.inputs} if spec else values.keys()
        return {name: value for name, value in values.items() if name in known}
    return _positional(values, spec) if isinstance(values, list) and spec else {}


def _positional(values: list[Any], spec: NodeSpec) -> dict[str, Any]:
    named: dict[str, Any] = {}
    position = 0
    for item in spec.inputs:
        if not is_widget(item) or position >= len(values):
            continue
        named[item.name] = values[position]
        position += 1
        if position < len(values) and _is_extra(item, values[position]):
            position += 1
    return named


def is_widget(item: InputSpec) -> bool:
    """Whether the input has a value on the canvas."""
    if item.section == "hidden" or item.options.get("forceInput"):
        return False
    return item.type in WIDGET_TYPES


def _is_extra(item: InputSpec, value: Any) -> bool:
    if item.options.get("control_after_generate") or (item.type == "INT" and item.name in SEEDS):
        return value in CONTROLS
    upload = any(item.options.get(f"{kind}_upload") for kind in ("image", "audio", "video"))
    return upload and value in ("image", "audio", "video")
