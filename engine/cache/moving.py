"""Moving results between a device and the computer's memory.

Invariant: what was moved has the same values, shapes and strides, and tensors that shared
memory before share it after. Only this module moves data; tests put another in its place.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from .parts import Key, replaced, storage_of

if TYPE_CHECKING:
    from torch import Tensor, UntypedStorage


class Mover(Protocol):
    """What the tiers need of a device."""

    def down(self, values: Sequence[Any]) -> list[Any]:
        """Values with all tensors in the computer's memory; may take long."""
        ...

    def up(self, values: Sequence[Any], homes: Mapping[Key, str]) -> list[Any]:
        """Values with those parts on a device that have a home there; does not wait for it."""
        ...


class TorchMover:
    """Moves tensors of torch; on CUDA by way of pinned memory and a stream of its own."""

    def down(self, values: Sequence[Any]) -> list[Any]:
        """Copies beside the device's other work, and waits for the end of the copying."""
        import torch

        done: dict[Key, UntypedStorage] = {}
        if not torch.cuda.is_available():
            return [replaced(value, partial(_down, done, False)) for value in values]
        aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        aside.wait_stream(torch.cuda.default_stream())
        with torch.cuda.stream(aside):
            copies = [replaced(value, partial(_down, done, True)) for value in values]
        aside.synchronize()
        return copies

    def up(self, values: Sequence[Any], homes: Mapping[Key, str]) -> list[Any]:
        """The copying is queued on the device, before whatever uses the tensors there."""
        done: dict[Key, UntypedStorage] = {}
        return [replaced(value, partial(_up, done, homes)) for value in values]


def _down(done: "dict[Key, UntypedStorage]", pinned: bool, tensor: "Tensor") -> "Tensor":
    key, part = storage_of(tensor)
    return _copied(done, key, tensor, "cpu", pinned) if part.home else tensor


def _up(done: "dict[Key, UntypedStorage]", homes: Mapping[Key, str], tensor: "Tensor") -> "Tensor":
    key, _ = storage_of(tensor)
    return _copied(done, key, tensor, homes[key], False) if key in homes else tensor


def _copied(
    done: "dict[Key, UntypedStorage]", key: Key, tensor: "Tensor", device: str, pinned: bool
) -> "Tensor":
    """The same view of a copy of the whole storage, which is made once."""
    import torch

    if not isinstance(key, tuple):  # without a storage
        return tensor.to(device)
    if key not in done:
        source = tensor.untyped_storage()
        flat = torch.empty(0, dtype=torch.uint8, device=tensor.device).set_(source)
        copy = torch.empty(flat.numel(), dtype=torch.uint8, device=device, pin_memory=pinned)
        done[key] = copy.copy_(flat, non_blocking=True).untyped_storage()
    view = torch.empty(0, dtype=tensor.dtype, device=device)
    offset, size, stride = tensor.storage_offset(), tensor.size(), tensor.stride()
    return view.set_(done[key], offset, size, stride)
