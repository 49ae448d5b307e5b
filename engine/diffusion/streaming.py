"""Networks that do not fit on a device: layers whose weights come when they are called.

A network is cut into units that are called one after the other. As many as fit stay on the
device; each of the others is copied there from (pinned) host memory while the one before it
computes, and dropped after its call.

Invariant: a streamed network computes, bit by bit, what it would compute as a whole; between
calls only its resident units and one that was fetched ahead are on the device.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

#: A unit is at most this part of what may be on the device, where layers can be cut so small.
UNIT_SHARE = 0.125
#: Bytes of a unit that is not cut further: smaller copies cost more than they save.
SMALLEST = 32 << 20
#: Units that are there at once, besides the resident ones: the one that computes and the next.
IN_FLIGHT = 2


def stream(
    network: nn.Module, device: torch.device, budget: int, smallest: int = SMALLEST
) -> nn.Module:
    """Let a network on the host compute on a device that it does not fit on.

    Args:
        network: on the host; it is changed and returned.
        device: where it computes.
        budget: bytes of weights to have there at once. What one call needs is fetched even if
            the budget is smaller.
        smallest: bytes of a unit that is not cut further.
    """
    limit = max(smallest, int(budget * UNIT_SHARE))
    network.__dict__["streamer"] = Streamer(network, device, budget, limit)  # no submodule
    return network


def streamer_of(network: nn.Module) -> "Streamer | None":
    """What moves the units of a streamed network; None of any other network."""
    return network.__dict__.get("streamer")


class Unit:
    """A part of a network that is on the device only around its calls.

    Attributes:
        bytes: of its weights.
        next: the unit that was called after it the last time.
    """

    def __init__(self, part: nn.Module, streamer: "Streamer") -> None:
        self.bytes = size(part)
        self.next: Unit | None = None
        self._streamer = streamer
        self._tensors = _tensors(part)
        self._host = [streamer.pinned(t.data) for t in self._tensors]
        self._is_here, self._copied = False, None
        self.drop()
        part.register_forward_pre_hook(lambda *_: streamer.before(self))
        part.register_forward_hook(lambda *_: self.drop())

    def fetch(self) -> None:
        """Begin to copy the weights to the device, if they are not there."""
        if self._is_here:
            return
        self._is_here = True
        self._streamer.present += self.bytes
        with self._streamer.copying() as self._copied:
            for tensor, host in zip(self._tensors, self._host, strict=True):
                tensor.data = self._streamer.copy(host)

    def arrive(self) -> None:
        """Let what is computed from now on wait for the weights."""
        self.fetch()
        if self._copied is not None:
            stream = torch.cuda.current_stream(self._streamer.device)
            stream.wait_event(self._copied)
            for tensor in self._tensors:
                tensor.data.record_stream(stream)

    def drop(self) -> None:
        """Give the memory on the device back."""
        self._streamer.present -= self.bytes if self._is_here else 0
        self._is_here = False
        for tensor, host in zip(self._tensors, self._host, strict=True):
            tensor.data = host


class Streamer:
    """Moves the units of one network.

    Attributes:
        device: where they compute.
        resident: bytes that stay there.
        present: bytes of units that are there now, besides.
        most: bytes there at most.
    """

    def __init__(self, network: nn.Module, device: torch.device, budget: int, limit: int) -> None:
        self.device, self.present = device, 0
        self._stream = torch.cuda.Stream(device) if device.type == "cuda" else None
        parts = list(cut(network, limit))
        largest = max(map(size, parts))
        loose = _outside(network, parts)
        # The first one stays: callers look at the first weight for where a network computes.
        first, others = parts[:1], parts[1:]
        room = budget - IN_FLIGHT * largest - _bytes(loose) - sum(map(size, first))
        staying, moving = divide(others, room)
        staying = [*first, *staying]
        for tensor in [*loose, *(t for part in staying for t in _tensors(part))]:
            tensor.data = tensor.data.to(device)
        self.resident = _bytes(loose) + sum(map(size, staying))
        self.most = self.resident + IN_FLIGHT * largest
        self._units = [Unit(part, self) for part in moving]
        self._last: Unit | None = None
        self._ahead: Unit | None = None

    def before(self, unit: Unit) -> None:
        """A unit is about to be called: its weights must be there, those of the next may come."""
        if self._ahead is not None and self._ahead is not unit:
            self._ahead.drop()  # another one came instead
        if self._last is not None and self._last is not unit:
            self._last.next = unit
        unit.arrive()
        self._last, self._ahead = unit, unit.next
        if unit.next is not None:
            unit.next.fetch()

    def copy(self, host: Tensor) -> Tensor:
        """A tensor's copy on the device."""
        return host.to(self.device, non_blocking=True, copy=True)

    def pinned(self, tensor: Tensor) -> Tensor:
        """A tensor in memory from which the device copies while it computes."""
        return tensor if self._stream is None else tensor.pin_memory()

    @contextmanager
    def copying(self) -> Iterator[Any]:
        """Copies in this context run beside what is computed; gives the event of their end."""
        if self._stream is None:
            yield None
            return
        done = torch.cuda.Event()
        with torch.cuda.stream(self._stream):
            yield done
            done.record(self._stream)


def cut(network: nn.Module, limit: int) -> Iterator[nn.Module]:
    """The parts of a network: at most ``limit`` bytes each, as long as parts have parts.

    A part is called as a module, so that its hooks are; lists of modules are not, and a network
    itself may be called by another name, such as ``encode``.
    """
    for child in network.children():
        is_list = isinstance(child, nn.ModuleList | nn.ModuleDict)
        has_parts = next(child.children(), None) is not None
        if is_list or (has_parts and size(child) > limit):
            yield from cut(child, limit)
        elif size(child):
            yield child


def divide(parts: Iterable[nn.Module], room: int) -> tuple[list[nn.Module], list[nn.Module]]:
    """The parts that fit in the room and stay, spread evenly; and those that come and go."""
    parts = list(parts)
    share = min(1.0, max(0.0, room / max(1, sum(map(size, parts)))))
    staying: list[nn.Module] = []
    moving: list[nn.Module] = []
    due = 0.0
    for part in parts:
        due += share * size(part)
        stays = due >= size(part)
        due -= size(part) if stays else 0
        (staying if stays else moving).append(part)
    return staying, moving


def size(module: nn.Module) -> int:
    """Bytes of a module's weights."""
    return _bytes(_tensors(module))


def _tensors(module: nn.Module) -> list[Tensor]:
    return [*module.parameters(), *module.buffers()]


def _bytes(tensors: Iterable[Tensor]) -> int:
    return sum(t.numel() * t.element_size() for t in tensors)


def _outside(network: nn.Module, parts: Iterable[nn.Module]) -> list[Tensor]:
    """The tensors of a network that are in none of the parts."""
    inside = {id(t) for part in parts for t in _tensors(part)}
    return [t for t in _tensors(network) if id(t) not in inside]
