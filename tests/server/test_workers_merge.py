"""Several workers' events and answers are told as those of one run."""

from types import SimpleNamespace
from typing import Any, cast

from engine.graph.prompt import parse
from engine.server.active import Active, Part
from engine.server.assign import assign
from engine.server.merge import Merge, Told
from engine.server.runview import RunView
from engine.store.jobs import Job
from engine.workers.placement import needs
from engine.workers.pool import Member, Process
from engine.workers.seats import Seat
from tests.graph.test_parts import SPECS, prompt


def told(merge: Merge, *events: tuple[str, str, dict[str, Any]]) -> list[tuple[str, Any]]:
    """What comes of events: part, type, data."""
    return [
        (out.type, out.data.get("node", out.data.get("nodes")))
        for part, type, data in events
        for out in (merge.end(part) if type == "end" else merge.take(part, Told(type, data)))
    ]


def test_one_start_one_list_of_cached_nodes_and_one_teller_per_node() -> None:
    merge = Merge({"p": {"load", "x"}, "q": {"load", "y"}})
    load = {"node": "load"}
    assert told(merge, ("p", "started", {}), ("p", "cached", {"nodes": ["x", "y"]})) == [
        ("started", None)
    ]
    assert told(merge, ("p", "node_started", load), ("q", "started", {})) == []
    assert told(merge, ("q", "cached", {"nodes": ["y"]})) == [
        ("cached", ["x", "y"]),
        ("node_started", "load"),
    ]
    assert told(merge, ("q", "node_started", load), ("q", "node_done", load)) == []
    assert told(merge, ("p", "node_done", load), ("p", "drained", {})) == [("node_done", "load")]
    assert told(merge, ("q", "drained", {}), ("q", "end", {})) == [("drained", None)]


def test_a_part_that_ends_early_holds_nobody_up() -> None:
    merge = Merge({"p": {"x"}, "q": {"y"}})
    x = {"node": "x"}
    events = [("p", "started", {}), ("p", "cached", {"nodes": []}), ("p", "node_started", x)]
    assert told(merge, *events) == [("started", None)]
    assert told(merge, ("q", "end", {})) == [("cached", []), ("node_started", "x")]
    assert told(Merge({"p": {"x"}}), ("p", "end", {})) == [("drained", None)]


def ended(*statuses: str, interrupted: bool = False) -> dict[str, Any]:
    parts = {
        str(i): Part(
            cast(Member, None),
            (),
            {
                "status": status,
                "outputs": {str(i): {"text": [status]}},
                "failure": None if status == "done" else {"why": f"{i} {status}"},
                "executed": ["load", str(i)],
            },
        )
        for i, status in enumerate(statuses)
    }
    active = Active(Job("a", 1, {}, ()), RunView("a"), parts, Merge({}))
    active.interrupted = interrupted
    return active.answer()


def test_a_job_ends_as_its_parts_do() -> None:
    assert ended("done", "done") == {
        "status": "done",
        "outputs": {"0": {"text": ["done"]}, "1": {"text": ["done"]}},
        "failure": None,
        "executed": ["load", "0", "1"],
    }
    failed = ended("done", "failed")
    assert (failed["status"], failed["failure"]) == ("failed", {"why": "1 failed"})
    assert set(failed["outputs"]) == {"0", "1"}
    assert ended("lost", "failed")["status"] == "lost"
    assert ended("cancelled", "failed", interrupted=True)["status"] == "cancelled"
    assert ended("done", "done", interrupted=True)["status"] == "done"


def member(name: str) -> Member:
    made = Member(Seat(name, "cpu"))
    made.process = cast(Process, SimpleNamespace(remote=False))
    return made


def test_a_job_goes_to_whoever_holds_its_results() -> None:
    first, second = member("first"), member("second")
    nodes = prompt(x=("Work",), save=("Save", "x"))
    assert assign(nodes, ["save"], SPECS, [first, second], 2) == {first: ("save",)}
    second.holdings.gain(needs(nodes, SPECS))
    first.holdings.lose()
    changed = parse({"x": {"class_type": "Work"}, "other": {**SAVE, "_meta": {"title": "new"}}})
    assert assign(changed, ["other"], SPECS, [first, second], 2) == {second: ("other",)}
    second.holdings.lose()
    assert list(assign(nodes, ["save"], SPECS, [first, second], 2)) == [first]


SAVE: dict[str, Any] = {"class_type": "Save", "inputs": {"a": ["x", 0]}}


def test_branches_go_to_different_workers_unless_others_wait() -> None:
    pair = [member("first"), member("second")]
    nodes = prompt(x=("Work",), y=("Work",), save_x=("Save", "x"), save_y=("Save", "y"))
    shares = assign(nodes, ["save_x", "save_y"], SPECS, pair, 2)
    assert sorted(shares.values()) == [("save_x",), ("save_y",)]
    assert len(assign(nodes, ["save_x", "save_y"], SPECS, pair, 1)) == 1
