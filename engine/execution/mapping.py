"""List mapping: how the items of list values become single calls, and calls become lists.

Every value on a wire is a list of items. A node is called once for each item of its longest
input; shorter inputs repeat their last item. A node with ``input_is_list`` gets the lists.

Invariant: an empty list means no items, so no call is made and every output is empty; a call
with a blocked item is not made, and gives the block on every output.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from engine.graph.spec import NodeSpec
from engine.plugins.node import Blocked, Output

Arguments = dict[str, Any]


def calls(inputs: Mapping[str, list[Any]], spec: NodeSpec) -> list[Arguments]:
    """Keyword arguments of each call."""
    if spec.input_is_list:
        return [dict(inputs)]
    if not inputs:
        return [{}]
    lengths = [len(items) for items in inputs.values()]
    if max(lengths) == 1 == min(lengths):
        return [{name: items[0] for name, items in inputs.items()}]
    count = 0 if 0 in lengths else max(lengths)
    return [{n: items[min(i, len(items) - 1)] for n, items in inputs.items()} for i in range(count)]


def blocks_in(
    inputs: Mapping[str, list[Any]], arguments: Sequence[Arguments], spec: NodeSpec
) -> list[Blocked | None]:
    """Per call, what blocks it: the first blocked item with a message, else any blocked item.

    Args:
        inputs: the lists that the calls were made from.
        arguments: of each call.
        spec: of the node.
    """
    if not any(type(item) is Blocked for items in inputs.values() for item in items):
        return [None] * len(arguments)
    return [_block_in(each, spec) for each in arguments]


def _block_in(arguments: Arguments, spec: NodeSpec) -> Blocked | None:
    items: Iterable[Any] = arguments.values()
    if spec.input_is_list:
        items = chain.from_iterable(items)
    found = [item for item in items if type(item) is Blocked]
    return next((b for b in found if b.message), found[0]) if found else None


def skipped(spec: NodeSpec) -> Output:
    """The result of a call that was not made; what blocked it is told by its message once."""
    return Output((Blocked(),) * len(spec.outputs))


def gather(outputs: Sequence[Sequence[Any]], spec: NodeSpec) -> tuple[list[Any], ...]:
    """Per output socket, the items of all calls.

    Args:
        outputs: per call, one value a socket.
        spec: of the node.
    """
    sockets = range(len(spec.outputs))
    return tuple(
        [item for values in outputs for item in _items(values[i], spec.outputs[i].is_list)]
        for i in sockets
    )


def _items(value: Any, is_list: bool) -> Sequence[Any]:
    if type(value) is Items:
        return value
    return value if is_list and type(value) is not Blocked else (value,)


class Items(list[Any]):
    """The items that an inner node produced, taken over as they are."""


def merge_ui(outputs: Sequence[Output]) -> dict[str, list[Any]]:
    """What all calls showed, joined by key."""
    merged: dict[str, list[Any]] = {}
    for output in outputs:
        for key, items in output.ui.items():
            merged.setdefault(key, []).extend(items)
    return merged
