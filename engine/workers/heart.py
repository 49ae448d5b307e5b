"""The heartbeat of a worker: a thread that says every second what runs and since when.

Invariant: it waits for nothing but Python's own lock: not for the event loop, not for the
device. What takes longer to learn (the state of device and caches) comes from another thread.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from engine.memory import host_memory

from .protocol import Message

BEAT_SECONDS, SURVEY_SECONDS = 1.0, 2.0


class Heart:
    """Sends heartbeats.

    Attributes:
        running: since when (by the monotonic clock) each node of each job runs.
    """

    def __init__(self, send: Callable[[Message], None]) -> None:
        self.running: dict[tuple[str, str], float] = {}
        self._send = send
        self._system: Mapping[str, Any] | None = None

    def start(self) -> None:
        """Begin to beat."""
        threading.Thread(target=self._beat, name="heartbeat", daemon=True).start()

    def survey(self, system: Callable[[], Mapping[str, Any]]) -> None:
        """Let heartbeats also tell now and then what ``system`` says."""
        args = (system,)
        threading.Thread(target=self._survey, args=args, name="survey", daemon=True).start()

    def follow(self, job: str, type: str, data: Mapping[str, Any]) -> None:
        """Take an event of a run in."""
        match type:
            case "node_started":
                self.running[job, data["node"]] = time.monotonic()
            case "node_done" | "node_failed":
                self.running.pop((job, data["node"]), None)

    def end(self, job: str) -> None:
        """Forget the nodes of a job that has ended."""
        for key in [key for key in self.running if key[0] == job]:
            del self.running[key]

    def _beat(self) -> None:
        while True:
            self._send(Message("heartbeat", self.state()))
            time.sleep(BEAT_SECONDS)

    def state(self) -> dict[str, Any]:
        """The data of a heartbeat."""
        now = time.monotonic()
        running = [
            {"job": job, "node": node, "seconds": round(now - since, 1)}
            for (job, node), since in list(self.running.items())
        ]
        system, self._system = self._system, None
        told = {} if system is None else {"system": system}
        host = {"name": socket.gethostname(), "pid": os.getpid()}
        return {"running": running, "memory": host_memory(), "host": host, **told}

    def _survey(self, system: Callable[[], Mapping[str, Any]]) -> None:
        while True:
            time.sleep(SURVEY_SECONDS)
            self._system = system()
