"""Lanes: where calls run. The device lane takes one at a time, the host lane several.

Invariant: among waiting calls the one with the lowest priority value goes first, across all
runs; a lane never runs more calls than it has threads. A thread is handed on only after the
call's ending was dealt with, so that what the ending makes possible can queue up before.
"""

import asyncio
import contextlib
import heapq
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from queue import SimpleQueue
from typing import Any, TypeVar

from engine.graph.spec import Lane

#: How long the last call of a thread may take at the end.
CLOSE_SECONDS = 10.0
T = TypeVar("T")
#: Position of the run, then position of the node within it.
Priority = tuple[float, int]


@dataclass(slots=True)  # not frozen: one is made for every call, and freezing costs
class Turn:
    """Something that waits for a lane.

    Attributes:
        begin: called on the event loop when the turn comes; False gives the turn up.
        work: called on a thread of the lane.
        end: called on the event loop with what ``work`` returned or raised.
        loop: the event loop.
    """

    begin: Callable[[], bool]
    work: Callable[[], Any]
    end: Callable[[Any], None]
    loop: asyncio.AbstractEventLoop


class ThreadLane:
    """Threads with a priority queue before them; used from one event loop's thread at a time."""

    def __init__(self, name: str, threads: int) -> None:
        self._name = name
        self._free = threads
        self._waiting: list[tuple[Priority, int, Turn]] = []
        self._tie = count()
        self._given: SimpleQueue[Turn | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._unstarted = threads

    def submit(self, priority: Priority, turn: Turn) -> None:
        """Let ``turn`` run when it is the first and a thread is free."""
        heapq.heappush(self._waiting, (priority, next(self._tie), turn))
        self._hand_out()

    def is_first(self, priority: Priority) -> bool:
        """Whether nothing more urgent waits; may be asked from any thread."""
        waiting = self._waiting
        return not waiting or priority < waiting[0][0]

    async def run(self, priority: Priority, call: Callable[[], T]) -> T:
        """Run ``call`` on a thread when its turn comes."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        end = lambda result: _answer(answer, result)  # noqa: E731
        self.submit(priority, Turn(lambda: not answer.done(), call, end, loop))
        return await answer

    def _hand_out(self) -> None:
        while self._free and self._waiting:
            turn = heapq.heappop(self._waiting)[2]
            if turn.begin():
                self._free -= 1
                self._start_thread()
                self._given.put(turn)

    def _start_thread(self) -> None:
        if self._unstarted:
            self._unstarted -= 1
            thread = threading.Thread(target=self._serve, name=self._name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self) -> None:
        while (turn := self._given.get()) is not None:
            try:
                result = turn.work()
            except BaseException as error:
                result = error
            with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
                turn.loop.call_soon_threadsafe(self._ended, turn, result)
            del turn, result

    def _ended(self, turn: Turn, result: Any) -> None:
        try:
            turn.end(result)
        finally:
            self._free += 1
            self._hand_out()

    def close(self) -> None:
        """Let running calls end, and wait for the threads to stop.

        A thread that is still freeing tensors when Python ends takes the process down with it.
        """
        self._waiting.clear()
        for _ in self._threads:
            self._given.put(None)
        for thread in self._threads:
            thread.join(CLOSE_SECONDS)


def _answer(answer: "asyncio.Future[Any]", result: Any) -> None:
    if answer.done():
        return
    if isinstance(result, BaseException):
        answer.set_exception(result)
    else:
        answer.set_result(result)


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
