"""A plan says before a run what it will do, and the run then does that."""

import json

import pytest

from tests.live import LiveServer

from .test_prompt import shown


def test_the_plan_holds(server: LiveServer) -> None:
    prompt = shown("ProbeSteps", count=2, ms=30, note="planned")
    before = server.post("/x/plan", {"prompt": prompt})["nodes"]
    assert {id: node["state"] for id, node in before.items()} == {"1": "run", "2": "run"}
    assert server.get("/prompt")["exec_info"]["queue_remaining"] == 0
    server.wait(server.submit(prompt))
    after = server.post("/x/plan", {"prompt": prompt})
    assert {node["state"] for node in after["nodes"].values()} == {"cached"}
    assert after["total_ms"] == 0
    changed = {**prompt, "2": {**prompt["2"], "inputs": {"value": ["1", 0], "note": "other"}}}
    plan = server.post("/x/plan", {"prompt": changed})["nodes"]
    assert (plan["1"]["state"], plan["2"]["state"]) == ("cached", "run")
    assert plan["2"]["reasons"] == ["note changed"]
    assert plan["2"]["ms"] >= 0


def test_estimates_are_learnt_from_runs(server: LiveServer) -> None:
    server.wait(server.submit(shown("ProbeSteps", count=3, ms=40, note="learn")))
    prompt = shown("ProbeSteps", count=3, ms=41, note="learn")
    known = lambda: server.post("/x/plan", {"prompt": prompt})["nodes"]["1"]["ms"]  # noqa: E731
    assert server.until(known, "the timing is known") >= 10
    plan = server.post("/x/plan", {"prompt": prompt})
    assert plan["nodes"]["1"]["bytes"] == 0 and plan["nodes"]["1"]["peak"] is None
    assert plan["peak_bytes"] is None, "a CPU's memory is not measured"


def test_faults_block_and_name_themselves(server: LiveServer) -> None:
    plan = server.post("/x/plan", {"prompt": shown(number=9999)})["nodes"]
    assert plan["1"]["state"] == plan["2"]["state"] == "blocked"
    assert "bigger than max of 1000" in plan["1"]["reasons"][0]


@pytest.mark.parametrize(
    "body", [{}, {"prompt": 3}, {"prompt": {"1": {}}}, {"prompt": {"nodes": [1]}}]
)
def test_nonsense_is_refused(server: LiveServer, body: object) -> None:
    status, answer = server.request("POST", "/x/plan", body)
    assert (status, "error" in json.loads(answer)) == (400, True)
