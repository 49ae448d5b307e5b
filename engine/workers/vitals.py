"""Signs of life of a process that can be read from outside, and when silence means a hang.

A worker's heartbeat comes from a thread of its own, which a node keeps from running only by
holding Python's lock in one long call. Such a node may well be at work (a regular expression, a
library that never lets go), so silence alone is no proof: a process that uses the processor or
reads files may be silent twenty times as long as one that does neither.

Invariant: reading signs of life never fails; a system that does not tell them counts as at work.
"""

import os
from dataclasses import dataclass
from pathlib import Path

#: A silent process that is at work is given so many times the patience.
AT_WORK_FACTOR = 20
#: Part of one processor that counts as work; threads that wait for the lock need a little.
BUSY = 0.05


@dataclass(frozen=True)
class Vitals:
    """What a process has used so far: seconds of processor time, bytes read."""

    cpu: float
    read: int


def vitals(pid: int) -> Vitals | None:
    """Of a process; None if the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        io = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
        ticks = int(fields[11]) + int(fields[12])
        return Vitals(ticks / os.sysconf("SC_CLK_TCK"), int(io["rchar"]) + int(io["read_bytes"]))
    except (OSError, ValueError, KeyError, IndexError):
        return None


def oom_kills() -> int:
    """How many processes this computer's kernel has ended for lack of memory."""
    try:
        lines = (line.split() for line in Path("/proc/vmstat").read_text().splitlines())
        return next((int(words[1]) for words in lines if words[0] == "oom_kill"), 0)
    except OSError:
        return 0


class Silence:
    """How long a process has said nothing.

    Counted in looks, not by the clock, so that a pause of the one who listens is not blamed on
    the one who is listened to.

    Attributes:
        seconds: of silence.
        idle: of them in a row without work.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self.seconds = 0.0
        self.idle = 0.0
        self._last: Vitals | None = None

    def heard(self) -> None:
        """Note that the process said something."""
        self.seconds = self.idle = 0.0

    def look(self, period: float, now: Vitals | None) -> bool:
        """Take one more look, ``period`` seconds after the last; whether it is a hang."""
        self.seconds += period
        self.idle = 0.0 if self._works(period, now) else self.idle + period
        self._last = now
        return self.idle >= self._patience or self.seconds >= self._patience * AT_WORK_FACTOR

    @property
    def worked(self) -> bool:
        """Whether the process did something while it was silent."""
        return self.idle < self._patience

    def _works(self, period: float, now: Vitals | None) -> bool:
        if now is None or self._last is None:
            return True
        return now.cpu - self._last.cpu >= BUSY * period or now.read > self._last.read
