"""The list of jobs: paging, search, cancelling, retrying, moving, pausing."""

import json
import signal
from pathlib import Path

import pytest

from tests.live import LiveServer, serving

from .test_prompt import shown


def test_jobs_are_listed_and_shown(server: LiveServer) -> None:
    workflow = {"extra_pnginfo": {"workflow": {"id": "w1"}}}
    ids = [server.submit(shown(number=i, note="listed"), extra_data=workflow) for i in range(3)]
    for id in ids:
        server.wait(id)
    page = server.get("/jobs?search=listed&limit=2&sort_order=asc")
    assert [job["id"] for job in page["jobs"]] == ids[:2]
    assert page["pagination"] == {"offset": 0, "limit": 2, "total": 3, "has_more": True}
    newest = server.get("/api/jobs?search=listed&status=completed")["jobs"][0]
    assert (newest["id"], newest["status"], newest["workflow_id"]) == (ids[2], "completed", "w1")
    assert newest["execution_end_time"] >= newest["execution_start_time"]
    assert newest["preview_output"] == {
        "content": "2 listed",
        "nodeId": "2",
        "mediaType": "text",
    }
    full = server.get(f"/jobs/{ids[0]}")
    assert full["workflow"]["prompt"] == shown(number=0, note="listed")
    assert full["execution_status"]["completed"]
    by_time = server.get("/jobs?sort_by=execution_duration&sort_order=asc&search=listed")
    assert {job["id"] for job in by_time["jobs"]} == set(ids)


def test_jobs_are_found_by_their_document(server: LiveServer) -> None:
    papers = [{"id": "p1", "name": "Blue barn"}, {"id": "p2", "name": "Red barn"}]
    for i, paper in enumerate(papers):
        extra = {"x_paper": paper}
        server.wait(server.submit(shown(number=i, note="paper"), extra_data=extra, client_id="me"))
    (found,) = server.get("/jobs?x_paper=p2&x_outputs=true")["jobs"]
    assert (found["x_paper"], found["x_client"]) == (papers[1], "me")
    assert found["x_outputs"] == [{"content": "1 paper", "nodeId": "2", "mediaType": "text"}]
    names = [job["x_paper"]["name"] for job in server.get("/jobs?search=BARN")["jobs"]]
    assert names == ["Red barn", "Blue barn"]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=x",
        "offset=-1",
        "status=nope",
        "sort_by=x",
        "sort_order=up",
    ],
)
def test_bad_questions_are_refused(server: LiveServer, query: str) -> None:
    status, body = server.request("GET", f"/jobs?{query}")
    assert (status, "error" in json.loads(body)) == (400, True)


def test_unknown_jobs_are_not_found(server: LiveServer) -> None:
    assert server.request("GET", "/jobs/none")[0] == 404
    assert server.request("POST", "/x/jobs/none/retry", {})[0] == 404
    assert server.post("/jobs/none/cancel") == {"cancelled": False}
    assert server.request("POST", "/jobs/cancel", {"job_ids": 3})[0] == 400


def test_jobs_are_cancelled_wherever_they_are(server: LiveServer) -> None:
    running = server.submit(shown("ProbeSteps", count=100_000, ms=5, note="cancel"))
    server.until(lambda: server.running() == [running], "the job runs")
    waiting = [server.submit(shown(number=i, note="cancel")) for i in range(2)]
    assert server.post(f"/jobs/{waiting[0]}/cancel") == {"cancelled": True}
    assert server.post("/jobs/cancel", {"job_ids": [waiting[1], running]}) == {"cancelled": True}
    for id in (running, *waiting):
        server.wait(id)
        assert server.get(f"/jobs/{id}")["status"] == "cancelled"
    assert server.post(f"/jobs/{running}/cancel") == {"cancelled": False}


def test_a_failed_job_can_be_tried_again(server: LiveServer) -> None:
    id = server.submit(shown("ProbeFail", message="again"))
    server.wait(id)
    assert server.get(f"/jobs/{id}")["execution_error"]["exception_message"] == "again\n"
    again = server.post(f"/x/jobs/{id}/retry")["prompt_id"]
    assert again != id
    assert server.wait(again)["prompt"][2] == shown("ProbeFail", message="again")


def test_waiting_jobs_move_and_a_pause_survives_a_restart(tmp_path: Path) -> None:
    with serving(tmp_path / "base") as server:
        assert server.post("/x/queue/pause") == {"paused": True}
        ids = [server.submit(shown(number=i, note="paused")) for i in range(3)]
        pending = lambda: [item[1] for item in server.get("/queue")["queue_pending"]]  # noqa: E731
        assert server.post(f"/x/jobs/{ids[2]}/move", {"front": True}) == {"moved": True}
        assert pending() == [ids[2], ids[0], ids[1]]
        assert server.post(f"/x/jobs/{ids[0]}/move", {"number": 1000}) == {"moved": True}
        assert pending() == [ids[2], ids[1], ids[0]]
        assert server.request("POST", f"/x/jobs/{ids[0]}/move", {"number": True})[0] == 400
        server.stop(signal.SIGKILL)
        server.start()
        assert server.get("/x/queue") == {"paused": True}
        assert pending() == [ids[2], ids[1], ids[0]]
        server.post("/x/queue/resume")
        for id in ids:
            assert server.wait(id)["status"]["completed"]
        lines = (server.base / "output" / "shown.txt").read_text().splitlines()
        assert lines == ["2 paused", "1 paused", "0 paused"]
