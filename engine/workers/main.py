"""The worker process: ``python -m engine.workers.main``, talking over its standard pipes.

Invariant: standard output belongs to the protocol alone (prints of packs go to standard
error), and when the server goes away the process ends at once, whatever it is doing.
"""

import asyncio
import contextlib
import json
import logging
import os
import sys
import threading
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from engine import compat
from engine.compat import state as compat_state
from engine.errors import InvalidInput
from engine.execution.events import Event, Outcome
from engine.execution.executor import Run
from engine.execution.failure import broken
from engine.graph.prompt import Prompt, Reader, parse
from engine.graph.spec import to_json
from engine.plugins import replacing
from engine.plugins.discovery import Catalogue
from engine.plugins.node import Node
from engine.plugins.serving import SERVING

from . import config, runtime
from .door import open_door
from .heart import Heart
from .marks import Marks
from .packs import LivePacks
from .protocol import Message, encode, read_blocking

#: How often packs are looked at, if they are watched.
WATCH_SECONDS = 0.7


class Pipe:
    """Sends messages from any thread, whole frames only."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def send(self, message: Message) -> None:
        """Write one message; ends the process if nobody reads any more."""
        try:
            with self._lock:
                self._stream.write(encode(message))
                self._stream.flush()
        except OSError:
            os._exit(0)


class Worker:
    """The jobs of this process and what the server says about them."""

    def __init__(
        self,
        built: runtime.Runtime,
        packs: LivePacks,
        send: Callable[[Message], None],
        heart: Heart,
    ) -> None:
        self._runtime = built
        self._packs = packs
        self._send = send
        self._heart = heart
        self._cancelled: dict[str, threading.Event] = {}
        self._reader, self._changed_reader = Reader(), Reader()
        self._tasks: set[asyncio.Task[None]] = set()

    def handle(self, message: Message) -> None:
        """Act on a message; on the event loop's thread."""
        data = message.data
        match message.kind:
            case "run":
                self.begin(self._run(data))
            case "check":
                self.begin(self._answer(data["ask"], self._faults(data)))
            case "outlook":
                self.begin(self._answer(data["ask"], self._outlook(data)))
            case "reload":
                self.begin(self._answer(data["ask"], self._reload(data["pack"])))
            case "on_prompt":
                self.begin(self._answer(data["ask"], self._on_prompt(data["body"])))
            case "interrupt":
                if data["job"] in self._cancelled:
                    self._cancelled[data["job"]].set()
            case "free":
                free = partial(runtime.free, self._runtime, **data)
                self.begin(self._runtime.lanes.device.run((0.0, 0), free))
            case "stop":
                os._exit(0)

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside everything else."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, ask: int, question: Coroutine[Any, Any, Any]) -> None:
        try:
            answer = await question
        except Exception as error:  # of a node that is gone by now, say; a run will tell
            print(f"A prompt could not be judged: {error!r}", file=sys.stderr)
            answer = None
        self._send(Message("answer", {"ask": ask, "answer": answer}))

    async def _faults(self, data: Any) -> dict[str, Any]:
        found = await self._runtime.executor.faults(parse(data["prompt"]))
        return {id: [fault.json() for fault in faults] for id, faults in found.items()}

    async def _on_prompt(self, body: dict[str, Any]) -> dict[str, Any]:
        from engine.compat.server import asked_about

        return asked_about(body)

    async def _reload(self, name: str) -> dict[str, Any]:
        """Load a pack anew and tell the server which nodes there are now."""
        if "server" in sys.modules or SERVING.is_asked:  # some pack may have registered something
            from engine.compat.server import forget

            forget(f"custom_nodes.{name}")
        try:
            pack = await asyncio.to_thread(self._packs.reload, name)
        except InvalidInput as refusal:
            return {"refused": str(refusal)}
        if pack.error:
            print(f"Node pack '{pack.name}' failed to load:\n{pack.error}", file=sys.stderr)
        told = {"nodes": list(pack.nodes), "pack": pack.name, "error": pack.error}
        self._send(Message("nodes", {**_known(self._packs.catalogue), **told}))
        self._send(Message("door", await open_door()))
        return vars(pack)

    async def watch(self) -> None:
        """Load packs anew as soon as their files change and then stay as they are for a moment."""
        waiting: set[str] = set()
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            changed = set(await asyncio.to_thread(self._packs.changed))
            for name in sorted(waiting - changed):
                print(f"Node pack '{name}' has changed and is loaded anew.", file=sys.stderr)
                await self._reload(name)
            waiting = changed

    async def _outlook(self, data: Any) -> dict[str, str]:
        prompt = self._reader.read(data["prompt"])
        return await self._runtime.executor.outlook(prompt, data["outputs"])

    async def _run(self, data: Any) -> None:
        job = data["job"]
        outputs, again = tuple(data["outputs"]), bool(data["again"])
        prompt, metadata = self._prompt(data), self._metadata(data)
        compat_state.client = data["client"]
        run = Run(job, prompt, outputs, data["number"], metadata, again)
        cancelled = self._cancelled[job] = threading.Event()
        try:
            outcome = await self._runtime.executor.execute(run, partial(self._tell, job), cancelled)
        except Exception as error:  # no node's fault; yet the job must end
            outcome = Outcome("failed", {}, broken(error))
        finally:
            del self._cancelled[job]
            self._heart.end(job)
            self._unload_if_done()
        answer = {
            "job": job,
            "status": outcome.status,
            "outputs": outcome.outputs,
            "failure": outcome.failure,
            "executed": outcome.executed,
        }
        self._send(Message("done", answer))

    def _unload_if_done(self) -> None:
        """Give up all networks after the last job, if the user wants that."""
        if self._runtime.config.unload_after and not self._cancelled:
            free = partial(
                runtime.free,
                self._runtime,
                unload_models=True,
                free_memory=False,
                empty_disk=False,
            )
            self.begin(self._runtime.lanes.device.run((0.0, 0), free))

    def _prompt(self, data: Any) -> Prompt:
        """The prompt as it was sent, with what validation made of it."""
        sent = self._reader.read(data["prompt"])
        if not data["dropped"] and not data["changed"]:
            return sent
        prompt = dict(sent)
        for id in data["dropped"]:
            del prompt[id]
        if data["changed"]:
            prompt.update(self._changed_reader.read(data["changed"]))
        return prompt

    def _metadata(self, data: Any) -> dict[str, Any]:
        extra = data["metadata"]
        return {} if extra is None else {"prompt": data["prompt"], **extra}

    def _tell(self, job: str, event: Event) -> None:
        self._heart.follow(job, event.type, event.data)
        data = {"job": job, "type": event.type, "data": event.data}
        self._send(Message("event", data, event.blob))


def main() -> None:
    """Take the pipes, load everything, serve until the server goes away."""
    incoming = os.fdopen(os.dup(0), "rb")
    outgoing = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    first = read_blocking(incoming)
    if first is None:
        return
    _be_ended_first()
    serve(first, incoming, Pipe(outgoing).send)


def _be_ended_first() -> None:
    """Where memory is short, let the kernel end this process, not the server or the user's."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


def serve(first: Message, incoming: BinaryIO, send: Callable[[Message], None]) -> None:
    """Load everything and do what the messages ask for, until they end.

    Args:
        first: the message that holds the configuration.
        incoming: where messages come from.
        send: takes what is to be said, from any thread.
    """
    heart = Heart(send)
    heart.start()
    settings = config.from_json(first.data["config"])
    logging.basicConfig(format="%(message)s")
    logging.getLogger("engine").setLevel(settings.log)  # packs may log as they like
    built = runtime.build(settings)
    marks = None if (file := first.data.get("marks")) is None else Marks(file)

    def use(nodes: Mapping[str, Node]) -> None:
        built.executor.use(nodes if marks is None else marks.watch(nodes))

    reopen = built.isolation.reopen
    packs = LivePacks(
        settings.folders, built.catalogue, use, settings.packs, compat.adopt, reopen=reopen
    )
    for pack in built.catalogue.packs:
        if pack.error:
            print(f"Node pack '{pack.name}' failed to load:\n{pack.error}", file=sys.stderr)
    asyncio.run(_serve(built, packs, send, heart, incoming))


def _ready(built: runtime.Runtime, door: dict[str, Any]) -> dict[str, Any]:
    return {"door": door, **_known(built.catalogue), "system": runtime.system(built)}


def _known(catalogue: Catalogue) -> dict[str, Any]:
    """Which nodes and packs there are, and which nodes took the place of others."""
    specs = [to_json(node.spec) for node in catalogue.nodes.values()]
    packs = [vars(pack) for pack in catalogue.packs]
    return {"specs": specs, "packs": packs, "replacements": replacing.registered()}


async def _serve(
    built: runtime.Runtime,
    packs: LivePacks,
    send: Callable[[Message], None],
    heart: Heart,
    incoming: BinaryIO,
) -> None:
    loop = asyncio.get_running_loop()
    worker = Worker(built, packs, send, heart)
    compat_state.loop, SERVING.send = loop, partial(_tell_client, send)
    send(Message("ready", _ready(built, await open_door())))
    heart.survey(partial(runtime.system, built))
    if built.config.watch_packs:
        worker.begin(worker.watch())

    def listen() -> None:
        while (message := read_blocking(incoming)) is not None:
            loop.call_soon_threadsafe(worker.handle, message)
        os._exit(0)

    threading.Thread(target=listen, name="listen", daemon=True).start()
    await loop.create_future()


def _tell_client(
    send: Callable[[Message], None], event: str, data: Mapping[str, Any], client: str | None
) -> None:
    plain = json.loads(json.dumps(data, default=str))  # packs send what they like
    # What a node says while it runs concerns whoever asked for the job.
    near = compat_state.client if compat_state.context() else None
    send(Message("told", {"event": event, "data": plain, "client": client, "near": near}))


if __name__ == "__main__":
    main()
