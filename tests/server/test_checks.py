"""What only a worker can check is asked of it before a prompt is accepted."""

import json
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.live import ROOT, LiveServer, make_base


def node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}


def shown(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"1": node(kind, **inputs), "2": node("ProbeShow", value=["1", 0], note="")}


@pytest.fixture(scope="module")
def judges(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    base = make_base(tmp_path_factory.mktemp("judges") / "base")
    shutil.copy(ROOT / "tests" / "packs" / "judges.py", base / "custom_nodes" / "judges.py")
    server = LiveServer(base)
    try:
        yield server.start()
    finally:
        server.stop()


def test_a_prompt_that_a_node_refuses_is_not_accepted(judges: LiveServer) -> None:
    status, body = judges.request("POST", "/prompt", {"prompt": shown("ProbeEven", number=3)})
    answer = json.loads(body)
    assert (status, answer["error"]["type"]) == (400, "prompt_outputs_failed_validation")
    fault = answer["node_errors"]["1"]["errors"][0]
    assert fault["type"] == "custom_validation_failed"
    assert fault["details"] == "an even number is needed"
    assert answer["node_errors"]["1"]["dependent_outputs"] == ["2"]
    entry = judges.wait(judges.submit(shown("ProbeEven", number=4)))
    assert entry["outputs"]["2"] == {"text": ["4 "]}


def test_good_outputs_run_without_the_refused_ones(judges: LiveServer) -> None:
    prompt = {**shown("ProbeEven", number=3), "3": node("ProbeValue", number=1)}
    prompt["4"] = node("ProbeShow", value=["3", 0], note="")
    answer = judges.post("/prompt", {"prompt": prompt})
    assert list(answer["node_errors"]) == ["1"]
    assert list(judges.wait(answer["prompt_id"])["outputs"]) == ["4"]


def test_a_block_does_not_fail_the_run(judges: LiveServer) -> None:
    entry = judges.wait(judges.submit(shown("ProbeBlock")))
    assert entry["status"]["status_str"] == "success"
    assert entry["outputs"] == {}


def test_expansions_run_and_their_faults_name_the_outer_node(judges: LiveServer) -> None:
    entry = judges.wait(judges.submit(shown("ProbeExpand", number=2)))
    assert entry["outputs"]["1.0.shown"] == {"text": ["2 inside"]}
    assert entry["outputs"]["2"] == {"text": ["2 "]}
    entry = judges.wait(judges.submit(shown("ProbeExpand", number=1)))
    assert entry["status"]["status_str"] == "error"
    messages = dict(entry["status"]["messages"])
    assert messages["execution_error"]["node_id"] == "1"
    assert "an even number is needed" in messages["execution_error"]["exception_message"]
