"""The process of one isolated pack, seen from the worker.

Invariant: whatever happens in it, a call ends: with what the node gave, with an error that names
the pack, or with the end of that process, which the next call starts anew.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from queue import SimpleQueue
from typing import Any

from engine.errors import PackLost
from engine.graph.spec import NodeSpec
from engine.plugins.node import Context

from .channel import Parcel, parcel_of
from .crossing import NotCrossing
from .life import Life, Order, Received, begin
from .reporting import numbers
from .waiting import Waiting, opened

#: How long a pack may take to load.
LOAD_SECONDS = 180.0

#: Hears an event for the canvas: its name, its data, the client.
Tell = Callable[[str, Mapping[str, Any], str | None], None]


class Cell:
    """A pack's place: a process that is started when it is needed, and again when it has ended."""

    def __init__(self, order: Order, tell: Tell) -> None:
        self.order = order
        self._tell = tell
        self._lock = threading.Lock()
        self._life: Life | None = None
        self._retired = False
        self._next = numbers()

    @property
    def pid(self) -> int | None:
        """Of the process, if there is one."""
        return None if self._life is None or self._life.is_over else self._life.process.pid

    def start(self) -> Mapping[str, Any]:
        """Start the process; what the pack brings, as it says.

        Raises:
            PackLost: it did not come so far.
        """
        life = begin(self.order)
        loading = threading.Timer(LOAD_SECONDS, life.end, [f"took over {LOAD_SECONDS:.0f} s"])
        loading.start()
        try:
            while (received := life.channel.receive()) and received[0].get("kind") == "told":
                self._told(*received)
        finally:
            loading.cancel()
        if received is None or received[0].get("kind") != "loaded":
            raise self._unloaded(life, received)
        self._life = life
        threading.Thread(target=self._listen, args=[life], daemon=True).start()
        return received[0]

    def _unloaded(self, life: Life, received: Received | None) -> PackLost:
        if received is not None:
            received[1].close()
            life.end()
            return PackLost(str(received[0].get("traceback", "it said nothing that is understood")))
        if not life.is_over:
            life.end("said nothing that is understood")
        return PackLost(f"The process of the node pack {life.ending()} while the pack was loaded.")

    def _listen(self, life: Life) -> None:
        """Hand what the process says to the calls that it is about."""
        while (received := life.channel.receive()) is not None:
            data, value = received
            number = data.get("call")
            call = life.calls.get(number) if isinstance(number, int) else None
            if data.get("kind") == "told":
                self._told(data, value)
            elif call is None:
                value.close()
            else:
                call.put(received)
        life.end()  # one that closed its socket is of no use any more
        for call in list(life.calls.values()):
            call.put(None)

    def _told(self, data: Mapping[str, Any], value: Parcel) -> None:
        match data, opened(value):
            case {"event": str(event), "client": None | str() as client}, dict(told):
                self._tell(event, told, client)

    def retire(self) -> None:
        """Be of no use any more: the process ends as soon as it has no calls."""
        with self._lock:
            self._retired = True
            if self._life is not None and not self._life.calls:
                self._life.end()

    def _enter(self) -> tuple[Life, int]:
        """A process that runs, with a place for a call in it."""
        with self._lock:
            if self._life is None or self._life.is_over:
                self.start()
            assert self._life is not None
            number = self._next()
            self._life.calls[number] = SimpleQueue()
            return self._life, number

    def _leave(self, life: Life, number: int) -> None:
        with self._lock:
            del life.calls[number]
            if self._retired and not life.calls:
                life.end()

    def call(
        self,
        op: str,
        spec: NodeSpec,
        inputs: Mapping[str, Any],
        ctx: Context,
        **more: Any,
    ) -> Any:
        """Call a node of the pack, or a hook of it.

        Args:
            op: ``call``, ``needs``, ``fingerprint`` or ``check``.
            spec: of the node.
            inputs: by name.
            ctx: what the node may know of its run.
            **more: plain data for the hook.

        Raises:
            NotCrossing: an input or an output cannot cross.
            PackLost: the process ended.
            Interrupted: the run was cancelled.
        """
        value = self._crossing(spec, inputs.items())
        life, number = self._enter()
        try:
            data = {"call": number, "op": op, "node": spec.id, "names": list(inputs), **more}
            life.channel.send("call", {**data, "context": _context(ctx)}, value)
            return Waiting(self.order, life, number, spec, ctx).outcome()
        finally:
            self._leave(life, number)

    def _crossing(self, spec: NodeSpec, inputs: Iterable[tuple[str, Any]]) -> Parcel:
        try:
            return parcel_of((f"input '{name}'", value) for name, value in inputs)
        except NotCrossing as error:
            raise NotCrossing(
                f"The node pack '{self.order.name}' runs in a process of its own, and what "
                f"{spec.display_name} is given cannot go there: {error}. Only tensors, numbers, "
                "texts, lists and dictionaries can. A pack with such inputs cannot be isolated: "
                "take isolate out of its pyproject.toml, or leave --isolate out."
            ) from None


def _context(ctx: Context) -> dict[str, Any]:
    return {
        "node_id": ctx.node_id,
        "metadata": dict(ctx.metadata),
        "graph": ctx.graph is not None,
        "again": ctx.again,
        "tight": ctx.tight,
    }
