"""Waiting for a call in an isolated pack: progress, cancelling, memory, errors.

Invariant: waiting ends, also if the process does not answer, does not stop, or takes ever more.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from queue import Empty
from typing import Any

from engine.errors import Interrupted, PackLost
from engine.graph.spec import NodeSpec
from engine.plugins.node import Context

from .channel import Parcel
from .failures import again_here
from .life import Life, Order
from .limits import resident
from .reporting import GRAPH_QUESTIONS

#: How often one looks whether the run was cancelled, and at memory.
LOOK_SECONDS = 0.05
#: How long a node may take to hear that its run was cancelled.
GRACE_SECONDS = 2.0


@dataclass
class Waiting:
    """A call that was sent and has not ended.

    Attributes:
        order: what the process is for.
        life: the process.
        number: of the call.
        spec: of the node.
        ctx: the run.
        cancelled: when the node was told that the run was cancelled; 0 if it was not.
        looked: when one looked after the run last.
    """

    order: Order
    life: Life
    number: int
    spec: NodeSpec
    ctx: Context
    cancelled: float = 0.0
    looked: float = 0.0

    def outcome(self) -> Any:
        """What the call gave."""
        messages = self.life.calls[self.number]
        while True:
            self._look()
            try:
                received = messages.get(timeout=LOOK_SECONDS)
            except Empty:
                continue
            if received is None:
                raise self._lost()
            data, value = received
            if data.get("kind") == "done":
                return self._opened(value)
            if data.get("kind") == "failed":
                raise self._failure(data)
            self._heed(data, value)

    def _heed(self, data: Mapping[str, Any], value: Parcel) -> None:
        """Do what a call says or asks for on its way."""
        said = opened(value)
        match data:
            case {"kind": "progress", "value": float(done), "total": float(total)}:
                picture = None if said is None else lambda: said.numpy()
                self.ctx.report(done, total, picture)
            case {"kind": "picture", "mime": str(mime)} if hasattr(said, "numpy"):
                self.ctx.send(said.numpy().tobytes(), mime)
            case {"kind": "ask", "name": str(name), "args": [*args]} if name in GRAPH_QUESTIONS:
                self.life.channel.send("answer", {"call": self.number, **self._answer(name, args)})

    def _answer(self, name: str, args: list[Any]) -> dict[str, Any]:
        try:
            found = getattr(self.ctx.graph, name)(*args)
        except KeyError as error:
            return {"missing": str(error)}
        return {"value": sorted(found) if isinstance(found, set) else found}

    def _look(self) -> None:
        """Look after the run's wish to end, and after memory, a few times a second."""
        if (now := time.monotonic()) - self.looked < LOOK_SECONDS:
            return
        self.looked = now
        if self.cancelled and now - self.cancelled > GRACE_SECONDS:
            self.life.end("was ended because it did not stop when the run was cancelled")
            raise Interrupted
        if self.order.memory and resident(self.life.process.pid) > self.order.memory * 1.1:
            self.life.end(
                f"took more than its {self.order.memory >> 20} MB of memory and was ended"
            )
        try:
            self.ctx.check()
        except Interrupted:
            if not self.cancelled:
                self.cancelled = now
                self.life.channel.send("cancel", {"call": self.number})

    def _opened(self, value: Parcel) -> Any:
        try:
            return value.open()
        except (ValueError, TypeError, RecursionError, OSError) as error:
            raise PackLost(f"{self._who} gave what cannot be read: {error}.") from None

    @property
    def _who(self) -> str:
        return f"{self.spec.display_name} of the isolated node pack '{self.order.name}'"

    def _failure(self, data: Mapping[str, Any]) -> BaseException:
        """The error of the node, as one that can be raised here."""
        if data.get("interrupted"):
            return Interrupted()
        if data.get("memory"):
            self.life.end()  # so that what it holds is free again
            return PackLost(
                f"{self._who} wanted more than the {self.order.memory >> 20} MB of memory that its "
                "process may take. Use a smaller size or batch, or give it more with "
                f"--isolated-memory.\n{data.get('message')}"
            )
        return again_here(data, self._who)

    def _lost(self) -> BaseException:
        how = self.life.ending()
        if self.cancelled:
            return Interrupted()
        return PackLost(
            f"The process of the node pack '{self.order.name}' {how} while "
            f"{self.spec.display_name} was running. The server and all other nodes go on, and the "
            "next run starts it anew; "
            "if it happens again, tell the author of the pack. The log has what it printed last."
        )


def opened(value: Parcel) -> Any:
    """A value on the way, or None if it is none."""
    try:
        return value.open() if value.data is not None else None
    except (ValueError, TypeError, RecursionError, OSError):
        return None
