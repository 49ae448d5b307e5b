"""What a run would do, told before it is started: per node its state, why, and how long.

Invariant: pure; a node that would run always has a reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .diff import Change, diff
from .prompt import Prompt

#: ``idle`` nodes are not needed, because what they feed is known.
State = Literal["cached", "run", "idle", "blocked"]


@dataclass(frozen=True)
class Prospect:
    """What would become of one node.

    Attributes:
        state: what would happen.
        reasons: why it would run or cannot; empty otherwise.
        ms: how long it usually takes here, if that is known and it would run.
    """

    state: State
    reasons: tuple[str, ...] = ()
    ms: float | None = None


def outlook(
    prompt: Prompt,
    states: Mapping[str, str],
    node_errors: Mapping[str, Any],
    previous: Prompt | None,
    medians: Mapping[str, float],
) -> dict[str, Prospect]:
    """The prospects of all nodes.

    Args:
        prompt: as it was sent.
        states: what the worker said of the nodes that may run.
        node_errors: faults, as validation reports them.
        previous: the prompt that ran before, to tell what changed since.
        medians: milliseconds by kind of node.
    """
    changes = _changes(previous, prompt)
    return {
        id: _prospect(id, prompt, states, node_errors, changes, medians, previous is not None)
        for id in prompt
    }


def total_ms(prospects: Mapping[str, Prospect]) -> float:
    """How long the nodes that would run usually take, as far as that is known."""
    return sum(prospect.ms or 0.0 for prospect in prospects.values())


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
    medians: Mapping[str, float],
    ran_before: bool,
) -> Prospect:
    if id in node_errors:
        texts = (f"{e['message']}: {e['details']}" for e in node_errors[id]["errors"])
        return Prospect("blocked", tuple(texts))
    state = states.get(id)
    if state == "cached":
        return Prospect("cached")
    if state == "idle":
        return Prospect("idle")
    if state is None:
        return Prospect("blocked", ("nothing that can run needs it",))
    reasons = _reasons(id, prompt, states, changes.get(id, []), ran_before)
    return Prospect("run", reasons, medians.get(prompt[id].kind))


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
