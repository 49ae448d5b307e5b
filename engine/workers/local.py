"""One worker process on this computer, seen from the server.

Invariant: the process is started again whenever it ends, after a pause that doubles while it
keeps failing; nobody above needs to know processes.
"""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from engine.errors import WorkerLost

from .config import WorkerConfig, to_json
from .protocol import Message, encode, read
from .seats import Seat

#: A process that lived so long did not fail at start.
STABLE_SECONDS = 30.0
LONGEST_PAUSE = 30.0


class LocalWorker:
    """A supervised worker process.

    Attributes:
        ready: set while the process can take jobs.
        pid: of the process, None between two lives.
        remote: False: a job that ended this process may well end the next one, too.
    """

    remote = False

    def __init__(
        self,
        config: WorkerConfig,
        seat: Seat,
        on_message: Callable[[Message], None],
        on_exit: Callable[[str], None],
    ) -> None:
        """Prepare; :meth:`supervise` starts the process.

        Args:
            config: sent to each process first, with the seat's device in it.
            seat: what the process is for.
            on_message: called with everything the process says.
            on_exit: called with a sentence that says how the process ended.
        """
        self.ready = asyncio.Event()
        self.pid: int | None = None
        self._config = replace(config, device=seat.device)
        self._threads = seat.threads
        self._on_message = on_message
        self._on_exit = on_exit
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False

    async def supervise(self) -> None:
        """Keep a process alive until :meth:`stop`."""
        pause = 0.5
        while not self._stopping:
            began = time.monotonic()
            ending = await self._live()
            self.ready.clear()
            self.pid = None
            if self._stopping:
                return
            self._on_exit(ending)
            stable = time.monotonic() - began > STABLE_SECONDS
            pause = 0.5 if stable else min(pause * 2, LONGEST_PAUSE)
            await asyncio.sleep(pause if not stable else 0)

    async def _live(self) -> str:
        """One life of the process; how it ended."""
        self._process = process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "engine.workers.main",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=1 << 20,
            env=self._environment(),
        )
        self.pid = process.pid
        assert process.stdout is not None
        self.send(Message("configure", {"config": to_json(self._config)}))
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                self._receive(await read(process.stdout))
        return _ending(await process.wait())

    def _environment(self) -> dict[str, str]:
        threads = {} if self._threads is None else {"OMP_NUM_THREADS": str(self._threads)}
        path = os.pathsep.join(p for p in sys.path if p)
        return {**threads, **os.environ, "PYTHONPATH": path}

    def _receive(self, message: Message) -> None:
        if message.kind == "ready":
            self.ready.set()
        self._on_message(message)

    def send(self, message: Message) -> None:
        """Say something to the process; lost if it has just ended."""
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(ConnectionError, RuntimeError):
                self._process.stdin.write(encode(message))

    def kill(self) -> None:
        """End the process now; :meth:`supervise` starts another."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def stop(self) -> None:
        """End the process for good."""
        self._stopping = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        self.send(Message("stop"))
        try:
            await asyncio.wait_for(process.wait(), 5)
        except TimeoutError:
            process.kill()
            await process.wait()


def _ending(code: int) -> str:
    if code >= 0:
        return f"The worker process ended with exit code {code}."
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    reason = " (often: out of memory)" if name == "SIGKILL" else ""
    return f"The worker process was ended by {name}{reason}."


def describe_loss(ending: str, node: str | None) -> dict[str, Any]:
    """The failure of a job whose worker ended while it ran."""
    where = f" while node {node} was running" if node else ""
    return {
        "node_id": node,
        "node_type": None,
        "exception_type": WorkerLost.__name__,
        "exception_message": f"{ending[:-1]}{where}. A new worker is being started; run again.",
        "hint": "",
        "traceback": [],
        "current_inputs": {},
    }
