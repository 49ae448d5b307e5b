"""List mapping: how the items of list values become single calls, and calls become lists.

Every value on a wire is a list of items. A node is called once for each item of its longest
input; shorter inputs repeat their last item. A node with ``input_is_list`` gets the lists.

Invariant: an empty list means no items, so no call is made and every output is empty.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.graph.spec import NodeSpec
from engine.plugins.node import Output


def calls(inputs: Mapping[str, list[Any]], spec: NodeSpec) -> list[dict[str, Any]]:
    """Keyword arguments of each call."""
    if spec.input_is_list:
        return [dict(inputs)]
    if not inputs:
        return [{}]
    lengths = [len(items) for items in inputs.values()]
    count = 0 if 0 in lengths else max(lengths)
    return [{n: items[min(i, len(items) - 1)] for n, items in inputs.items()} for i in range(count)]


def gather(outputs: Sequence[Output], spec: NodeSpec) -> tuple[list[Any], ...]:
    """Per output socket, the items of all calls."""
    sockets = range(len(spec.outputs))
    return tuple(
        [item for output in outputs for item in _items(output.values[i], spec.outputs[i].is_list)]
        for i in sockets
    )


def _items(value: Any, is_list: bool) -> Sequence[Any]:
    return value if is_list else (value,)


def merge_ui(outputs: Sequence[Output]) -> dict[str, list[Any]]:
    """What all calls showed, joined by key."""
    merged: dict[str, list[Any]] = {}
    for output in outputs:
        for key, items in output.ui.items():
            merged.setdefault(key, []).extend(items)
    return merged
