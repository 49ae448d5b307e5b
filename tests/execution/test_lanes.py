"""Threads of lanes."""

import asyncio
import threading
import time

from engine.execution.lanes import ThreadLane


async def test_closing_waits_for_running_calls() -> None:
    """A thread that is still at work when Python ends would take the process down with it."""
    ended, lane = threading.Event(), ThreadLane("closing", 1)

    def slow() -> None:
        time.sleep(0.2)
        ended.set()

    running = asyncio.create_task(lane.run((0.0, 0), slow))
    await asyncio.sleep(0.05)
    lane.close()
    assert ended.is_set()
    assert not any(thread.name == "closing" for thread in threading.enumerate())
    await running
