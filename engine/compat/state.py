"""What compatibility modules have to know: modules of this kind are global by their nature.

Invariant: set once by :func:`engine.compat.install`, before any pack is imported; the context is
that of the node whose code is running, per thread and task.
"""

import asyncio
from collections.abc import Mapping

from engine.folders import Folders
from engine.plugins.current import CURRENT
from engine.plugins.node import Context, Node

folders: Folders
#: All nodes by id; those of packs come in as packs are loaded.
nodes: Mapping[str, Node] = {}
#: The worker's event loop, once it runs.
loop: asyncio.AbstractEventLoop | None = None
#: The client whose job was begun last.
client: str | None = None


def context() -> Context | None:
    """The run of the node that is being called; None outside of a call."""
    return CURRENT.get()
