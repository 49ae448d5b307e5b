"""Which networks are in memory: each is built once, used by all, and dropped when room is due.

Invariant: one set of weights is never on the device twice. The least recently used network
goes first when the budget is exceeded, but never the one just asked for; one log line tells
of each decision.
"""

import hashlib
import logging
import os
import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import cast
from weakref import WeakValueDictionary

import torch
from torch import nn

from engine.memory import return_freed

from .checkpoints import build, build_empty
from .networks.compact import make_compact, scales_of, widened
from .networks.packed import make_packed, packer, plain
from .patches import Patch, patched
from .streaming import Streamer, stream, streamer_of
from .weights import Role, Weights

log = logging.getLogger(__name__)

#: Part of a device's memory that weights may fill; the rest is for activations.
WEIGHT_SHARE = 0.6
#: Where networks wait that do not fit on the device.
HOST = torch.device("cpu")


@dataclass(frozen=True)
class Held:
    """One line of the ledger: who holds how many bytes where."""

    owner: str
    bytes: int
    device: str


def choose_device() -> torch.device:
    """The first GPU if there is one, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("cpu")


def choose_dtype(role: Role, device: torch.device) -> torch.dtype:
    """Precision of a network: half where the device computes in it and it is safe.

    On a CPU bfloat16 is used if the cores have instructions for it, at two to four times the
    speed and half the memory; pictures differ by less than what eight bits a channel show.
    Autoencoders overflow in float16, so they use bfloat16 or stay in float32; upscalers are
    small and stay in float32.
    """
    if role == "upscale":
        return torch.float32
    if device.type == "cpu":
        return torch.bfloat16 if cpu_has_bfloat16() else torch.float32
    if role == "vae":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    return torch.float16


@cache
def cpu_has_bfloat16() -> bool:
    """Whether the cores multiply bfloat16 themselves (AVX512-BF16 or AMX)."""
    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(bool(getattr(torch.cpu, name, lambda: False)()) for name in checks)


PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
_EIGHT_BITS = {"fp8_e4m3fn": torch.float8_e4m3fn, "fp8_e5m2": torch.float8_e5m2}


@dataclass(frozen=True)
class Limits:
    """What a user has decided about networks.

    Attributes:
        precision: by role, ``fp32``, ``bf16`` or ``fp16``.
        share: part of the device's memory that weights may fill; None is ``WEIGHT_SHARE``.
        reserved: bytes of the device that weights leave to others.
        kept: by role, the type of eight bits in which matrices are kept: ``fp8_e4m3fn`` or
            ``fp8_e5m2``. It is widened for computing.
        on_host: roles whose networks compute on the CPU.
        channels_last: whether convolutions have their channels in the innermost place.
        compiled: backend of ``torch.compile`` for all denoisers; empty: none.
    """

    precision: Mapping[str, str] = field(default_factory=dict)
    share: float | None = None
    reserved: int = 0
    kept: Mapping[str, str] = field(default_factory=dict)
    on_host: Collection[str] = ()
    channels_last: bool = False
    compiled: str = ""

    def dtype(self, role: Role, device: torch.device) -> torch.dtype:
        """Precision of a network: the user's choice, or :func:`choose_dtype`."""
        chosen = self.precision.get(role)
        return PRECISIONS[chosen] if chosen else choose_dtype(role, device)

    def place(self, role: Role, device: torch.device) -> torch.device:
        """Where a network computes."""
        return HOST if role in self.on_host else device

    def fitted(self, weights: Weights) -> Weights:
        """The weights in the type that they are kept in."""
        kept = self.kept.get(weights.role)
        return weights.kept(_EIGHT_BITS[kept]) if kept and weights.kept_as is None else weights

    def budget(self, device: torch.device) -> int:
        """Bytes of weights to keep on a device."""
        share = WEIGHT_SHARE if self.share is None else self.share
        return max(0, int(_memory(device) * share) - self.reserved)


def _memory(device: torch.device) -> int:
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[1])
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


class Residency:
    """The networks on one device.

    Attributes:
        device: where they are.
        budget: bytes of weights to keep at most; the layers of a larger network come and go.
        limits: what the user has decided.
    """

    def __init__(
        self,
        device: torch.device | None = None,
        budget: int | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.device, self.limits = device or choose_device(), limits or Limits()
        self.budget = self.limits.budget(self.device) if budget is None else budget
        self._kept: OrderedDict[str, nn.Module] = OrderedDict()  # least recently used first
        self._alive: WeakValueDictionary[str, nn.Module] = WeakValueDictionary()
        self._lock = threading.RLock()

    def load(self, weights: Weights, patches: Sequence[Patch] = ()) -> nn.Module:
        """The network of some weights, built if it is not there yet.

        A patched network shares all tensors that no patch is about with the plain one; to
        take the patches off is to ask for the plain one again.
        """
        with self._lock:
            weights = self.limits.fitted(weights)
            owner = _owner(weights, patches)
            network = self._kept.get(owner) or self._alive.get(owner)
            if network is None:
                network = self._variant(weights, patches) if patches else self._build(weights)
            self._kept[owner] = self._alive[owner] = network
            self._kept.move_to_end(owner)
            self._make_room()
            return network

    def release(self, weights: Weights, patches: Sequence[Patch]) -> None:
        """Forget a variant that will not be asked for soon; who still uses it keeps it."""
        with self._lock:
            self._kept.pop(_owner(weights, patches), None)

    def unload_all(self) -> int:
        """Drop every network that is not in use; returns the bytes given up."""
        with self._lock:
            freed = sum(held.bytes for held in self.ledger())
            self._kept.clear()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        log.info("unloaded all weights: %.1f MB", freed / 2**20)
        return freed

    def ledger(self) -> list[Held]:
        """Who holds how much, least recently used first."""
        with self._lock:
            seen: set[int] = set()
            # What a plain network and its variants share is held by the plain one.
            plain_first = sorted(self._kept, key=lambda owner: "+" in owner)
            sizes = {owner: _own(self._kept[owner], seen) for owner in plain_first}
            return [Held(owner, sizes[owner], self._where(owner)) for owner in self._kept]

    def _where(self, owner: str) -> str:
        network = self._kept[owner]
        is_streamed = streamer_of(network) is not None
        return str(self.device if is_streamed else next(network.parameters()).device)

    def _build(self, weights: Weights) -> nn.Module:
        place = self.limits.place(weights.role, self.device)
        dtype = weights.computed_as or self.limits.dtype(weights.role, place)
        if place != HOST and _size_as(weights, dtype) > self.budget:
            return self._streamed(build(weights, HOST, dtype), weights)
        network = build(weights, place, dtype, self._packs(weights))
        return_freed()  # what was read and converted on the way
        if self.limits.channels_last:
            network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        size = size_of(network) / 2**20
        log.info("loaded %s of %s: %.1f MB on %s", weights.role, weights.path.name, size, place)
        return network

    def _streamed(self, network: nn.Module, weights: Weights) -> nn.Module:
        """A network that is larger than the budget, in layers that come when they are called."""
        streamed = stream(network, self.device, self.budget)
        stays = cast(Streamer, streamer_of(streamed)).resident / 2**20
        size, name = size_of(network) / 2**20, weights.path.name
        text = "streams %s of %s: %.1f of %.1f MB stay on %s, the rest comes layer by layer"
        log.info(text, weights.role, name, stays, size, self.device)
        return streamed

    def _variant(self, weights: Weights, patches: Sequence[Patch]) -> nn.Module:
        """A network that shares what it can with the plain one."""
        base = self.load(weights)
        touched = {name for patch in patches for name in patch.changes}
        wide = widened(base, touched)
        network = build_empty(weights)
        pack = packer(network) if self._packs(weights) else lambda name, tensor: tensor
        state = {
            name: pack(name, patched(name, wide.get(name, plain(t)), patches))
            if name in touched
            else t
            for name, t in base.state_dict(keep_vars=True).items()
        }
        network.load_state_dict(state, assign=True)
        make_compact(network, scales_of(base))
        changed = len(touched & state.keys())
        log.info("patched %d tensors of %s", changed, weights.path.name)
        network.requires_grad_(False).eval()
        if streamer_of(base):
            return self._streamed(network.to(HOST), weights)
        make_packed(network)
        return network

    def _packs(self, weights: Weights) -> bool:
        """Whether weights are packed: on the CPU, but not for large pictures or a compiler."""
        place = self.limits.place(weights.role, self.device)
        return place == HOST and weights.role != "upscale" and not self.limits.compiled

    def _make_room(self) -> None:
        while (used := self._used()) > self.budget and len(self._kept) > 1:
            owner, _ = self._kept.popitem(last=False)
            log.info("evicted %s: %d of %d bytes were in use", owner, used, self.budget)

    def _used(self) -> int:
        return sum(held.bytes for held in self.ledger() if held.device == str(self.device))


def _owner(weights: Weights, patches: Sequence[Patch]) -> str:
    if not patches:
        return weights.id
    names = repr([(p.id, p.strength, p.keep) for p in patches])
    return f"{weights.id}+{hashlib.blake2b(names.encode(), digest_size=6).hexdigest()}"


def _size_as(weights: Weights, dtype: torch.dtype) -> int:
    """Bytes of a network in a precision."""
    return sum(p.numel() for p in build_empty(weights).parameters()) * dtype.itemsize


def _own(network: nn.Module, seen: set[int]) -> int:
    """Bytes on the device of the tensors whose addresses have not been seen yet."""
    if streamer := streamer_of(network):
        return streamer.most
    total = 0
    for p in network.parameters():
        place = p.data_ptr() if p.layout is torch.strided else id(p)
        if place not in seen:
            seen.add(place)
            total += p.numel() * p.element_size()
    return total


def size_of(network: nn.Module) -> int:
    """Bytes of a network's weights."""
    return sum(p.numel() * p.element_size() for p in network.parameters())


_process: Residency | None = None
_process_lock = threading.Lock()


def residency() -> Residency:
    """The residency of this process's device, made at first use."""
    global _process
    with _process_lock:
        if _process is None:
            _process = Residency()
        return _process


def load(weights: Weights, patches: Sequence[Patch] = ()) -> nn.Module:
    """The network of some weights on this process's device, with changes of its weights."""
    return residency().load(weights, patches)


def release(weights: Weights, patches: Sequence[Patch]) -> None:
    """Forget a variant of a network on this process's device."""
    residency().release(weights, patches)


def unload_all() -> int:
    """Drop all networks of this process; returns the bytes given up."""
    return residency().unload_all()


def ledger() -> list[Held]:
    """Who holds how much of this process's device."""
    return residency().ledger()


def use(device: torch.device | None = None, limits: Limits | None = None) -> None:
    """Choose the device of this process, for ``--cpu`` and for workers with one device each.

    Args:
        device: None is the first GPU, or the CPU if there is none.
        limits: what the user has decided.
    """
    global _process
    chosen, limits = device or choose_device(), limits or Limits()
    if chosen.type == "cuda":
        torch.cuda.set_device(chosen)  # for all that takes the current device, such as streams
    with _process_lock:
        _process = Residency(chosen, limits=limits)
