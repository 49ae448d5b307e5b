"""A node pack for tests: nodes that sleep, count, fail and crash."""

import ctypes
import os
import re
import signal
import time
from pathlib import Path

import numpy as np

from engine.api import Context, Int, Output, Socket, Text, node

ANY = Socket("PROBE")


@node("ProbeValue", category="probe")
def value(*, number: Int(0, 1000) = 0) -> ANY:
    """A number."""
    return number


@node("ProbeSteps", category="probe")
def steps(*, count: Int(1, 100000) = 10, ms: Int(0, 10000) = 10, ctx: Context) -> ANY:
    """Take some steps of some milliseconds, reporting each.

    Args:
        count: how many steps.
        ms: how long each takes.
    """
    for step in range(count):
        ctx.progress(step, count, lambda: np.zeros((8, 8, 3), np.uint8))
        time.sleep(ms / 1000)
    ctx.progress(count, count)
    return count


@node("ProbeCrash", category="probe")
def crash(*, number: Int(0, 1000) = 0) -> ANY:
    """End the process."""
    os._exit(17)


@node("ProbeKill", category="probe")
def kill(*, value: ANY) -> ANY:
    """End the process as the kernel does when memory is short."""
    os.kill(os.getpid(), signal.SIGKILL)
    return value


@node("ProbeHold", category="probe")
def hold(*, value: ANY, seconds: Int(0, 1000) = 60) -> ANY:
    """Sleep in a library without letting Python run anything else."""
    ctypes.PyDLL(None).sleep(seconds)
    return value


@node("ProbeRegex", category="probe")
def regex(*, value: ANY, letters: Int(0, 100) = 25) -> ANY:
    """Compute in one call without letting Python run anything else; a letter more is twice as long.

    Args:
        value: handed on.
        letters: length of the text that a regular expression fails to match.
    """
    re.match("(a+)+$", "a" * letters + "b")
    return value


@node("ProbeFail", category="probe")
def fail(*, message: Text() = "broken") -> ANY:
    """Raise an error."""
    raise ValueError(message)


@node("ProbeShow", category="probe", is_output=True, lane="host")
def show(*, value: ANY, note: Text() = "", ctx: Context) -> Output:
    """Show a value as text, and write one line into the output folder for each time."""
    with Path(ctx.folders.output, "shown.txt").open("a") as file:
        file.write(f"{value} {note}\n")
    return Output(ui={"text": [f"{value} {note}"]})
