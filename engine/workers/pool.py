"""The pool: all workers of a server, one on each device, behind one face.

Invariant: a member has one process at a time, whose messages and whose end are told with the
member they belong to; nobody above needs to know how many there are or where they run.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol

from .loss import Loss
from .placement import Holdings
from .protocol import Message
from .seats import Seat

MemberState = Literal["starting", "ready", "busy", "lost"]


class Process(Protocol):
    """What runs a seat's work: a process here, or a stand-in for one elsewhere.

    Attributes:
        pid: of the process, None between two lives.
        ready: set while it can take jobs.
        remote: whether its end says nothing against the jobs that it had.
    """

    pid: int | None
    ready: asyncio.Event
    remote: bool

    async def supervise(self) -> None:
        """Keep it alive until :meth:`stop`."""

    def send(self, message: Message) -> None:
        """Say something to it; lost if it has just ended."""

    def kill(self, why: Loss) -> None:
        """End it now; another follows."""

    async def stop(self) -> None:
        """End it for good."""


#: Makes the process of a seat: the seat, what hears its messages, what hears of its end.
MakeProcess = Callable[[Seat, Callable[[Message], None], Callable[[Loss], None]], Process]


class Member:
    """One worker of the pool.

    Attributes:
        name: of its seat.
        device: of its seat.
        process: runs it.
        jobs: ids of what it runs.
        holding: ids of those that still need the device.
        running: the nodes that it runs, as it last said: job, node and for how many seconds.
        host: name of the computer where it runs, and the id of its process there.
        system: what it last said of its device and memory.
        holdings: what it has in memory, as far as one can tell from here.
        beat: when it last said anything, by the monotonic clock.
    """

    def __init__(self, seat: Seat) -> None:
        self.name = seat.name
        self.device = seat.device
        self.process: Process
        self.jobs: set[str] = set()
        self.holding: set[str] = set()
        self.running: Sequence[Mapping[str, Any]] = []
        self.host: Mapping[str, Any] = {}
        self.system: Mapping[str, Any] = {}
        self.holdings = Holdings()
        self.beat = 0.0

    @property
    def state(self) -> MemberState:
        """What it is up to."""
        if self.process.pid is None:
            return "lost"
        if not self.process.ready.is_set():
            return "starting"
        return "busy" if self.jobs else "ready"

    @property
    def is_free(self) -> bool:
        """Whether it may take a job: none of those that it has still needs the device."""
        return self.process.ready.is_set() and not self.holding

    def take(self, job: str, message: Message) -> None:
        """Hand a job to it."""
        self.jobs.add(job)
        self.holding.add(job)
        self.process.send(message)

    def release(self, job: str) -> None:
        """Note that a job needs the device no more."""
        self.holding.discard(job)

    def end(self, job: str) -> None:
        """Note that a job has ended here."""
        self.holding.discard(job)
        self.jobs.discard(job)

    def report(self) -> dict[str, Any]:
        """What ``/x/workers`` tells of it."""
        return {
            "name": self.name,
            "device": self.device,
            "state": self.state,
            "pid": self.process.pid,
            "host": self.host,
            "remote": self.process.remote,
            "jobs": sorted(self.jobs),
            "running": self.running,
            "heartbeat_age": round(time.monotonic() - self.beat, 3) if self.beat else None,
            "weights": [held["owner"] for held in self.system.get("ledger", ())],
            "cache": self.system.get("cache", {}),
        }


class Pool:
    """The workers.

    Attributes:
        members: in the order of their seats.
    """

    def __init__(
        self,
        seats: Sequence[Seat],
        make: MakeProcess,
        on_message: Callable[[Member, Message], None],
        on_loss: Callable[[Member, Loss], None],
    ) -> None:
        """Prepare; :meth:`run` starts the processes.

        Args:
            seats: where workers are to be.
            make: makes their processes.
            on_message: called with everything that a member says.
            on_loss: called with how a member's process ended.
        """
        self._on_message = on_message
        self._on_loss = on_loss
        self._changed = asyncio.Event()
        self.members = [self._member(seat, make) for seat in seats]

    def _member(self, seat: Seat, make: MakeProcess) -> Member:
        member = Member(seat)
        hear = lambda message: self._hear(member, message)  # noqa: E731
        member.process = make(seat, hear, lambda loss: self._lose(member, loss))
        return member

    def _hear(self, member: Member, message: Message) -> None:
        member.beat = time.monotonic()
        member.system = message.data.get("system", member.system)
        if message.kind == "heartbeat":
            member.running = message.data["running"]
            member.host = message.data["host"]
        self._on_message(member, message)
        if message.kind == "ready":
            self._changed.set()

    def _lose(self, member: Member, loss: Loss) -> None:
        member.system, member.host, member.running, member.beat = {}, {}, [], 0.0
        member.holdings.lose()
        self._on_loss(member, loss)
        member.jobs.clear()
        member.holding.clear()

    async def run(self) -> None:
        """Keep all processes alive until cancelled."""
        async with asyncio.TaskGroup() as group:
            for member in self.members:
                group.create_task(member.process.supervise())

    async def stop(self) -> None:
        """End all processes for good."""
        await asyncio.gather(*(member.process.stop() for member in self.members))

    def ready(self) -> list[Member]:
        """The members that can answer, those without jobs first."""
        able = [member for member in self.members if member.process.ready.is_set()]
        return sorted(able, key=lambda member: len(member.jobs))

    def free(self) -> list[Member]:
        """The members that may take a job, those without jobs first."""
        return [member for member in self.ready() if member.is_free]

    async def wait(self) -> Member:
        """A member that can answer, as soon as there is one."""
        while not (able := self.ready()):
            self._changed.clear()
            await self._changed.wait()
        return able[0]

    def empty(self, message: Message) -> None:
        """Let all members give up what they hold, as the message says in detail."""
        for member in self.members:
            member.process.send(message)
            member.holdings.lose()

    def system(self) -> dict[str, Any]:
        """The devices of all members as one computer's, and who owns what in them."""
        known = [member.system for member in self.members if member.system]
        if not known:
            return {}
        return {
            **known[0],
            "devices": [device for system in known for device in system["devices"]],
            "ledger": [held for system in known for held in system["ledger"]],
            "cache": _sum([system["cache"] for system in known]),
        }


def _sum(caches: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One report of several caches, whose tier on disk is one and the same."""
    total = dict(caches[0])
    for name, value in total.items():
        if name == "disk" or len(caches) == 1:
            continue
        found = [cache[name] for cache in caches if name in cache]
        if isinstance(value, Mapping):
            total[name] = {key: sum(tier[key] for tier in found) for key in value}
        elif isinstance(value, list):
            total[name] = [item for items in found for item in items]
        else:
            total[name] = sum(found)
    return total
