"""Jobs in progress: which workers have them, and how far they are.

Invariant: a job has as many parts as workers have it, at least one, each on another worker; it
ends when all its parts have.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.store.jobs import Job
from engine.workers.pool import Member

from .merge import Merge
from .runview import RunView


@dataclass(eq=False)
class Part:
    """What one worker does of a job.

    Attributes:
        member: the worker.
        outputs: ids of the output nodes that it runs.
        answer: how it ended: ``status``, ``outputs``, ``failure``, ``executed``; None before.
        beat: the last sign of life of the worker that has counted.
    """

    member: Member
    outputs: tuple[str, ...]
    answer: Mapping[str, Any] | None = None
    beat: float = 0.0

    @property
    def gave_sign(self) -> bool:
        """Whether its worker lives; of a process on this computer one would know its end."""
        return not self.member.process.remote or self.member.beat > self.beat


@dataclass(eq=False)
class Active:
    """A job that workers have.

    Attributes:
        job: as it was leased.
        view: what is known of the run.
        parts: by name of the worker.
        merge: makes one stream of events out of those of the parts.
        until: when its lease runs out, in seconds since the epoch.
        started: a worker has begun with it.
        noted: the queue on disk says so.
        interrupted: the user asked it to stop.
    """

    job: Job
    view: RunView
    parts: dict[str, Part]
    merge: Merge
    until: float = 0.0
    started: bool = False
    noted: bool = False
    interrupted: bool = False

    @property
    def open(self) -> list[Part]:
        """The parts that have not ended."""
        return [part for part in self.parts.values() if part.answer is None]

    @property
    def gave_signs(self) -> bool:
        """Whether all its workers have given a sign of life since the lease was renewed."""
        return all(part.gave_sign for part in self.open)

    def answer(self) -> dict[str, Any]:
        """How the job ends whose parts have all ended.

        Its status is ``lost`` if it has to be run again, because a worker elsewhere was lost.
        """
        answers = [part.answer or {} for part in self.parts.values()]
        statuses = {answer["status"] for answer in answers}
        worst = ("cancelled", "lost", "failed") if self.interrupted else ("lost", "failed")
        status = next((each for each in (*worst, "cancelled") if each in statuses), "done")
        failures = [a["failure"] for a in answers if a["status"] == status and a["failure"]]
        return {
            "status": status,
            "outputs": {id: ui for answer in answers for id, ui in answer["outputs"].items()},
            "failure": next(iter(failures), None),
            "executed": list(dict.fromkeys(id for a in answers for id in a["executed"])),
        }

    def renew(self, until: float) -> None:
        """Count the signs of life."""
        self.until = until
        for part in self.open:
            part.beat = part.member.beat
