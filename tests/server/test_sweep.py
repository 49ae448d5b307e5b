"""A sweep over HTTP: every combination a job of its own, what they share run once."""

from typing import Any

from tests.live import LiveServer


def graph() -> dict[str, Any]:
    """A slow source, and a note that is shown with its result."""
    return {
        "show": {"class_type": "ProbeShow", "inputs": {"value": ["steps", 0], "note": "-"}},
        "steps": {"class_type": "ProbeSteps", "inputs": {"count": 1, "ms": 1}},
    }


def test_every_combination_runs_and_shares_what_is_equal(server: LiveServer) -> None:
    axes = [
        {"node": "show", "input": "note", "values": ["a", "b", "c"]},
        {"node": "steps", "input": "count", "values": [901, 902]},
    ]
    workflow = {
        "nodes": [
            {"id": "show", "type": "ProbeShow", "widgets_values": ["-"]},
            {"id": "steps", "type": "ProbeSteps", "widgets_values": [1, 1]},
        ],
        "links": [],
    }
    extra = {"extra_pnginfo": {"workflow": workflow}}
    body = {"prompt": graph(), "axes": axes, "extra_data": extra, "client_id": "sweeper"}
    answer = server.post("/x/sweep", body)
    assert (answer["distinct_nodes"], answer["nodes"]) == (2 + 6, 12)
    assert [cell["values"] for cell in answer["cells"]][:3] == [["a", 901], ["b", 901], ["c", 901]]
    for cell in answer["cells"]:
        entry = server.wait(cell["prompt_id"])
        note, count = cell["values"]
        assert entry["outputs"]["show"]["text"] == [f"{count} {note}"]
        carried = entry["prompt"][3]["extra_pnginfo"]["workflow"]["nodes"]
        assert [node["widgets_values"] for node in carried] == [[note], [count, 1]]
        cached = dict(entry["status"]["messages"])["execution_cached"]["nodes"]
        assert ("steps" in cached) == (note != "a")
    told = server.get(f"/x/sweep/{answer['sweep']}")
    assert told["axes"] == axes
    assert [cell["status"] for cell in told["cells"]] == ["completed"] * 6
    assert told["cells"][5]["outputs"]["show"]["text"] == ["902 c"]


def test_one_bad_combination_refuses_them_all(server: LiveServer) -> None:
    before = len(server.get("/jobs")["jobs"])
    axes = [{"node": "steps", "input": "count", "values": [1, 0]}]
    status, body = server.request("POST", "/x/sweep", {"prompt": graph(), "axes": axes})
    assert status == 400 and b"Value 0 smaller than min of 1" in body
    status, body = server.request("POST", "/x/sweep", {"prompt": graph()})
    assert status == 400 and b"'axes' must be a list" in body
    assert len(server.get("/jobs")["jobs"]) == before
    assert server.request("GET", "/x/sweep/none")[0] == 404
