"""A pack in a process of its own: it works as any other, and its end is nobody else's."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.errors import Interrupted, NodeError, PackLost
from engine.folders import standard
from engine.graph.spec import object_info
from engine.isolation.crossing import NotCrossing
from engine.isolation.packs import Isolation
from engine.plugins.node import Context
from engine.plugins.serving import SERVING

PACK = Path(__file__).parents[1] / "packs" / "isolated"


class Bench:
    """The pack, loaded, and what its nodes reported."""

    def __init__(self, base: Path) -> None:
        self.folders = standard(base)
        self.folders.create()
        self.path = base / "custom_nodes" / "isolated"
        shutil.copytree(PACK, self.path)
        self.isolation = Isolation(self.folders, device="cpu")
        self.nodes, self.pack = self.isolation.open(self.path)
        self.steps: list[Any] = []

    @property
    def pid(self) -> int | None:
        return self.isolation.cells["isolated"].pid

    def __call__(self, id: str, check: Callable[[], None] = lambda: None, **inputs: Any) -> Any:
        def report(value: float, total: float, preview: Any) -> None:
            self.steps.append((value, total, None if preview is None else preview().shape))

        return self.nodes[id].call(inputs, Context("1", self.folders, {}, report, check))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("cell"))
    yield made
    made.isolation.close()


def test_nodes_look_like_any_others(bench: Bench) -> None:
    assert bench.pack.error == "" and bench.pack.isolated
    assert bench.pack.asks == {"file-write": ["output"]}
    assert "CellModel cannot be isolated: its input model is a MODEL." in bench.pack.note
    info = object_info(bench.nodes["CellInvert"].spec, lambda kind: [])
    assert info["output"] == ["IMAGE"] and list(info["input"]["required"]) == ["image"]


def test_tensors_progress_previews_and_events_cross(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(SERVING, "send", lambda *event: told.append(event))
    picture = torch.rand(1, 8, 8, 3)
    before = picture.clone()
    (found,) = bench("CellInvert", image=picture).values
    assert torch.equal(found, 1 - before) and torch.equal(picture, before)
    assert bench.steps == [(1.0, 2.0, (8, 8, 3)), (2.0, 2.0, None)]
    assert told == [("cell.inverted", {"pid": bench.pid}, None)] and bench.pid != os.getpid()


def test_errors_keep_their_name_and_traceback(bench: Bench) -> None:
    with pytest.raises(NodeError, match=r"^broken$") as caught:
        bench("CellEnd", how="error")
    assert type(caught.value).__name__ == "ValueError"
    assert 'raise ValueError("broken")' in str(caught.value.__cause__)


def test_what_cannot_cross_names_node_and_socket(bench: Bench) -> None:
    with pytest.raises(
        NotCrossing, match=r"'isolated'.*CellModel.*input 'model'.*cannot be isolated"
    ):
        bench("CellModel", model=object())
    with pytest.raises(NodeError, match=r"CellThing gives.*output 'CELL' is of the type lock"):
        bench("CellThing", number=1)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("exit", "node pack 'isolated' ended with exit code 17 while CellEnd was running"),
        ("segfault", "node pack 'isolated' was ended by SIGSEGV while CellEnd"),
        ("allocate", "500 MB of memory"),
    ],
)
def test_its_end_is_one_clear_error_and_the_next_call_starts_it_anew(
    bench: Bench, how: str, words: str
) -> None:
    with pytest.raises(PackLost, match=words):
        bench("CellEnd", how=how)
    assert bench("CellEcho", value=how).values == (how,)


def test_a_loop_ends_with_the_run(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.isolation.waiting.GRACE_SECONDS", 0.1)
    end = time.monotonic() + 0.1

    def check() -> None:
        if time.monotonic() > end:
            raise Interrupted

    bench("CellEcho", value=1)
    pid = bench.pid
    with pytest.raises(Interrupted):
        bench("CellEnd", check, how="loop")
    assert not Path(f"/proc/{pid}").exists()


def test_a_changed_pack_is_loaded_anew_and_a_broken_one_is_not(bench: Bench) -> None:
    code = bench.path / "__init__.py"
    whole = code.read_text()
    version, pid = bench.nodes["CellEcho"].spec.version, bench.pid
    code.write_text(whole + "\nno_such_name\n")
    found, pack = bench.isolation.reopen(bench.path)
    assert not found and "no_such_name" in pack.error and bench.pid == pid
    code.write_text(whole + "\n")
    bench.nodes, pack = bench.isolation.reopen(bench.path)
    assert pack.error == "" and bench.nodes["CellEcho"].spec.version != version
    assert not Path(f"/proc/{pid}").exists() and bench.pid != pid
