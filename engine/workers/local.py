"""One worker process on this computer, seen from the server.

Invariant: the process is started again whenever it ends, after a pause that doubles while it
keeps failing; nobody above needs to know processes.
"""

import asyncio
import contextlib
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from .config import WorkerConfig, to_json
from .loss import Loss, hang, judge
from .marks import SIZE, Marks
from .protocol import Message, encode, read
from .seats import Seat
from .vitals import Silence, oom_kills, vitals

#: A process that lived so long did not fail at start.
STABLE_SECONDS = 30.0
LONGEST_PAUSE = 30.0
#: Longest part of a line that is kept until its end comes.
LONGEST_LINE = 1 << 16
#: How often one looks whether a process lives.
LOOK_SECONDS = 1.0

#: What workers print is shown however little the server itself says.
said = logging.getLogger("loom.worker")
said.setLevel(logging.INFO)


class LocalWorker:
    """A supervised worker process.

    Attributes:
        ready: set while the process can take jobs.
        pid: of the process, None between two lives.
        module: what the process runs.
        remote: False: a job that ended this process may well end the next one, too.
    """

    remote = False
    module = "engine.workers.main"

    def __init__(
        self,
        config: WorkerConfig,
        seat: Seat,
        on_message: Callable[[Message], None],
        on_loss: Callable[[Loss], None],
    ) -> None:
        """Prepare; :meth:`supervise` starts the process.

        Args:
            config: sent to each process first, with the seat's device in it.
            seat: what the process is for.
            on_message: called with everything the process says.
            on_loss: called with how the process ended.
        """
        self.ready = asyncio.Event()
        self.pid: int | None = None
        self._config = replace(config, device=seat.device)
        self._threads = seat.threads
        self._on_message = on_message
        self._on_loss = on_loss
        self._process: asyncio.subprocess.Process | None = None
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it is shared as long as this lives
        self._file.truncate(SIZE)
        self._marks = Marks(self._file.fileno())
        self._silence = Silence(config.patience)
        self._memory = (0, 0)
        self._oom_kills = 0
        self._killed: Loss | None = None
        self._stopping = False

    async def supervise(self) -> None:
        """Keep a process alive until :meth:`stop`."""
        pause = 0.5
        while not self._stopping:
            began = time.monotonic()
            loss = await self._live()
            self.ready.clear()
            self.pid = None
            if self._stopping:
                return
            self._on_loss(loss)
            stable = time.monotonic() - began > STABLE_SECONDS
            pause = 0.5 if stable else min(pause * 2, LONGEST_PAUSE)
            await asyncio.sleep(pause if not stable else 0)

    async def _live(self) -> Loss:
        """One life of the process; how it ended."""
        self._killed, self._memory = None, (0, 0)
        self._marks.wipe()
        self._silence.heard()
        self._process = process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            self.module,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=1 << 20,
            env=self._environment(),
            pass_fds=(self._file.fileno(),),
        )
        self.pid = process.pid
        assert process.stdout is not None and process.stderr is not None
        hear = asyncio.create_task(_hear(process.stderr))
        self.send(Message("configure", self._facts()))
        watch = asyncio.create_task(self._watch(process.pid))
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                while True:
                    self._receive(await read(process.stdout))
            code = await process.wait()
            with contextlib.suppress(TimeoutError):  # of a child that keeps the pipe
                async with asyncio.timeout(1):
                    await hear
            return self._loss(code)
        finally:
            watch.cancel()
            hear.cancel()

    def _loss(self, code: int) -> Loss:
        return replace(self._killed or self._judge(code), inside=self._marks.inside())

    def _judge(self, code: int) -> Loss:
        return judge(code, oom_kills() - self._oom_kills, self._memory)

    def _facts(self) -> dict[str, Any]:
        return {"config": to_json(self._config), "marks": self._file.fileno()}

    async def _watch(self, pid: int) -> None:
        """End the process when it hangs."""
        while True:
            self._oom_kills = oom_kills()
            await asyncio.sleep(LOOK_SECONDS)
            if self._silence.look(LOOK_SECONDS, vitals(pid)):
                self.kill(hang(self._silence.seconds, self._silence.worked))

    def _environment(self) -> dict[str, str]:
        threads = {} if self._threads is None else {"OMP_NUM_THREADS": str(self._threads)}
        path = os.pathsep.join(p for p in sys.path if p)
        return {**threads, **os.environ, "PYTHONPATH": path}

    def _receive(self, message: Message) -> None:
        self._silence.heard()
        if message.kind == "heartbeat":
            self._memory = tuple(message.data["memory"])
        if message.kind == "ready":
            self.ready.set()
        self._on_message(message)

    def send(self, message: Message) -> None:
        """Say something to the process; lost if it has just ended."""
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(ConnectionError, RuntimeError):
                self._process.stdin.write(encode(message))

    def kill(self, why: Loss) -> None:
        """End the process now; :meth:`supervise` starts another."""
        if self._process is not None and self._process.returncode is None:
            self._killed = self._killed or why
            self._process.kill()

    async def stop(self) -> None:
        """End the process for good."""
        self._stopping = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        self.send(Message("stop"))
        try:
            async with asyncio.timeout(5):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def _hear(stream: asyncio.StreamReader) -> None:
    """Log what a process prints, line by line; a progress bar's repaintings are lines, too."""
    rest = b""
    while chunk := await stream.read(LONGEST_LINE):
        *lines, rest = (rest + chunk).replace(b"\r", b"\n").split(b"\n")
        if len(rest) > LONGEST_LINE:
            lines, rest = [*lines, rest], b""
        _log(lines)
    _log([rest])


def _log(lines: list[bytes]) -> None:
    for line in lines:
        if line.strip():
            said.info("%s", line.decode("utf-8", "replace"))
