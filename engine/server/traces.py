"""Each run of a job as a trace for OpenTelemetry: its wait, its nodes, the steps of these.

Invariant: spans are sent by a thread of OpenTelemetry's own, so a collector that is slow or gone
holds nothing up. This module is imported only where traces are asked for.
"""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, Status, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from engine import __version__
from engine.store.jobs import Job

#: Key of a job's extra data: the span of whoever sent it, as the header of the same name says it.
PARENT = "traceparent"


def provider() -> TracerProvider:
    """Sends spans by OTLP over HTTP, to where the ``OTEL_...`` variables say."""
    name = os.environ.get("OTEL_SERVICE_NAME") or "latent-loom"
    made = TracerProvider(resource=Resource.create({"service.name": name}))
    made.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return made


@dataclass
class _Node:
    """A node at work: its span, and when its last step ended."""

    span: Span
    stepped: int


@dataclass
class _Run:
    """A job at work."""

    prompt: Mapping[str, Any]
    span: Span
    nodes: dict[str, _Node] = field(default_factory=dict)


class Traces:
    """Follows runs and makes spans of them."""

    def __init__(self, spans: TracerProvider, clock: Callable[[], float] = time.time) -> None:
        self._provider = spans
        self._tracer: Tracer = spans.get_tracer("latent-loom", __version__)
        self._clock = clock
        self._runs: dict[str, _Run] = {}

    def begin(self, job: Job) -> None:
        """A worker has the job now; until now it waited."""
        now = self._now()
        queued = round(job.created * 1e9) or now
        parent = TraceContextTextMapPropagator().extract({PARENT: str(job.extra.get(PARENT, ""))})
        about: Mapping[str, Any] = {
            "loom.job": job.id,
            "loom.attempt": job.attempts,
            "loom.nodes": len(job.prompt),
        }
        span = self._tracer.start_span("job", parent, attributes=about, start_time=queued)
        self._runs[job.id] = _Run(job.prompt, span)
        self._span("wait in queue", span, queued).end(now)

    def event(self, job: str, type: str, data: Mapping[str, Any]) -> None:
        """Take in what the run told (:data:`engine.execution.events.EventType`)."""
        if (run := self._runs.get(job)) is None:
            return
        match type:
            case "cached":
                run.span.set_attribute("loom.cached", len(data["nodes"]))
            case "node_started":
                self._start(run, data["node"])
            case "progress" if node := run.nodes.get(data["node"]):
                self._step(node, data["value"], data["total"])
            case "node_retried" if node := run.nodes.get(data["node"]):
                node.span.add_event("retried", {"reason": data["reason"]}, self._now())
            case "node_done" | "node_failed" if node := run.nodes.pop(data["node"], None):
                self._end(node, data)

    def end(self, job: str, state: str, failure: Mapping[str, Any] | None = None) -> None:
        """The run is over, whichever way."""
        if (run := self._runs.pop(job, None)) is None:
            return
        now = self._now()
        for node in run.nodes.values():
            node.span.end(now)
        run.span.set_attribute("loom.state", state)
        if failure is not None:
            run.span.set_status(_failed(failure))
        run.span.end(now)

    def close(self) -> None:
        """Send what is left; gives up after the exporter's timeout. Blocks."""
        self._provider.shutdown()

    def _start(self, run: _Run, id: str) -> None:
        data = run.prompt.get(id.partition(".")[0]) or {}
        about = {"loom.node": id, "loom.title": str((data.get("_meta") or {}).get("title") or "")}
        now = self._now()
        kind = data.get("class_type", "node") if id in run.prompt else "inner node"
        run.nodes[id] = _Node(self._span(str(kind), run.span, now, about), now)

    def _step(self, node: _Node, value: float, total: float) -> None:
        now = self._now()
        about = {"loom.step": value, "loom.steps": total}
        self._span("step", node.span, node.stepped, about).end(now)
        node.stepped = now

    def _end(self, node: _Node, data: Mapping[str, Any]) -> None:
        known = {f"loom.{key}": data[key] for key in ("cached", "bytes", "peak") if data.get(key)}
        node.span.set_attributes(known)
        if "exception_message" in data:
            node.span.set_status(_failed(data))
        node.span.end(self._now())

    def _span(
        self, name: str, parent: Span, start: int, about: Mapping[str, Any] | None = None
    ) -> Span:
        inside = set_span_in_context(parent)
        return self._tracer.start_span(name, inside, attributes=about, start_time=start)

    def _now(self) -> int:
        return round(self._clock() * 1e9)


def _failed(failure: Mapping[str, Any]) -> Status:
    kind, text = failure.get("exception_type", ""), failure.get("exception_message", "")
    return Status(StatusCode.ERROR, f"{kind}: {text}")
