"""Lanes: where calls run. The device lane takes one at a time, the host lane several.

Invariant: among waiting calls the one with the lowest priority value goes first, across all
runs; a lane never runs more calls than it has threads.
"""

import asyncio
import heapq
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import TypeVar

from engine.graph.spec import Lane

T = TypeVar("T")
#: Position of the run, then position of the node within it.
Priority = tuple[float, int]


class ThreadLane:
    """Threads with a priority queue before them."""

    def __init__(self, name: str, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads, name)
        self._free = threads
        self._waiting: list[tuple[Priority, int, asyncio.Future[None]]] = []
        self._tie = count()

    @asynccontextmanager
    async def slot(self, priority: Priority) -> AsyncIterator[ThreadPoolExecutor]:
        """Wait for a turn; gives the threads to run one call on.

        The next turn is given out one round of the event loop after this one ends, so that
        the tasks that it makes possible can queue up before.
        """
        loop = asyncio.get_running_loop()
        await self._enter(priority, loop)
        try:
            yield self._pool
        finally:
            loop.call_soon(self._leave)

    async def run(self, priority: Priority, call: Callable[[], T]) -> T:
        """Run ``call`` on a thread when its turn comes."""
        async with self.slot(priority) as pool:
            return await asyncio.get_running_loop().run_in_executor(pool, call)

    async def _enter(self, priority: Priority, loop: asyncio.AbstractEventLoop) -> None:
        if self._free:
            self._free -= 1
            return
        turn: asyncio.Future[None] = loop.create_future()
        heapq.heappush(self._waiting, (priority, next(self._tie), turn))
        await turn

    def _leave(self) -> None:
        while self._waiting:
            turn = heapq.heappop(self._waiting)[2]
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    def close(self) -> None:
        """Let running calls end and stop the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)


@dataclass
class Lanes:
    """The lanes of one worker."""

    device: ThreadLane = field(default_factory=lambda: ThreadLane("device", 1))
    host: ThreadLane = field(default_factory=lambda: ThreadLane("host", 4))

    def __getitem__(self, lane: Lane) -> ThreadLane:
        return self.device if lane == "device" else self.host

    def close(self) -> None:
        """Stop all threads."""
        self.device.close()
        self.host.close()
