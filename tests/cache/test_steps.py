"""States of long calls come back whole or not at all, and never pile up."""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.cache.disk import DiskTier
from engine.cache.steps import StepStore
from engine.graph.signature import Signature

A, B = Signature("a" * 32), Signature("b" * 32)


class Clock:
    """Time that stands still unless told."""

    def __init__(self, now: float = 100.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def save(store: StepStore, signature: Signature = A, number: int = 0, size: int = 4) -> None:
    store.of(signature, number).save({"x": torch.arange(float(size))}, {"step": number})
    store.flush()


def files(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def test_a_state_comes_back_in_another_process(tmp_path: Path) -> None:
    base = torch.randn(4, 3)
    tensors = {"t": base.T, "half": base.half(), "none": base[:0], "view": base[1:2]}
    store = StepStore(tmp_path)
    store.of(A).save(tensors, {"step": 3, "names": ["é", None]})
    store.flush()
    found = StepStore(tmp_path).of(A).load()
    assert found is not None
    assert found[1] == {"step": 3, "names": ["é", None]}
    assert found[0].keys() == tensors.keys()
    assert all(torch.equal(found[0][name], tensors[name]) for name in tensors)
    assert StepStore(tmp_path).of(A, 1).load() is None
    assert StepStore(tmp_path).of(B).load() is None


def test_a_save_is_a_copy(tmp_path: Path) -> None:
    store, x = StepStore(tmp_path), torch.zeros(1000)
    steps = store.of(A)
    steps.save({"x": x}, {})
    x += 1
    store.flush()
    found = steps.load()
    assert found is not None and not found[0]["x"].any()


def test_it_is_due_every_few_seconds(tmp_path: Path) -> None:
    clock = Clock()
    store = StepStore(tmp_path, interval=3.0, clock=clock)
    steps = store.of(A)
    clock.now += 50  # waiting for the device does not count
    assert not steps.due()
    clock.now += 2.9
    assert not steps.due()
    clock.now += 0.1
    assert steps.due()
    steps.save({}, {})
    store.flush()
    assert not steps.due()
    clock.now += 3.0
    assert steps.due()


def test_a_slow_disk_holds_nothing_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    released, real = threading.Event(), os.fsync

    def slow(file: int) -> None:
        released.wait(30)
        real(file)

    monkeypatch.setattr(os, "fsync", slow)
    store = StepStore(tmp_path, interval=0.0)
    steps = store.of(A)
    steps.save({"x": torch.ones(1)}, {"step": 1})
    assert not steps.due()
    steps.save({"x": torch.ones(1)}, {"step": 2})
    released.set()
    store.flush()
    found = steps.load()
    assert found is not None and found[1] == {"step": 1}
    assert steps.due()


def test_a_node_that_ended_well_leaves_nothing(tmp_path: Path) -> None:
    store = StepStore(tmp_path)
    for signature, number in ((A, 0), (A, 1), (B, 0)):
        save(store, signature, number)
    store.end(A)
    store.flush()
    assert files(tmp_path) == {f"{B}/0.safetensors"}
    later = StepStore(tmp_path)
    assert later.of(B).load() is not None  # what an earlier process left goes too
    later.end(B)
    later.flush()
    assert list(tmp_path.iterdir()) == []


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-4])


def foreign(path: Path) -> None:
    from safetensors.torch import save_file

    save_file({"x": torch.ones(1)}, path)


@pytest.mark.parametrize(
    "damage",
    [
        cut,
        foreign,
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"\xff" * 100),
    ],
    ids=["cut", "foreign", "empty", "noise"],
)
def test_a_damaged_file_counts_as_not_there(tmp_path: Path, damage: Callable[[Path], Any]) -> None:
    store = StepStore(tmp_path)
    save(store)
    damage(tmp_path / A / "0.safetensors")
    assert store.of(A).load() is None
    assert files(tmp_path) == set()
    save(store)
    assert store.of(A).load() is not None


def test_a_full_disk_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*paths: Any) -> None:
        raise OSError("No space left on device")

    store = StepStore(tmp_path)
    monkeypatch.setattr(os, "replace", full)
    save(store)
    assert files(tmp_path) == set()
    assert store.of(A).load() is None


def test_what_is_left_stays_within_the_budget(tmp_path: Path) -> None:
    """The oldest go first; a state that is larger than all there may be is not written."""
    save(StepStore(tmp_path / "probe"), size=1000)
    (probe,) = (tmp_path / "probe").rglob("*.safetensors")
    store = StepStore(tmp_path / "steps", budget=2 * probe.stat().st_size, kept=float("inf"))
    for number in range(3):
        save(store, number=number, size=1000)
        os.utime(tmp_path / "steps" / A / f"{number}.safetensors", (number + 1e9, number + 1e9))
    save(store, number=3, size=1000)
    save(store, B, size=10_000)
    assert files(tmp_path / "steps") == {f"{A}/2.safetensors", f"{A}/3.safetensors"}


def test_what_is_old_goes_when_a_process_starts(tmp_path: Path) -> None:
    save(StepStore(tmp_path))
    (tmp_path / B).mkdir()
    (tmp_path / B / "x.part").write_bytes(b"half")
    written = (tmp_path / A / "0.safetensors").stat().st_mtime
    StepStore(tmp_path, kept=5000.0, now=Clock(written + 500.0)).flush()
    assert files(tmp_path) == {f"{A}/0.safetensors", f"{B}/x.part"}
    StepStore(tmp_path, kept=5000.0, now=Clock(written + 4990.0)).flush()
    assert files(tmp_path) == {f"{A}/0.safetensors"}
    StepStore(tmp_path, kept=5000.0, now=Clock(written + 5010.0)).flush()
    assert list(tmp_path.iterdir()) == []


def test_everything_can_be_deleted(tmp_path: Path) -> None:
    store = StepStore(tmp_path / "steps")
    save(store)
    store.clear()
    assert store.of(A).load() is None
    save(store)
    assert store.of(A).load() is not None


def test_results_in_the_folder_around_it_are_another_matter(tmp_path: Path) -> None:
    """Neither tier takes the other's files for its own."""
    save(StepStore(tmp_path / "steps"))
    tier = DiskTier(tmp_path, 1)
    assert len(tier) == 0
    tier.clear()
    assert files(tmp_path) == {f"steps/{A}/0.safetensors"}
