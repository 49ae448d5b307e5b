"""What a collector is told of a job is what happened, and in the trace of who sent it."""

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from engine.server.traces import Traces
from engine.store.jobs import Job
from tests.live import serving

from .test_prompt import node

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Spans that arrive at a collector of OTLP over HTTP."""
    spans: list[Any] = []

    class Collector(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    spans.extend(scope.spans)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
    yield spans
    server.shutdown()


def test_a_collector_gets_jobs_nodes_and_steps(tmp_path: Path, collector: list[Any]) -> None:
    prompt = {
        "1": {**node("ProbeSteps", count=3, ms=50), "_meta": {"title": "three"}},
        "2": node("ProbeShow", value=["1", 0], note="traced"),
        "3": node("ProbeFail", message="no"),
        "4": node("ProbeShow", value=["3", 0], note="never"),
    }
    with serving(tmp_path / "base", "--traces") as server:
        body = {"prompt": prompt}
        _, answer = server.request("POST", "/prompt", body, {"traceparent": PARENT})
        server.wait(json.loads(answer)["prompt_id"])
    found = {span.name: span for span in collector}
    assert {span.trace_id.hex() for span in collector} == {PARENT.split("-")[1]}
    job, steps = found["job"], [span for span in collector if span.name == "step"]
    assert job.parent_span_id.hex() == PARENT.split("-")[2]
    for name in ("wait in queue", "ProbeSteps", "ProbeFail"):
        assert found[name].parent_span_id == job.span_id
    assert steps and {step.parent_span_id for step in steps} == {found["ProbeSteps"].span_id}
    assert found["ProbeSteps"].end_time_unix_nano - found["ProbeSteps"].start_time_unix_nano > 1e8
    assert "no" in found["ProbeFail"].status.message and job.status.code == 2
    assert found["ProbeSteps"].start_time_unix_nano >= found["wait in queue"].end_time_unix_nano


def test_spans_are_as_long_as_what_they_tell_of() -> None:
    exporter, spans, now = InMemorySpanExporter(), TracerProvider(), [10.0]
    spans.add_span_processor(SimpleSpanProcessor(exporter))
    traces = Traces(spans, lambda: now[0])
    traces.begin(Job("a", 1, {"1": node("Sampler")}, ("1",), created=4.0))
    for at, type, data in [
        (11.0, "node_started", {"node": "1"}),
        (12.0, "progress", {"node": "1", "value": 1, "total": 2}),
        (14.0, "progress", {"node": "1", "value": 2, "total": 2}),
        (14.5, "node_started", {"node": "1.0"}),
        (15.0, "node_done", {"node": "1.0", "cached": False}),
        (16.0, "node_done", {"node": "1", "cached": False, "peak": 7}),
    ]:
        now[0] = at
        traces.event("a", type, data)
        traces.event("another", type, data)
    now[0] = 17.0
    traces.end("a", "done")
    traces.end("a", "done")
    told = [
        (span.name, (span.start_time or 0) / 1e9, (span.end_time or 0) / 1e9)
        for span in exporter.get_finished_spans()
    ]
    assert told == [
        ("wait in queue", 4, 10),
        ("step", 11, 12),
        ("step", 12, 14),
        ("inner node", 14.5, 15),
        ("Sampler", 11, 16),
        ("job", 4, 17),
    ]
    assert (exporter.get_finished_spans()[4].attributes or {})["loom.peak"] == 7


def test_a_run_that_is_lost_ends_too() -> None:
    exporter, spans = InMemorySpanExporter(), TracerProvider()
    spans.add_span_processor(SimpleSpanProcessor(exporter))
    traces = Traces(spans)
    traces.begin(Job("a", 1, {"1": node("Sampler")}, ("1",), extra={"traceparent": "nonsense"}))
    traces.event("a", "node_started", {"node": "1"})
    traces.end("a", "lost")
    assert [span.name for span in exporter.get_finished_spans()] == [
        "wait in queue",
        "Sampler",
        "job",
    ]
