"""Runs as they are told: each event is logged, folded into its run, and sent to who listens.

Invariant: whoever reconnects with the last sequence number it saw gets the messages that it
would have got; only progress and previews, which replace each other, come as their last state.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from engine.store import jobs
from engine.store.jobs import Job, State
from engine.store.runlog import Entry

from .hub import Client, Hub, frame
from .record import Record
from .runview import Outgoing, RunView

if TYPE_CHECKING:
    from .traces import Traces

#: Events that are logged; progress is kept by its last value only.
_LOGGED = frozenset(
    {"started", "cached", "node_started", "node_done", "node_failed", "node_retried"}
)
#: Between two messages that tell the progress of all nodes of a run.
STATE_SECONDS = 0.1
#: Jobs that a client is told of when it comes back.
MOST_JOBS = 100
#: The ``preview_method`` of a job that leaves it to the server.
DEFAULT = "default"


class Broadcast:
    """Tells clients what happens.

    Attributes:
        views: what is known of each run in progress.
    """

    def __init__(self, hub: Hub, record: Record, traces: "Traces | None" = None) -> None:
        self.views: dict[str, RunView] = {}
        self._clients: dict[str, str | None] = {}
        self._previews: dict[str, str] = {}
        self._state_due: dict[str, asyncio.TimerHandle] = {}
        self._hub = hub
        self._record = record
        self._traces = traces

    def begin(self, job: Job) -> RunView:
        """Follow a run from now on."""
        self._clients[job.id] = job.client
        self._previews[job.id] = str(job.extra.get("preview_method") or DEFAULT)
        view = self.views[job.id] = RunView(job.id)
        if self._traces:
            self._traces.begin(job)
        return view

    def event(self, job: str, type: str, data: Mapping[str, Any], blob: bytes = b"") -> None:
        """Log an event of a run that is followed and send what it means."""
        view = self.views.get(job)
        if view is None:
            return
        if type == "preview":
            self._show(job, view.preview_meta(data), blob, bool(data.get("kept")))
            return
        if self._traces:
            self._traces.event(job, type, data)
        if type in _LOGGED:
            self._tell(self._record.event(job, type, data))
        else:
            self._send(view.fold(type, data, 0.0), self._clients[job])
        if view.changed and job not in self._state_due:
            self._tell_state(job)

    async def end(
        self,
        job: str,
        state: State,
        outputs: Mapping[str, Any],
        failure: Mapping[str, Any] | None,
    ) -> None:
        """Give a job its final state, tell it when that is on disk, and follow it no more."""
        data = {"state": state, "failure": failure}
        entry = self._record.event(job, "ended", data)
        finish = partial(jobs.finish, id=job, state=state, outputs=outputs, failure=failure)
        await self._record.flush(finish)
        if self.views[job].changed:
            self._tell_state(job)
        self._tell(entry)
        if self._traces:
            self._traces.end(job, state, failure)
        self.forget(job)

    def forget(self, job: str) -> None:
        """Follow a run no more, for it has ended or will begin anew."""
        if self._traces:
            self._traces.end(job, "lost")
        self._stop_waiting(job)
        self.views.pop(job, None)
        self._clients.pop(job, None)
        self._previews.pop(job, None)

    async def close(self) -> None:
        """Send what is left of the traces."""
        if self._traces:
            await asyncio.to_thread(self._traces.close)

    def _show(self, job: str, meta: Mapping[str, Any], picture: bytes, kept: bool) -> None:
        method = self._previews[job]
        if kept or method != "none":
            asked = method not in (DEFAULT, "none")
            self._hub.send_preview(meta, picture, self._clients[job], kept, asked)

    def _tell_state(self, job: str) -> None:
        """Tell the progress of all nodes, and again after a while if it changes meanwhile."""
        self._stop_waiting(job)
        self._send([self.views[job].progress_state()], self._clients[job])
        loop = asyncio.get_running_loop()
        self._state_due[job] = loop.call_later(STATE_SECONDS, self._state_is_due, job)

    def _state_is_due(self, job: str) -> None:
        self._stop_waiting(job)
        if self.views[job].changed:
            self._tell_state(job)

    def _stop_waiting(self, job: str) -> None:
        if timer := self._state_due.pop(job, None):
            timer.cancel()

    def _tell(self, entry: Entry) -> None:
        told = self.views[entry.job].fold(entry.type, entry.data, entry.at)
        self._send(told, self._clients[entry.job], entry.seq)

    def _send(self, told: Iterable[Outgoing], client: str | None, seq: int | None = None) -> None:
        for out in told:
            self._hub.send(out.type, out.data, client, out.key, seq)

    async def connect(self, client: Client, after: int | None) -> None:
        """Let a client hear of everything from now on, and of what it missed.

        Args:
            client: its session.
            after: last sequence number that it saw; None if it is new.
        """
        entries: list[Entry] = []
        left_out = 0
        if after is not None:
            who = None if client.watches else client.sid
            entries, left_out = await self._record.since(after, who, MOST_JOBS)
        self._hub.add(client)
        client.seen = entries[-1].seq if entries else after or 0
        self._replay(client, entries, after or 0)
        for view in self._views_of(client):
            for out in view.now():
                client.post(frame(out.type, out.data), out.key)
        if after is not None:
            data = {"seq": client.seen, "jobs_left_out": left_out}
            client.post(frame("x_caught_up", data))

    def _replay(self, client: Client, entries: list[Entry], after: int) -> None:
        """Say again what came behind ``after``; the events before only build up the views."""
        views: dict[str, RunView] = {}
        client.missed(
            frame(out.type, out.data, entry.seq)
            for entry in entries
            for out in _fold(views, entry)
            if entry.seq > after
        )

    def _views_of(self, client: Client) -> Iterator[RunView]:
        for job, view in self.views.items():
            if client.watches or self._clients[job] == client.sid:
                yield view


def _fold(views: dict[str, RunView], entry: Entry) -> Iterator[Outgoing]:
    view = views.setdefault(entry.job, RunView(entry.job))
    return view.fold(entry.type, entry.data, entry.at)
