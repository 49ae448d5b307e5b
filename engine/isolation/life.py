"""One process of an isolated pack: how it is started, and how it ended.

Invariant: it gets nothing from here but its socket, its folders and what it is for.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from .channel import Channel, Parcel

ROOT = Path(__file__).resolve().parents[2]
#: Variables that are nobody's business in there.
_SECRETS = ("LOOM_TOKEN",)

Received = tuple[dict[str, Any], Parcel]


@dataclass(frozen=True)
class Order:
    """How the process of a pack is started.

    Attributes:
        pack: its file or folder.
        settings: sent to it first.
        python: what runs it.
        memory: bytes that it may hold; 0 is no limit.
        scratch: a folder of its own for temporary files.
    """

    pack: Path
    settings: Mapping[str, Any]
    python: str
    memory: int
    scratch: Path

    @property
    def name(self) -> str:
        """The pack's."""
        return self.pack.stem


@dataclass
class Life:
    """One process, from its start to its end.

    Attributes:
        process: of the system.
        channel: leads to it.
        calls: per number of a call, where its messages go; None there means that the process ended.
        why: the reason if it was ended from here.
    """

    process: "subprocess.Popen[bytes]"
    channel: Channel
    calls: "dict[int, SimpleQueue[Received | None]]" = field(default_factory=dict)
    why: str = ""

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.process.poll() is not None

    def end(self, why: str = "") -> None:
        """End it now."""
        self.why = self.why or why
        self.process.kill()
        self.process.wait()

    def ending(self) -> str:
        """How it ended, for the user."""
        code = self.process.wait()
        if self.why:
            return self.why
        return f"ended with exit code {code}" if code >= 0 else f"was ended by {_signal(-code)}"


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def begin(order: Order) -> Life:
    """Start a process and tell it what it is for."""
    order.scratch.mkdir(parents=True, exist_ok=True)
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [order.python, "-m", "engine.isolation.inside", str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=2,  # of this process, whatever Python calls its standard error
            pass_fds=[theirs.fileno()],
            env=_environment(order),
        )
    life = Life(process, Channel(ours))
    life.channel.send("configure", order.settings)
    return life


def _environment(order: Order) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _SECRETS}
    own = {"TMPDIR": str(order.scratch), "XDG_CACHE_HOME": str(order.scratch / "cache")}
    if order.python != sys.executable:
        kept.pop("PYTHONPATH", None)  # its own packages go first; ours are named in its .pth
        return {**kept, **own}
    return {**kept, **own, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])}
