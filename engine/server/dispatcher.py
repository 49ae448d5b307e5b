"""From the queue to the workers and back: leases jobs, follows them, ends them.

Invariant: a job is handed out only to a worker that is ready and none of whose runs still needs
its device; however a run ends (well, badly, interrupted, with a dead worker), the job gets
exactly one final state and the clients hear of it.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engine.errors import InvalidPrompt
from engine.folders import Folders
from engine.graph.prompt import Prompt, parse, to_json, upstream
from engine.graph.validate import validate
from engine.store import jobs, leases, settings
from engine.store.database import Database
from engine.store.jobs import Job, State
from engine.workers.loss import Loss, describe
from engine.workers.pool import MakeProcess, Member, Pool
from engine.workers.protocol import Message
from engine.workers.seats import Seat

from .active import Active, Part
from .assign import assign
from .broadcast import Broadcast
from .catalogue import Catalogue
from .hub import Hub
from .merge import Merge, Told
from .order import Order, order
from .passing import Passage
from .questions import Questions
from .record import Record
from .tenure import Tenure

if TYPE_CHECKING:
    from .traces import Traces

log = logging.getLogger("loom")

#: Owner of the server's own settings.
SERVER = "__server__"

#: How long an interrupted node may go on before its worker is killed.
PATIENCE_SECONDS = 10.0
#: How often a job is given to a worker before it counts as failed when workers are lost.
MOST_ATTEMPTS = 3
#: Ended jobs to remember, and the size of the database beyond which old ones go.
KEPT_JOBS, KEPT_BYTES = 10_000, 2 << 30
#: Ended jobs between two looks at how many there are.
PRUNE_EVERY = 20
#: Validated prompts to keep until their turn; others are validated again.
KEPT_CHECKED = 64

_IGNORED = Loss("interrupted", "A node ignored an interrupt, so the worker process was ended.")
_SILENT = Loss("unreachable", "The worker gave no sign of life while its lease ran out.")


class Dispatcher:
    """Keeps the workers busy with the jobs of the queue.

    Attributes:
        active: jobs that workers have, oldest first.
        pool: the workers.
        questions: asks workers about prompts.
        passage: to what packs serve.
        paused: no job is handed out; kept across restarts.
    """

    def __init__(
        self,
        database: Database,
        hub: Hub,
        catalogue: Catalogue,
        folders: Folders,
        seats: Sequence[Seat],
        make: MakeProcess,
        metadata: bool = True,
        traces: "Traces | None" = None,
    ) -> None:
        """Prepare; :meth:`run` does the work.

        Args:
            database: holds the queue.
            hub: hears of everything.
            catalogue: takes the specs that workers report.
            folders: roots of the installation.
            seats: where workers are to be.
            make: makes their processes.
            metadata: whether output files carry prompt and workflow.
            traces: makes spans of the runs.
        """
        self.active: dict[str, Active] = {}
        self.paused = False
        self.pool = Pool(seats, make, self._on_message, self._on_loss)
        self.questions = Questions(self.pool)
        self.passage = Passage()
        self._database = database
        self._hub = hub
        self.record = Record(database)
        self.broadcast = Broadcast(hub, self.record, traces)
        self._catalogue = catalogue
        self._tenure = Tenure(database)
        self._wake = asyncio.Event()
        self._may_wait = True  # False once the queue was found empty, until something is added
        self._ended = 0
        self._endings: asyncio.Queue[Active] = asyncio.Queue()
        self._checked: dict[str, Order] = {}
        self._added: dict[str, Job] = {}
        self._metadata = metadata
        self._folders = folders

    @property
    def system(self) -> Mapping[str, Any]:
        """What the workers last said of their devices and memory, as one."""
        return self.pool.system()

    async def run(self) -> None:
        """Work until cancelled; then the workers are stopped."""
        await self.record.open()
        again = await self._database.run(leases.recover)
        kept = await self._database.run(settings.all_settings, SERVER)
        self.paused = bool(kept.get("queue.paused"))
        if again:
            log.info("Back in the queue after the last server ended: %s", ", ".join(again))
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.pool.run())
                group.create_task(self._lease())
                group.create_task(self._end_jobs())
                group.create_task(self.record.keep_flushing())
                keep = self._tenure.keep(self.active.values, self._lease_ran_out)
                group.create_task(keep)
        finally:
            await self.pool.stop()
            await self.passage.close()
            await self.broadcast.close()

    async def pause(self, paused: bool) -> None:
        """Hand out no more jobs, or go on; what runs goes on in either case."""
        await self._database.run(settings.update, SERVER, {"queue.paused": paused})
        self.paused = paused
        self._wake.set()

    async def cancel(self, job: str) -> bool:
        """Cancel a job that waits or runs; False if it does neither."""
        if self.interrupt(job):
            return True
        cancelled = await self._database.run(jobs.cancel_queued, job)
        self._forget(job)
        await self.announce()
        return cancelled

    async def retry(self, job: str, new_id: str) -> Job | None:
        """Queue the work of a job once more; None if there is no such job."""
        again = await self._database.run(jobs.copy, job, new_id)
        self._may_wait = True
        await self.announce()
        self._wake.set()
        return again

    async def announce(self) -> None:
        """Tell all clients how long the queue is."""
        self._hub.send("status", await self.status(), key="status")

    async def status(self) -> dict[str, Any]:
        """The data of a ``status`` event."""
        remaining = await self._database.run(jobs.remaining)
        return {"status": {"exec_info": {"queue_remaining": remaining}}}

    def interrupt(self, job: str | None = None) -> bool:
        """Stop a running job, or the oldest one; whether there was such a job."""
        chosen = job if job is not None else next(iter(self.active), None)
        if chosen not in self.active:
            return False
        active = self.active[chosen]
        active.interrupted = True
        for part in active.open:
            part.member.process.send(Message("interrupt", {"job": chosen}))
        loop = asyncio.get_running_loop()
        loop.call_later(PATIENCE_SECONDS, self._lose_patience, active)
        return True

    def free(
        self, unload_models: bool = False, free_memory: bool = False, empty_disk: bool = False
    ) -> None:
        """Ask all workers to give memory, or results on disk, back when their device is idle."""
        data = {
            "unload_models": unload_models,
            "free_memory": free_memory,
            "empty_disk": empty_disk,
        }
        self.pool.empty(Message("free", data))

    def _lose_patience(self, active: Active) -> None:
        if self.active.get(active.job.id) is not active:
            return
        for part in active.open:
            name, node = part.member.name, active.view.node
            log.warning("Node %s ignored an interrupt; restarting %s.", node, name)
            part.member.process.kill(_IGNORED)

    def _lease_ran_out(self, job: str) -> None:
        """End the workers that have given no sign of life; what that means is told with it."""
        active = self.active.get(job)
        for part in active.open if active is not None else ():
            if not part.gave_sign:
                part.member.process.kill(_SILENT)

    async def _lease(self) -> None:
        while True:
            if not await self._lease_next():
                try:
                    async with asyncio.timeout(5):
                        await self._wake.wait()
                except TimeoutError:
                    self._may_wait = True
                self._wake.clear()

    async def _lease_next(self) -> bool:
        """Lease the next job if a worker is free; whether there was one."""
        free = self.pool.free()
        if self.paused or not free or not self._may_wait:
            return False
        self._may_wait = False
        job = await self._tenure.lease(free[0].name, dict(self._added))
        if job is None:
            return False
        self._may_wait = True
        behind = await self._database.run(jobs.count_queued) if len(free) > 1 else 0
        free = self.pool.free()  # some may have been lost meanwhile
        if not free:
            await self._database.run(leases.refuse, job.id)
            return True
        names = self._hand_out(job, free, behind)
        if names != job.worker:
            await self._database.run(leases.assign, job.id, names)
        return True

    async def add(self, job: Job, read: Prompt, checked: Prompt) -> None:
        """Put a validated job into the queue; durable when this returns.

        Args:
            job: what to run.
            read: its prompt as it was sent.
            checked: the same after validation.

        Raises:
            JobConflict: a job with this id exists.
        """
        await self.add_all([(job, order(read, checked))])

    async def add_all(self, new: Sequence[tuple[Job, Order]]) -> None:
        """Put validated jobs into the queue, all or none; durable when this returns.

        Raises:
            JobConflict: a job with one of their ids exists.
        """
        await self._database.run(jobs.add_all, [job for job, _ in new])
        self._may_wait = True
        for job, made in new:
            self.record.event(job.id, "queued", {"number": job.number})
            if len(self._checked) < KEPT_CHECKED:  # those far behind are checked again
                self._checked[job.id], self._added[job.id] = made, job
        await self.announce()
        self._wake.set()

    def _hand_out(self, job: Job, free: Sequence[Member], behind: int) -> str:
        """Give a job to free workers.

        Args:
            job: what to run.
            free: the workers; there is one at least.
            behind: how many jobs wait behind it; a free worker is left to each.

        Returns:
            The names of the workers that have it now.
        """
        try:
            made = self._forget(job.id) or self._check_again(job)
        except InvalidPrompt as error:
            failure = {"exception_type": error.type, "exception_message": error.details}
            active = self._follow(job, {free[0]: job.targets}, {})
            self._end_part(active, active.open[0], _ended("failed", failure))
            return free[0].name
        prompt = made.prompt
        outputs = [id for id in job.targets if id in prompt]
        most = max(1, len(free) - behind)
        shares = assign(prompt, outputs, self._catalogue.specs, free, most)
        self._follow(job, shares, prompt)
        for member, own in shares.items():
            member.take(job.id, Message("run", self._order(job, made, own)))
        return ",".join(member.name for member in shares)

    def _forget(self, job: str) -> Order | None:
        """Drop what is kept of a job until its turn, and give it back."""
        self._added.pop(job, None)
        return self._checked.pop(job, None)

    def _follow(self, job: Job, shares: Mapping[Member, Sequence[str]], prompt: Prompt) -> Active:
        names = [member.name for member in shares]
        self.record.event(job.id, "leased", {"attempt": job.attempts, "workers": names})
        parts = {m.name: Part(m, tuple(own), beat=m.beat) for m, own in shares.items()}
        above = {
            m.name: upstream(prompt, own) if len(shares) > 1 else prompt
            for m, own in shares.items()
        }
        merge = Merge(above)
        active = Active(job, self.broadcast.begin(job), parts, merge, job.lease_until or 0.0)
        self.active[job.id] = active
        return active

    def _order(self, job: Job, made: Order, outputs: Sequence[str]) -> dict[str, Any]:
        """What a worker needs to know to run a job."""
        return {
            "job": job.id,
            "number": job.number,
            "prompt": job.prompt,
            "changed": to_json(made.changed),
            "dropped": made.dropped,
            "outputs": list(outputs),
            "metadata": self._metadata_of(job),
            "again": job.attempts > 1,
            "client": job.client,
        }

    def _check_again(self, job: Job) -> Order:
        """Validate a job of an earlier start, whose nodes or files may be gone by now."""
        folders, specs, read = self._folders, self._catalogue.specs, parse(job.prompt)
        return order(read, validate(read, specs, folders.list, job.targets).prompt)

    def _metadata_of(self, job: Job) -> dict[str, Any] | None:
        """What files carry besides the prompt itself; None if they carry nothing."""
        extra = job.extra.get("extra_pnginfo")
        carried = extra if isinstance(extra, Mapping) else {}
        return dict(carried) if self._metadata else None

    def _on_message(self, member: Member, message: Message) -> None:
        data = message.data
        match message.kind:
            case "ready":
                self._catalogue.update(data)
                self.passage.update(data["door"])
                self._wake.set()
                pid, where = member.process.pid, f"{member.name} on {member.device}"
                log.info("Worker %s (%s) is ready.", pid, where)
            case "nodes":
                self._catalogue.update(data)
                told = {name: data[name] for name in ("pack", "nodes", "error")}
                self._hub.send("nodes_changed", told)
            case "door":
                self.passage.update(data)
            case "event":
                self._on_event(member, data, message.blob)
            case "done":
                self._on_done(member, data)
            case "answer":
                self.questions.answered(data)
            case "told":
                self._hub.send(data["event"], data["data"], data["client"], near=data["near"])

    def _on_event(self, member: Member, message: Mapping[str, Any], blob: bytes) -> None:
        active = self.active.get(message["job"])
        if active is None or member.name not in active.parts:
            return
        active.started = True
        told = Told(message["type"], message["data"], blob)
        if told.type == "node_done" and not told.data["cached"]:
            self._time(active.job, told.data)
        if told.type == "drained":
            member.release(active.job.id)
            self._wake.set()
        self._tell(active, active.merge.take(member.name, told))

    def _tell(self, active: Active, events: Iterable[Told]) -> None:
        for told in events:
            self.broadcast.event(active.job.id, told.type, told.data, told.blob)

    def _time(self, job: Job, data: Mapping[str, Any]) -> None:
        kind = (job.prompt.get(data["node"]) or {}).get("class_type")
        if kind is not None:  # nodes of expansions are not in the prompt
            self.record.took(kind, data["ms"], data.get("bytes"), data.get("peak"))

    def _on_done(self, member: Member, data: Mapping[str, Any]) -> None:
        active = self.active.get(data["job"])
        if active is not None and member.name in active.parts:
            self._end_part(active, active.parts[member.name], data)

    def _on_loss(self, member: Member, loss: Loss) -> None:
        log.warning("%s is lost (%s). %s", member.name, loss.kind, loss.text)
        self.record.counts.losses[loss.kind] += 1
        self.questions.give_up(member)
        for active in list(self.active.values()):
            part = active.parts.get(member.name)
            if part is not None and part.answer is None:
                self._end_part(active, part, self._lost(active, part, loss))

    def _lost(self, active: Active, part: Part, loss: Loss) -> Mapping[str, Any]:
        """How a part ends whose worker was lost; ``lost`` runs it again elsewhere."""
        status = "cancelled" if active.interrupted else "failed"
        if part.member.process.remote and active.job.attempts < MOST_ATTEMPTS:
            status = "cancelled" if active.interrupted else "lost"
        return _ended(status, describe(loss, active.job.prompt, active.view.node))

    def _end_part(self, active: Active, part: Part, answer: Mapping[str, Any]) -> None:
        if part.answer is None:
            part.answer = answer
            part.member.end(active.job.id)
            self._tell(active, active.merge.end(part.member.name))
            if not active.open:
                self._endings.put_nowait(active)
            self._wake.set()

    async def _end_jobs(self) -> None:
        while True:
            active = await self._endings.get()
            answer = active.answer()
            if answer["status"] == "lost":
                await self._again(active, answer["failure"]["exception_message"])
            else:
                await self._end(active, answer)
            await self.announce()
            self._wake.set()

    async def _again(self, active: Active, reason: str) -> None:
        """Put a job back into the queue, because its worker was lost by no fault of it."""
        log.warning("Job %s goes back into the queue. %s", active.job.id, reason)
        self.record.event(active.job.id, "lost", {"reason": reason})
        self.broadcast.forget(active.job.id)
        del self.active[active.job.id]  # before it can be leased again
        await self._database.run(leases.give_back, active.job.id)
        self._may_wait = True

    async def _end(self, active: Active, answer: Mapping[str, Any]) -> None:
        failure = answer["failure"]
        if failure is not None:
            failure = {**failure, "executed": answer["executed"]}
        state = State(answer["status"])
        await self.broadcast.end(active.job.id, state, answer["outputs"], failure)
        del self.active[active.job.id]
        self.record.counts.jobs[state] += 1
        self._ended += 1
        if self._ended % PRUNE_EVERY == 0:
            await self._database.run(jobs.prune, KEPT_JOBS, KEPT_BYTES)


def _ended(status: str, failure: Mapping[str, Any]) -> dict[str, Any]:
    """How a part ended of which no worker told."""
    return {"status": status, "outputs": {}, "failure": failure, "executed": ()}
