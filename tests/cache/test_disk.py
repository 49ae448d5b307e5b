"""Results come back from disk as they were, and nothing on disk can do harm."""

import threading
from pathlib import Path

import pytest
import torch

from engine.cache.disk import DiskTier
from engine.cache.memory import Entry
from engine.cache.tiered import TieredCache
from engine.graph.signature import Signature

BUDGET = 1 << 20


def name(number: int) -> Signature:
    return Signature(f"{number:032x}")


def entry(size: int = 100, seconds: float = 1.0, **ui: list[object]) -> Entry:
    return Entry(([torch.arange(size, dtype=torch.float32)],), ui, seconds)


def test_everything_storable_comes_back(tmp_path: Path) -> None:
    base = torch.randn(4, 3).to(torch.bfloat16)
    latent = {"samples": torch.randn(1, 4, 2, 2), "batch_index": [0, 1], "type": "x"}
    values = ([latent, base.T], [("a", None, True, 1.5, 7)], [])
    DiskTier(tmp_path, BUDGET).put(name(1), Entry(values, {"text": ["é"]}, 2.0))
    found = DiskTier(tmp_path, BUDGET).get(name(1))
    assert found is not None
    assert torch.equal(found.values[0][0]["samples"], latent["samples"])  # type: ignore[arg-type]
    assert found.values[0][0]["batch_index"] == [0, 1]
    assert torch.equal(found.values[0][1], base.T)
    assert found.values[1:] == values[1:]
    assert (found.ui, found.seconds) == ({"text": ["é"]}, 2.0)


def test_views_of_one_tensor_are_stored_apart(tmp_path: Path) -> None:
    whole = torch.arange(10.0)
    tier = DiskTier(tmp_path, BUDGET)
    assert tier.put(name(1), Entry(([whole, whole[2:4]],), {}, 1.0))
    found = tier.get(name(1))
    assert found is not None and found.values[0][1].tolist() == [2.0, 3.0]


def test_what_has_no_file_form_is_left_to_memory(tmp_path: Path) -> None:
    tier = DiskTier(tmp_path, BUDGET)
    assert not tier.put(name(1), Entry(([object()],), {}, 1.0))
    assert len(tier) == 0 and not list(tmp_path.glob("*/*"))


def test_the_budget_holds_and_the_cheap_goes_first(tmp_path: Path) -> None:
    size = 1000
    one = DiskTier(tmp_path / "probe", BUDGET)
    one.put(name(0), entry(size))
    tier = DiskTier(tmp_path / "tier", one.used * 2 + 10)
    tier.put(name(1), entry(size, seconds=9.0))
    tier.put(name(2), entry(size, seconds=0.5))
    tier.put(name(3), entry(size, seconds=5.0))
    assert name(1) in tier and name(3) in tier and name(2) not in tier
    files = {p.stem.split("-")[0] for p in (tmp_path / "tier").glob("*/*")}
    assert files == {name(1), name(3)}
    smaller = DiskTier(tmp_path / "tier", one.used)
    assert len(smaller) == 1 and len(list((tmp_path / "tier").glob("*/*"))) == 1


@pytest.mark.parametrize("damage", [b"", b"\0" * 7, b"\xff" * 100, b'{"entry": 3}'])
def test_a_damaged_file_counts_as_not_there(tmp_path: Path, damage: bytes) -> None:
    tier = DiskTier(tmp_path, BUDGET)
    tier.put(name(1), entry())
    (path,) = tmp_path.glob("*/*")
    path.write_bytes(damage)
    again = DiskTier(tmp_path, BUDGET)
    assert again.get(name(1)) is None
    assert name(1) not in again and not path.exists()


def test_a_file_that_another_process_deleted_is_a_miss(tmp_path: Path) -> None:
    tier = DiskTier(tmp_path, BUDGET)
    tier.put(name(1), entry())
    next(tmp_path.glob("*/*")).unlink()
    assert tier.get(name(1)) is None


def test_leftovers_of_a_crash_are_swept(tmp_path: Path) -> None:
    (tmp_path / "ab").mkdir()
    (tmp_path / "ab" / "x.part").write_bytes(b"half")
    (tmp_path / "ab" / "notes.txt").write_bytes(b"mine")
    assert len(DiskTier(tmp_path, BUDGET)) == 0
    assert [p.name for p in (tmp_path / "ab").iterdir()] == ["notes.txt"]


def test_the_tiers_together(tmp_path: Path) -> None:
    first = TieredCache(BUDGET, DiskTier(tmp_path, BUDGET))
    first.put(name(1), entry(seconds=1.0))
    first.put(name(2), entry(seconds=0.0))
    first.put(name(3), entry(seconds=0.0, text=["shown"]))
    first.flush()
    second = TieredCache(BUDGET, DiskTier(tmp_path, BUDGET))
    assert name(1) in second and name(2) not in second and name(3) in second
    assert second.get(name(1)) is not None
    assert (second.report()["memory"]["entries"], second.report()["disk"]["entries"]) == (1, 2)
    second.clear()
    assert name(1) in second
    second.discard(name(1))
    assert name(1) not in second
    second.clear_disk()
    assert name(3) not in second


def test_a_slow_disk_holds_nothing_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tier = DiskTier(tmp_path, BUDGET)
    cache = TieredCache(BUDGET, tier)
    released = threading.Event()
    monkeypatch.setattr(tier, "put", lambda *args: released.wait())
    for i in range(200):  # many more than may wait; hangs if putting waited for the disk
        cache.put(name(i), entry(10))
    released.set()
    cache.flush()
    assert len(cache) == 200
