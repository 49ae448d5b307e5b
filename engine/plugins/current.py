"""The node that is being called, for code of packs that gets no context of its own.

Invariant: set for just the time of a call, in the thread or task that makes it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from .node import Context

CURRENT: ContextVar[Context | None] = ContextVar("current node", default=None)


@contextmanager
def calling(ctx: Context) -> Iterator[None]:
    """Make this the node that is being called."""
    token = CURRENT.set(ctx)
    try:
        yield
    finally:
        CURRENT.reset(token)
