"""The process of an isolated pack: ``python -m engine.isolation.inside FILE``, FILE its socket.

Invariant: it loads one pack and calls its nodes for the worker that started it, and ends when that
does; what the pack did not ask for is refused before the first line of the pack runs.
"""

import asyncio
import ctypes
import inspect
import os
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engine import compat, folders
from engine.errors import Interrupted, NodeError
from engine.graph.spec import to_json
from engine.plugins.discovery import builtin_nodes, load_pack, prestart
from engine.plugins.manifest import CAPABILITIES
from engine.plugins.node import Node, Output
from engine.plugins.serving import SERVING

from .channel import Channel, Parcel, parcel, parcel_of
from .crossing import NotCrossing
from .fence import fence
from .kernel import restrict
from .limits import limit_memory
from .reporting import Reporter

#: Calls at the same time: those of the worker's lanes.
CALLS = 8
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG


class Inside:
    """The pack and the calls of its nodes."""

    def __init__(self, channel: Channel, settings: Mapping[str, Any]) -> None:
        self._channel = channel
        self._folders = folders.from_json(settings["folders"])
        self._path = Path(settings["pack"])
        self._settings = settings
        self._nodes: dict[str, Node] = {}
        self._calls: dict[int, Reporter] = {}
        self._threads = ThreadPoolExecutor(CALLS, "call")

    def load(self) -> None:
        """Load the pack, behind the fence, and say what is in it."""
        allowed = self._settings["allowed"]
        writable = [Path(path) for path in self._settings["writable"]]
        held = restrict({*CAPABILITIES} - {*allowed}, writable)
        compat.install(self._folders, dict(builtin_nodes()))
        import torch

        from engine.diffusion import residency

        device = self._settings["device"]
        residency.use(None if device == "auto" else torch.device(device))
        limit_memory(self._settings["memory"])
        SERVING.send = self._tell
        sys.addaudithook(fence(self._path.stem, allowed, writable, self._folders.user))
        errors = prestart([self._path])
        self._nodes, pack = load_pack(self._path)
        report = asdict(pack)
        report["error"] = "\n".join(filter(None, [*errors.values(), pack.error]))
        report["held"] = held
        report["routes"] = SERVING.is_asked or _asks_server()
        nodes = [{"spec": to_json(node.spec), **_hooks(node)} for node in self._nodes.values()]
        self._channel.send("loaded", {"nodes": nodes, "pack": report})

    def _tell(self, event: str, data: Mapping[str, Any], client: str | None) -> None:
        self._channel.send("told", {"event": event, "client": client}, parcel(data, "the event"))

    def serve(self) -> None:
        """Do what the worker asks for, until it is gone."""
        while (received := self._channel.receive()) is not None:
            data, value = received
            call = self._calls.get(data.get("call", 0))
            match data["kind"]:
                case "call":
                    self._calls[data["call"]] = Reporter(self._channel, data["call"])
                    self._threads.submit(self._answer, data, value)
                case "cancel" if call is not None:
                    call.cancelled.set()
                case "answer" if call is not None:
                    call.answers.put(data)
        os._exit(0)

    def _answer(self, data: Mapping[str, Any], inputs: Parcel) -> None:
        number = data["call"]
        try:
            made = self._made(data, self._inputs(data, inputs), self._calls[number])
            self._channel.send("done", {"call": number}, made)
        except BaseException as error:
            self._channel.send("failed", {"call": number, **failure(error)})
        finally:
            del self._calls[number]

    def _inputs(self, data: Mapping[str, Any], given: Parcel) -> dict[str, Any]:
        return dict(zip(data["names"], given.open(), strict=True))

    def _made(self, data: Mapping[str, Any], inputs: Any, reporter: Reporter) -> Parcel:
        node, ctx = self._nodes[data["node"]], reporter.context(data["context"], self._folders)
        hook = {"call": node.call, "needs": node.needs, "fingerprint": node.fingerprint}
        if data["op"] == "check":
            assert node.check is not None
            return parcel(_awaited(node.check(inputs, data["types"])), "the verdict")
        made = _awaited(hook[data["op"]](inputs, ctx))  # type: ignore[misc]
        if data["op"] == "needs":
            made = list(made)
        return _outcome(node, made) if isinstance(made, Output) else parcel(made, data["op"])


def _outcome(node: Node, made: Output) -> Parcel:
    """What a node gave.

    Raises:
        NotCrossing: an output cannot; the text names it.
    """
    outputs = zip(node.spec.outputs, made.values, strict=False)
    values = [(f"output '{output.name}'", value) for output, value in outputs]
    rest = [("what it shows", dict(made.ui)), ("the graph it became", made.expand)]
    try:
        return parcel_of([*rest, *values])
    except NotCrossing as error:
        raise NotCrossing(
            f"What {node.spec.display_name} gives cannot leave the process of its pack: {error}. "
            "Only tensors, numbers, texts, lists and dictionaries can; a pack with such outputs "
            "cannot be isolated."
        ) from None


def _hooks(node: Node) -> dict[str, bool]:
    found = {name: getattr(node, name) is not None for name in ("needs", "fingerprint", "check")}
    return {**found, "is_async": node.is_async}


def _asks_server() -> bool:
    """Whether the pack has registered routes in the way of packs written for ComfyUI."""
    if "server" not in sys.modules:
        return False
    from engine.compat import server

    return server.application() is not None


def _awaited(made: Any) -> Any:
    async def wait() -> Any:
        return await made

    return asyncio.run(wait()) if inspect.isawaitable(made) else made


def failure(error: BaseException) -> dict[str, Any]:
    """An error as plain data."""
    kind = type(error)
    return {
        "type": kind.__name__,
        "module": kind.__module__,
        "message": str(error),
        "traceback": "".join(traceback.format_exception(error)),
        "for_people": isinstance(error, NodeError),
        "interrupted": isinstance(error, Interrupted),
        "memory": isinstance(error, MemoryError) or "can't allocate memory" in str(error),
    }


def main() -> None:
    """Take the socket, load the pack, serve."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
    channel = Channel(socket.socket(fileno=int(sys.argv[1])))
    received = channel.receive()
    if received is None:
        return
    sys.dont_write_bytecode = True
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the worker says when to end
    inside = Inside(channel, received[0])
    serve = threading.Thread(target=inside.serve, daemon=True)
    try:
        inside.load()
    except BaseException as error:
        channel.send("broken", failure(error))
        os._exit(1)
    serve.start()
    serve.join()


if __name__ == "__main__":
    main()
