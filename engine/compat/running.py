"""``comfy_execution.utils``: which node is running."""

from dataclasses import dataclass

from . import state


@dataclass(frozen=True)
class ExecutionContext:
    """The node that is running.

    Attributes:
        prompt_id: empty; runs are told apart by the engine.
        node_id: of the node.
        list_index: number of the call, if it is called for each item of a list.
    """

    prompt_id: str
    node_id: str
    list_index: int | None = None


def get_executing_context() -> ExecutionContext | None:
    """The node that is running; None outside of one."""
    ctx = state.context()
    return None if ctx is None else ExecutionContext("", ctx.node_id)
