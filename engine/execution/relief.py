"""What happens when memory runs out: everything that can be given up is, and the node is called
once more, in smaller pieces if it knows how.

Invariant: a node is called again at most once, and whoever follows the run is told of it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from .invoke import Asked, Called, Invocation, invoke

#: Names of the errors that say so, and words in the texts of others.
_NAMES = frozenset({"OutOfMemoryError", "MemoryError"})
_WORDS = ("out of memory", "can't allocate memory", "failed to allocate")

#: Gives memory up; returns a sentence that says what.
Relieve = Callable[[], str]


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory ran out, on the device or the host."""
    if type(error).__name__ in _NAMES:
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(words in text for words in _WORDS)


def invoke_with_relief(
    this: Invocation,
    loop: asyncio.AbstractEventLoop,
    relieve: Relieve,
    tell: Callable[[str], None],
) -> Called | Asked:
    """Call a synchronous node, and again with more room if memory ran out.

    Args:
        this: what to call.
        loop: the event loop; this must not be its thread.
        relieve: gives memory up.
        tell: hears why the node is called again.
    """
    try:
        return invoke(this, loop)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
    # Only here, behind the handler, the error and all that its frames held are gone.
    freed = relieve()
    tell(f"Memory ran out. {freed} The node is run again, in smaller pieces where it can.")
    return invoke(replace(this, context=replace(this.context, tight=True)), loop)
