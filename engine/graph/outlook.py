"""What a run would do, told before it is started: per node its state, why, how long, how large.

Invariant: pure; a node that would run always has a reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from .diff import Change, diff
from .prompt import Prompt, topological

#: ``idle`` nodes are not needed: what they feed is known, or nothing that can run needs them.
State = Literal["cached", "run", "idle", "blocked"]


class Usual(Protocol):
    """What a kind of node usually takes here; None is not known."""

    @property
    def ms(self) -> float:
        """Milliseconds."""

    @property
    def bytes(self) -> int | None:
        """Of its result."""

    @property
    def peak(self) -> int | None:
        """Bytes of the device that a call takes on top of what is there."""


@dataclass(frozen=True)
class Prospect:
    """What would become of one node.

    Attributes:
        state: what would happen.
        reasons: why it would run or cannot, or that nothing needs it; empty otherwise.
        ms: how long it usually takes here, if that is known and it would run.
        bytes: how large its result usually is, if that is known and it would run.
        peak: how much more of the device its call usually takes, likewise.
    """

    state: State
    reasons: tuple[str, ...] = ()
    ms: float | None = None
    bytes: int | None = None
    peak: int | None = None


def outlook(
    prompt: Prompt,
    states: Mapping[str, str],
    node_errors: Mapping[str, Any],
    previous: Prompt | None,
    usual: Mapping[str, Usual],
) -> dict[str, Prospect]:
    """The prospects of all nodes.

    Args:
        prompt: as it was sent.
        states: what the worker said of the nodes that may run.
        node_errors: faults, as validation reports them.
        previous: the prompt that ran before, to tell what changed since.
        usual: by kind of node.
    """
    changes = _changes(previous, prompt)
    found: dict[str, Prospect] = {}
    for id in dict.fromkeys([*topological(prompt), *prompt]):  # then what lies on cycles
        faulty = [link.node for _, link in prompt[id].links() if _blocks(found.get(link.node))]
        if id not in states and id not in node_errors:
            found[id] = _not_asked_for(faulty)
        else:
            found[id] = _prospect(
                id, prompt, states, node_errors, changes, usual, previous is not None
            )
    return {id: found[id] for id in prompt}


def _blocks(source: Prospect | None) -> bool:
    return source is not None and source.state == "blocked"


def _not_asked_for(faulty: list[str]) -> Prospect:
    """A node that is in no run that can start."""
    if faulty:
        return Prospect("blocked", tuple(f"node {source} cannot run" for source in faulty))
    return Prospect("idle", ("nothing that can run needs it",))


def total_ms(prospects: Mapping[str, Prospect]) -> float:
    """How long the nodes that would run usually take, as far as that is known."""
    return sum(prospect.ms or 0.0 for prospect in prospects.values())


def peak_bytes(prompt: Prompt, prospects: Mapping[str, Prospect]) -> int | None:
    """The most device memory that results and calls of a run take at once, as far as known.

    None where no call was ever measured, as on a CPU: results alone would say next to nothing.
    Nodes are taken one after the other, each result held until its last user ran; what the
    cache keeps besides has a budget of its own and is given up for this.
    """
    order = [id for id in topological(prompt) if prospects[id].state == "run"]
    if all(prospects[id].peak is None for id in order):
        return None
    last = {link.node: id for id in order for _, link in prompt[id].links()}
    held: dict[str, int] = {}
    most = 0
    for id in order:
        own = prospects[id].bytes or 0
        most = max(most, sum(held.values()) + max(own, prospects[id].peak or 0))
        held = {source: size for source, size in held.items() if last[source] != id}
        if id in last:
            held[id] = own
    return most


def _changes(previous: Prompt | None, prompt: Prompt) -> dict[str, list[Change]]:
    found: dict[str, list[Change]] = {}
    for change in diff(previous, prompt) if previous is not None else ():
        found.setdefault(change.node, []).append(change)
    return found


def _prospect(
    id: str,
    prompt: Prompt,
    states: Mapping[str, str],
    node_errors: Mapping[str, Any],
    changes: Mapping[str, list[Change]],
    usual: Mapping[str, Usual],
    ran_before: bool,
) -> Prospect:
    if id in node_errors:
        texts = (f"{e['message']}: {e['details']}" for e in node_errors[id]["errors"])
        return Prospect("blocked", tuple(texts))
    state = states[id]
    if state == "cached":
        return Prospect("cached")
    if state == "idle":
        return Prospect("idle")
    reasons = _reasons(id, prompt, states, changes.get(id, []), ran_before)
    known = usual.get(prompt[id].kind)
    if known is None:
        return Prospect("run", reasons)
    return Prospect("run", reasons, known.ms, known.bytes, known.peak)


def _reasons(
    id: str,
    prompt: Prompt,
    states: Mapping[str, str],
    changes: list[Change],
    ran_before: bool,
) -> tuple[str, ...]:
    own = [f"{c.input} changed" if c.input else "it is new" for c in changes if c.sign != "-"]
    running = [link.node for _, link in prompt[id].links() if states.get(link.node) == "run"]
    above = [f"node {source} runs" for source in dict.fromkeys(running)]
    known = "its result is no longer kept" if ran_before else "it has not run yet"
    return tuple(own + above) or (known,)
