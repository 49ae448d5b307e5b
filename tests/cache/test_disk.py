"""Results come back from disk as they were, and nothing on disk can do harm."""

import dataclasses
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch

from engine.cache.disk import BLOCK_BYTES, DiskTier
from engine.cache.memory import Entry
from engine.cache.references import register
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
    (tmp_path / "ab" / "y.part").write_bytes(b"being written")
    os.utime(tmp_path / "ab" / "x.part", (1e9, 1e9))
    (tmp_path / "ab" / "notes.txt").write_bytes(b"mine")
    assert len(DiskTier(tmp_path, BUDGET)) == 0
    assert {p.name for p in (tmp_path / "ab").iterdir()} == {"notes.txt", "y.part"}


def test_the_tiers_together(tmp_path: Path) -> None:
    first = TieredCache(BUDGET, DiskTier(tmp_path, BUDGET))
    first.put(name(1), entry(seconds=1.0))
    first.put(name(2), entry(seconds=0.0))
    first.put(name(3), entry(seconds=0.0, text=["shown"]))
    first.flush()
    second = TieredCache(BUDGET, DiskTier(tmp_path, BUDGET))
    assert name(1) in second and name(2) not in second and name(3) in second
    assert second.get(name(1)) is None  # which never reads
    assert second.fetch(name(1)) is not None and second.get(name(1)) is not None
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


OTHER = """
import sys, torch
from pathlib import Path
from engine.cache.disk import BLOCK_BYTES, DiskTier
from engine.cache.memory import Entry
tier = DiskTier(Path(sys.argv[1]), 1 << 20)
for word in sys.stdin:
    signature = f"{int(word):032x}"
    if signature in tier:
        tier.discard(signature)
    else:
        tier.put(signature, Entry(([torch.zeros(100)],), {}, 1.0))
    print("done", flush=True)
"""


def test_what_another_process_wrote_or_deleted_is_seen(tmp_path: Path) -> None:
    tier = DiskTier(tmp_path, BUDGET)
    tier.put(name(1), entry())
    command, pipe = [sys.executable, "-c", OTHER, str(tmp_path)], subprocess.PIPE
    with subprocess.Popen(command, text=True, stdin=pipe, stdout=pipe) as other:
        assert other.stdin is not None and other.stdout is not None

        def toggle(number: int) -> None:
            print(number, file=other.stdin, flush=True)
            assert other.stdout is not None and other.stdout.readline() == "done\n"

        toggle(2)
        assert tier.get(name(2)) is None
        tier.refresh()
        assert tier.get(name(2)) is not None and len(tier) == 2
        toggle(1)
        toggle(3)
        assert tier.get(name(1)) is None  # known, and gone
        tier.refresh()
        assert {name(2), name(3)} == set(tier._paths)
        assert tier.used == 2 * BLOCK_BYTES  # small files take whole blocks
        other.stdin.close()


def test_all_processes_together_stay_within_the_budget(tmp_path: Path) -> None:
    probe = DiskTier(tmp_path / "probe", BUDGET)
    probe.put(name(0), entry())
    root = tmp_path / "tier"
    tiers = [DiskTier(root, 3 * probe.used + 10) for _ in range(2)]
    for number in range(10):
        tiers[number % 2].put(name(number), entry())
    assert len(list(root.glob("*/*"))) == 3


def test_two_processes_that_wrote_the_same_keep_one_file(tmp_path: Path) -> None:
    tiers = [DiskTier(tmp_path, BUDGET) for _ in range(2)]
    for tier, seconds in zip(tiers, (1.0, 2.0), strict=True):
        tier.put(name(1), entry(seconds=seconds))
    assert len(list(tmp_path.glob("*/*"))) == 1
    assert tiers[1].get(name(1)) is not None
    assert DiskTier(tmp_path, BUDGET).get(name(1)) is not None


@dataclasses.dataclass(frozen=True)
class Pointer:
    """A handle of tests."""

    target: str
    patches: tuple[tuple[str, float], ...] = ()


def test_references_come_back_equal_and_not_if_what_they_name_is_gone(tmp_path: Path) -> None:
    register("Pointer", Pointer)
    pointer = Pointer("weights", (("style", 0.5),))
    tier = DiskTier(tmp_path, BUDGET)
    assert tier.put(name(1), Entry(([pointer],), {}, 0.0, "Loader"))
    found = tier.get(name(1))
    assert found is not None and (found.values, found.kind) == (([pointer],), "Loader")

    def gone(values: object) -> Pointer:
        raise FileNotFoundError("weights")

    register("Pointer", Pointer, load=gone)
    assert tier.get(name(1)) is None and name(1) not in tier


def test_references_are_kept_however_fast_they_were_made(tmp_path: Path) -> None:
    register("Pointer", Pointer)
    cache = TieredCache(BUDGET, DiskTier(tmp_path, BUDGET))
    cache.put(name(1), Entry(([Pointer("weights")],), {}, 0.0))
    cache.put(name(2), Entry(([1],), {}, 0.0))
    cache.flush()
    assert name(1) in cache.disk and name(2) not in cache.disk
