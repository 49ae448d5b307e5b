"""Results move between device and host by value, still share memory, and stay if pinned."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from engine.cache.memory import ENTRY_BYTES, Entry, ResultCache
from engine.cache.moving import TorchMover
from engine.cache.parts import Key, nbytes, parts_of, replaced, storage_of
from engine.graph.signature import Signature


@dataclass
class Storage:
    """A piece of pretended memory."""

    size: int

    def data_ptr(self) -> int:
        return id(self)

    def nbytes(self) -> int:
        return self.size


@dataclass
class FakeTensor:
    """Something with a storage on a pretended device."""

    storage: Storage
    home: str = "fake"
    device: Any = field(init=False)

    def __post_init__(self) -> None:
        self.device = Device(self.home or "cpu")

    def untyped_storage(self) -> Storage:
        return self.storage


class Device(SimpleNamespace):
    """What a tensor says of its place."""

    def __init__(self, type: str) -> None:
        super().__init__(type=type)

    def __str__(self) -> str:
        return str(self.type)


class FakeMover:
    """Moves pretended tensors, sharing kept."""

    def _moved(self, values: Any, chosen: Any, home: Any) -> list[Any]:
        done: dict[Key, Storage] = {}

        def move(tensor: FakeTensor) -> FakeTensor:
            key, part = storage_of(tensor)
            if not chosen(key, part):
                return tensor
            return FakeTensor(done.setdefault(key, Storage(part.bytes)), home)

        return [replaced(value, move) for value in values]

    def down(self, values: Any) -> list[Any]:
        return self._moved(values, lambda key, part: part.home, "")

    def up(self, values: Any, homes: Any) -> list[Any]:
        return self._moved(values, lambda key, part: key in homes, "fake")


def name(text: object) -> Signature:
    return Signature(str(text))


def made(size: int = 100, seconds: float = 1.0, storage: Storage | None = None) -> Entry:
    return Entry(([{"samples": FakeTensor(storage or Storage(size))}],), {}, seconds)


def tiers(device: int = 250, host: int = 10_000) -> ResultCache:
    return ResultCache(host, device, FakeMover())


def where(cache: ResultCache, key: object) -> str:
    return next(iter(parts_of(cache._entries[name(key)].values).values())).home or "host"


def test_the_cheapest_moves_to_the_host_and_back_when_it_is_hit() -> None:
    cache = tiers()
    for key, seconds in (("dear", 9.0), ("cheap", 0.1), ("new", 1.0)):
        cache.put(name(key), made(seconds=seconds))
    cache.flush()
    assert [where(cache, key) for key in ("dear", "cheap", "new")] == ["fake", "host", "fake"]
    report = cache.report()
    assert (report["device"]["bytes"], report["device"]["demotions"]) == (200, 1)
    assert report["memory"]["bytes"] == 100 + 3 * ENTRY_BYTES
    cache.pin(name("cheap"))  # as a run does that takes it
    found = cache.get(name("cheap"))
    assert found is not None
    assert found.values[0][0]["samples"].home == "fake"
    cache.flush()
    assert cache.report()["memory"]["promotions"] == 1
    assert where(cache, "cheap") == "fake" and where(cache, "new") == "host"


def test_without_a_device_that_tier_is_empty() -> None:
    cache = tiers()
    cache.put(name("a"), Entry(([torch.zeros(10)],), {}, 1.0))
    report = cache.report()
    assert (report["device"]["entries"], report["memory"]["bytes"]) == (0, 40 + ENTRY_BYTES)


def test_what_is_shared_counts_once_and_moves_together() -> None:
    cache, shared = tiers(), Storage(200)
    cache.put(name("a"), made(seconds=1.0, storage=shared))
    cache.put(name("b"), made(seconds=1.0, storage=shared))
    assert cache.report()["device"]["bytes"] == 200
    cache.put(name("c"), made(seconds=99.0))
    cache.flush()
    assert [where(cache, key) for key in "abc"] == ["host", "host", "fake"]
    assert cache.report()["memory"]["bytes"] == 200 + 3 * ENTRY_BYTES
    cache.get(name("b"))
    cache.flush()
    assert cache.report()["device"]["bytes"] <= 250


def test_an_owner_that_goes_leaves_its_parts_to_the_next() -> None:
    cache, shared = tiers(), Storage(200)
    cache.put(name("a"), made(storage=shared))
    cache.put(name("b"), made(storage=shared))
    cache.discard(name("a"))
    assert cache.report()["device"]["bytes"] == 200
    cache.discard(name("b"))
    assert cache.used == 0


def test_what_is_pinned_stays_and_the_new_is_not_kept() -> None:
    cache = ResultCache(2 * (100 + ENTRY_BYTES))
    entries = [Entry(([torch.zeros(25)],), {}, seconds) for seconds in (0.1, 0.1, 9.0)]
    for key, entry in zip("ab", entries, strict=False):
        cache.pin(name(key))
        cache.put(name(key), entry)
    assert cache.report()["memory"]["pinned"] == cache.used
    cache.put(name("c"), entries[2])
    assert name("a") in cache and name("b") in cache and name("c") not in cache
    cache.unpin(name("a"))
    cache.put(name("c"), entries[2])
    assert name("a") not in cache and name("c") in cache


def test_what_shares_memory_with_something_pinned_stays_on_the_device() -> None:
    cache, shared = tiers(), Storage(200)
    cache.put(name("a"), made(seconds=0.1, storage=shared))
    cache.put(name("b"), made(seconds=0.1, storage=shared))
    cache.pin(name("b"))
    cache.put(name("c"), made(seconds=9.0))
    cache.flush()
    assert [where(cache, key) for key in "abc"] == ["fake", "fake", "host"]


def test_a_move_that_fails_gives_the_result_up(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tiers()
    monkeypatch.setattr(FakeMover, "down", lambda self, values: [][1])
    for key in "abc":
        cache.put(name(key), made())
    cache.flush()
    assert len(cache) == 2 and cache.used == 200 + 2 * ENTRY_BYTES


def test_copies_of_tensors_keep_views_and_sharing() -> None:
    """The copying itself, with the computer's memory in the place of a device."""
    base = torch.arange(24.0).reshape(4, 6)
    values = ([{"a": base, "b": base.T[1:3]}, base.expand(2, 4, 6)],)
    homes = {key: "cpu" for key in parts_of(values)}
    (copy,) = TorchMover().up([values], homes)
    first = copy[0][0]
    assert torch.equal(first["a"], base) and torch.equal(first["b"], base.T[1:3])
    assert first["b"].stride() == base.T[1:3].stride()
    assert torch.equal(copy[0][1], base.expand(2, 4, 6))
    assert nbytes(copy) == nbytes(values) == base.nbytes
    assert parts_of(copy).keys().isdisjoint(parts_of(values))
    assert TorchMover().down([values])[0][0][0]["a"] is base


def test_the_largest_are_named_with_the_nodes_that_made_them() -> None:
    cache = ResultCache(1 << 20)
    for i in range(20):
        cache.put(name(i), Entry(([torch.zeros(i)],), {}, 1.0, f"Kind{i}"))
    largest = cache.report()["largest"]
    assert [held["kind"] for held in largest[:2]] == ["Kind19", "Kind18"]
    assert largest[0]["bytes"] == 19 * 4 + ENTRY_BYTES
