"""The state of a sampling run as named tensors and plain data, and back.

Invariant: a state comes back bit for bit, on the device of the run; one that was saved for
other noise levels, another sampler, shape or kind of device, or by another version, does not
come back at all, because going on from it would give a picture that no whole run gives.
"""

import hashlib
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from .samplers import State

#: Change it when the meaning of what is saved changes.
VERSION = 2


class Checkpoints(Protocol):
    """Where a run leaves its state now and then."""

    def load(self) -> tuple[Mapping[str, Tensor], Mapping[str, Any]] | None:
        """What was saved last, if anything was."""

    def due(self) -> bool:
        """Whether it is time to save."""

    def save(self, tensors: Mapping[str, Tensor], data: Mapping[str, Any]) -> None:
        """Keep copies of named tensors, and JSON-like data."""


@dataclass(frozen=True)
class Bookmarks:
    """The saved states of one run.

    Attributes:
        checkpoints: where they are.
        run: name of everything that they depend on.
    """

    checkpoints: Checkpoints
    run: str

    def last(self, start: State) -> State:
        """The state to go on from: what was saved last, or else ``start``."""
        saved = self.checkpoints.load()
        if saved is None or saved[1].get("run") != self.run:
            return start
        tensors, data = saved
        history = tuple(tensors[f"history.{i}"].to(start.x.device) for i in range(data["history"]))
        x = tensors["x"].to(start.x.device)
        return State(x, data["step"], history, data["draws"], data["sigma"], data["h"])

    def mark(self, state: State) -> None:
        """Save a state if it is time to."""
        if self.checkpoints.due():
            history = {f"history.{i}": tensor for i, tensor in enumerate(state.history)}
            kept = {"step": state.step, "draws": state.draws, "history": len(history)}
            kept |= {"sigma": state.sigma, "h": state.h}
            self.checkpoints.save({"x": state.x, **history}, {"run": self.run, **kept})


def bookmarks(
    checkpoints: Checkpoints, sampler: str, levels: Sequence[float], start: State
) -> Bookmarks:
    """The saved states of a run.

    Args:
        checkpoints: where they are.
        sampler: name of the algorithm.
        levels: all noise levels.
        start: the state before the first step.
    """
    x = start.x
    kind = [VERSION, torch.__version__, sampler, list(x.shape), str(x.dtype), x.device.type]
    name = hashlib.blake2b(repr(kind).encode(), digest_size=16)
    name.update(array("d", levels).tobytes())
    return Bookmarks(checkpoints, name.hexdigest())
