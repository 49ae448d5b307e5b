"""Events of a run as clients get them."""

from typing import Any

from engine.server.runview import Outgoing, RunView


def fold(view: RunView, type: str, **data: Any) -> list[Outgoing]:
    return list(view.fold(type, data, 0.0))


def test_inner_nodes_name_the_node_that_the_canvas_shows() -> None:
    view, about = RunView("job"), {"node": "1.0.@1", "display_node": "1", "parent_node": "1"}
    (executing,) = fold(view, "node_started", **about)
    state = view.progress_state()
    assert executing.data["display_node"] == "1"
    assert state.data["nodes"]["1.0.@1"] == {
        "value": 0,
        "max": 1,
        "state": "running",
        "node_id": "1.0.@1",
        "prompt_id": "job",
        "display_node_id": "1",
        "parent_node_id": "1",
        "real_node_id": "1",
    }
    done = fold(view, "node_done", **about, ui={"text": ["x"]}, cached=False, ms=1.0)
    assert (done[0].type, done[0].data["display_node"]) == ("executed", "1")
    meta = view.preview_meta({**about, "mime": "image/jpeg"})
    assert (meta["display_node_id"], meta["image_type"]) == ("1", "image/jpeg")


def test_a_node_of_the_prompt_stands_for_itself() -> None:
    view = RunView("job")
    fold(view, "node_started", node="1")
    entry = view.progress_state().data["nodes"]["1"]
    assert (entry["display_node_id"], entry["parent_node_id"]) == ("1", None)


def test_a_block_is_told_like_a_failure_and_stays_visible() -> None:
    view = RunView("job")
    failure = {"exception_type": "ExecutionBlocked", "exception_message": "closed", "node_id": "1"}
    (error,) = fold(view, "node_failed", node="1", **failure)
    assert view.nodes["1"]["state"] == "error"
    assert (error.type, error.data["exception_message"]) == ("execution_error", "closed")
    fold(view, "node_done", node="1", ui=None, cached=False, ms=0.0)
    assert view.nodes["1"]["state"] == "error"


def test_a_failure_is_told_once_at_the_end_of_the_run() -> None:
    assert fold(RunView("job"), "node_failed", node="1", exception_type="ValueError") == []


def test_the_state_of_all_nodes_is_told_when_it_has_changed() -> None:
    view = RunView("job")
    assert not view.changed
    fold(view, "progress", node="1", value=3, total=9)
    assert view.changed
    assert view.progress_state().data["nodes"]["1"]["value"] == 3
    assert not view.changed
