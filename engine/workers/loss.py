"""Why a worker's process ended, and what its jobs are told.

Invariant: whoever had a job on it reads what happened, to which node, and what to do.
"""

import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from engine.errors import WorkerLost

LossKind = Literal["crash", "hang", "out_of_memory", "interrupted", "unreachable"]

#: Part of the memory below which a SIGKILL is laid to its shortage.
SCARCE = 0.05
HINTS: Mapping[LossKind, str] = {
    "crash": "If this happens again with the same node, report it to whoever made the node; "
    "the server's log holds what the process printed last.",
    "hang": "If the node really needs that long in one call, start with a longer --hang-timeout.",
    "out_of_memory": "Make pictures or batches smaller, close other programs, or lower "
    "--cache-size.",
    "interrupted": "",
    "unreachable": "Look at the cluster: the computer or its network may be down.",
}


@dataclass(frozen=True)
class Loss:
    """The end of a worker's process.

    Attributes:
        kind: what it was.
        text: a sentence about it.
        inside: ids of the nodes whose code ran at that moment, those on the device first.
    """

    kind: LossKind
    text: str
    inside: tuple[str, ...] = ()


def judge(code: int, oom_kills: int, memory: tuple[int, int]) -> Loss:
    """Tell a crash from the kernel's reaction to a shortage of memory.

    Args:
        code: exit code; below 0 the signal that ended the process.
        oom_kills: how many processes the kernel ended for memory in its last second.
        memory: total and free bytes at its last heartbeat; zeros if unknown.
    """
    if code >= 0:
        return Loss("crash", f"The worker process ended with exit code {code}.")
    name = _name(-code)
    total, free = memory
    if name == "SIGKILL" and (oom_kills > 0 or free < SCARCE * total):
        known = f" ({free >> 20} of {total >> 20} MB were free just before)" if total else ""
        text = f"The computer ran out of memory{known} and its kernel ended the worker by SIGKILL."
        return Loss("out_of_memory", text)
    return Loss("crash", f"The worker process was ended by {name}.")


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def hang(seconds: float, worked: bool) -> Loss:
    """The loss of a process that was ended for its silence."""
    how = "computed without letting anything else in it run" if worked else "did nothing at all"
    text = f"The worker process gave no sign of life for {seconds:.0f} s and {how}; it was ended."
    return Loss("hang", text)


def describe(loss: Loss, prompt: Mapping[str, Any], last: str | None) -> dict[str, Any]:
    """The failure of a job whose worker ended while it ran.

    Args:
        loss: how it ended.
        prompt: the job's, in API format.
        last: the node that started last and had not ended, as far as was told.
    """
    node = _blamed(loss.inside, prompt, last)
    data = prompt.get(node or "", {})
    kind, title = data.get("class_type"), (data.get("_meta") or {}).get("title")
    called = f" '{title}'" if title else ""
    shown = f"node {node}{called}" + (f" ({kind})" if kind else "")
    where = f" while {shown} was running" if node else ""
    return {
        "node_id": node,
        "node_type": kind,
        "node_title": title or kind,
        "exception_type": WorkerLost.__name__,
        "exception_message": f"{loss.text[:-1]}{where}. A new worker is being started; run again.",
        "hint": HINTS[loss.kind],
        "loss": loss.kind,
        "traceback": [],
        "current_inputs": {},
    }


def _blamed(inside: Sequence[str], prompt: Mapping[str, Any], last: str | None) -> str | None:
    """The node of the prompt that ran; inner nodes have the id of theirs before a dot."""
    roots = [id if id in prompt else id.partition(".")[0] for id in inside]
    found = [id for id in roots if id in prompt]
    return found[0] if found and last not in found else last
