"""Prompts over HTTP: accepted, refused, run, remembered, interrupted."""

import json
import uuid
from typing import Any

import aiohttp
import pytest

from tests.live import LiveServer


def node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}


def shown(kind: str = "ProbeValue", note: str = "", **inputs: Any) -> dict[str, Any]:
    return {"1": node(kind, **inputs), "2": node("ProbeShow", value=["1", 0], note=note)}


def test_a_prompt_runs_and_is_in_history(server: LiveServer) -> None:
    answer = server.post("/prompt", {"prompt": shown(number=7), "extra_data": {"a": 1}})
    assert set(answer) == {"prompt_id", "number", "node_errors"}
    entry = server.wait(answer["prompt_id"])
    assert entry["outputs"]["2"] == {"text": ["7 "]}
    assert entry["prompt"][1] == answer["prompt_id"]
    assert entry["prompt"][2] == shown(number=7)
    assert entry["prompt"][3]["a"] == 1
    status = entry["status"]
    assert (status["status_str"], status["completed"]) == ("success", True)
    assert [name for name, _ in status["messages"]] == [
        "execution_start",
        "execution_cached",
        "execution_success",
    ]
    assert entry["meta"]["2"]["real_node_id"] == "2"


def test_the_api_mirror_and_the_plain_routes_are_the_same(server: LiveServer) -> None:
    for path in ("/queue", "/object_info/ProbeShow", "/features", "/models", "/settings"):
        assert server.get(path) == server.get(f"/api{path}")


def test_a_canvas_workflow_is_accepted_too(server: LiveServer) -> None:
    workflow = {
        "version": 0.4,
        "nodes": [
            {"id": 1, "type": "ProbeValue", "widgets_values": [5], "outputs": [{"name": "PROBE"}]},
            {
                "id": 2,
                "type": "ProbeShow",
                "widgets_values": ["from canvas"],
                "inputs": [{"name": "value", "type": "PROBE", "link": 1}],
            },
        ],
        "links": [[1, 1, 0, 2, 0, "PROBE"]],
    }
    entry = server.wait(server.submit(workflow))
    assert entry["outputs"]["2"] == {"text": ["5 from canvas"]}
    assert entry["prompt"][3]["extra_pnginfo"]["workflow"] == workflow


def test_faults_are_told_in_the_shared_shape(server: LiveServer) -> None:
    status, body = server.request("POST", "/prompt", {"prompt": shown(number=5000)})
    answer = json.loads(body)
    assert status == 400
    assert answer["error"]["type"] == "prompt_outputs_failed_validation"
    fault = answer["node_errors"]["1"]["errors"][0]
    assert (fault["type"], fault["extra_info"]["input_name"]) == ("value_bigger_than_max", "number")
    assert answer["node_errors"]["1"]["dependent_outputs"] == ["2"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"\xff",
        b'{"prompt": 3}',
        b'{"prompt": {"1": 2}}',
        b'{"prompt": {"nodes": [1]}}',
        b'{"prompt": {"nodes": [], "links": 3}}',
        b'{"prompt": {"1":{"class_type":"Nope"}}}',
        b'{"prompt": {"1":{"class_type":"ProbeValue"}}, "prompt_id": 7}',
        b'{"prompt": {"1":{"class_type":"ProbeShow","inputs":{"value":["1",0]}}}}',
        b'{"prompt": {}, "extra_data": 1}',
        b"[" * 100_000,
        b'{"prompt": {"1":{"class_type":"ProbeValue","inputs":3}}}',
        b'{"prompt":{"1":{"class_type":"ProbeShow","inputs":{"value":["2",0]}},"2":{"class_type":"ProbeValue"}},"number":"x"}',
        b'{"prompt":{"1":{"class_type":"ProbeShow","inputs":{"value":["2",0]}},"2":{"class_type":"ProbeValue"}},"partial_execution_targets":3}',
    ],
)
def test_nonsense_is_refused_and_never_a_server_error(server: LiveServer, body: bytes) -> None:
    status, answer = server.request("POST", "/prompt", body)
    assert 400 <= status < 500, answer


def test_an_id_can_be_used_once(server: LiveServer) -> None:
    id = str(uuid.uuid4())
    server.wait(server.submit(shown(number=1), prompt_id=id))
    status, body = server.request("POST", "/prompt", {"prompt": shown(number=1), "prompt_id": id})
    assert status == 400 and b"already" in body


def test_secrets_are_never_shown(server: LiveServer) -> None:
    secret = "sk-very-secret"
    job = server.submit(shown(number=2), extra_data={"api_key_comfy_org": secret})
    server.wait(job)
    for path in ("/history", f"/history/{job}", "/queue"):
        assert secret not in json.dumps(server.get(path))


def test_a_failing_node_is_named(server: LiveServer) -> None:
    entry = server.wait(server.submit(shown("ProbeFail", message="no such thing")))
    assert (entry["status"]["status_str"], entry["status"]["completed"]) == ("error", False)
    name, data = entry["status"]["messages"][-1]
    assert name == "execution_error"
    assert (data["node_id"], data["node_type"]) == ("1", "ProbeFail")
    assert data["exception_message"] == "no such thing\n"
    assert data["current_inputs"] == {"message": ["no such thing"]}


def test_interrupt_between_steps_and_the_next_job_runs(server: LiveServer) -> None:
    job = server.submit(shown("ProbeSteps", count=100_000, ms=5))
    server.until(lambda: server.running() == [job], "the job runs")
    server.post("/interrupt", {"prompt_id": "another"})
    server.post("/interrupt", {"prompt_id": job})
    entry = server.wait(job)
    name, data = entry["status"]["messages"][-1]
    assert (name, data["node_id"]) == ("execution_interrupted", "1")
    assert server.wait(server.submit(shown(number=3)))["status"]["completed"]


def test_waiting_jobs_can_be_removed_and_reordered(server: LiveServer) -> None:
    first = server.submit(shown("ProbeSteps", count=100_000, ms=5, note="queue"))
    server.until(lambda: server.running() == [first], "the first runs")
    waiting = [server.submit(shown(number=i, note="queue")) for i in range(3)]
    front = server.submit(shown(number=9, note="queue"), front=True)
    pending = lambda: [item[1] for item in server.get("/queue")["queue_pending"]]  # noqa: E731
    assert pending() == [front, *waiting]
    assert server.get("/prompt")["exec_info"]["queue_remaining"] == 5
    server.post("/queue", {"delete": [waiting[1], "unknown"]})
    assert pending() == [front, waiting[0], waiting[2]]
    server.post("/queue", {"clear": True})
    assert pending() == []
    server.post("/interrupt")
    server.wait(first)


def test_history_can_be_paged_and_deleted(server: LiveServer) -> None:
    ids = [server.submit(shown(number=i, note="page")) for i in range(3)]
    for id in ids:
        server.wait(id)
    assert list(server.get("/history?max_items=2")) == ids[-2:]
    server.post("/history", {"delete": [ids[0]]})
    assert server.get(f"/history/{ids[0]}") == {}
    assert server.request("GET", "/history?max_items=x")[0] == 400


async def test_events_come_in_the_shared_order(server: LiveServer) -> None:
    sid = uuid.uuid4().hex
    url = f"{server.url}/ws?clientId={sid}"
    messages: list[Any] = []
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        flags = {"supports_preview_metadata": True}
        await socket.send_json({"type": "feature_flags", "data": flags})
        job = server.submit(shown("ProbeSteps", count=6, ms=40, note=sid), client_id=sid)
        async for frame in socket:
            if frame.type is aiohttp.WSMsgType.BINARY:
                messages.append(("preview", frame.data))
                continue
            message = frame.json()
            messages.append((message["type"], message["data"]))
            if message["type"] == "executing" and message["data"]["node"] is None:
                break
    types = [type for type, _ in messages]
    assert types[0] == "status" and messages[0][1]["sid"] == sid
    assert "feature_flags" in types
    order = [
        "execution_start",
        "execution_cached",
        "executing",
        "progress",
        "executed",
        "execution_success",
        "executing",
    ]
    position = -1
    for name in order:
        position = types.index(name, position + 1)
    ours = [data for type, data in messages if type.startswith("execut")]
    assert {data["prompt_id"] for data in ours} == {job}
    last_state = [data for type, data in messages if type == "progress_state"][-1]
    assert last_state["nodes"]["1"]["state"] == "finished"
    assert next(d for t, d in messages if t == "executed")["output"] == {"text": [f"6 {sid}"]}
    picture = next(data for type, data in messages if type == "preview")
    assert picture[:4] == b"\0\0\0\x04"
    length = int.from_bytes(picture[4:8], "big")
    meta = json.loads(picture[8 : 8 + length])
    assert (meta["node_id"], meta["prompt_id"], meta["image_type"]) == ("1", job, "image/jpeg")
    assert picture[8 + length :][:2] == b"\xff\xd8"
