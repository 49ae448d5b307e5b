"""The page that Prometheus reads."""

from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from .counts import EDGES, Counts, Histogram
from .state import ServerState

if TYPE_CHECKING:
    from prometheus_client.core import Metric


def page(state: ServerState, remaining: int) -> bytes:
    """Everything that is known now, in Prometheus' text format.

    Args:
        state: of the server.
        remaining: jobs that wait or run.
    """
    from prometheus_client import (  # imported late: few ask for it
        CollectorRegistry,
        ProcessCollector,
        generate_latest,
    )

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected(state, remaining))
    ProcessCollector(namespace="loom_server", registry=registry)
    return generate_latest(registry)


class _Collected:
    """Gives all metrics but those of the process."""

    def __init__(self, state: ServerState, remaining: int) -> None:
        self._state, self._remaining = state, remaining

    def collect(self) -> Iterator["Metric"]:
        """The metrics."""
        yield from _counted(self._state.dispatcher.record.counts)
        yield from self._now()
        yield from _cache(self._state.dispatcher.system.get("cache", {}))

    def _now(self) -> Iterator["Metric"]:
        from prometheus_client.core import GaugeMetricFamily

        state = self._state
        yield _gauge("loom_queue_jobs", "Jobs that wait or run.", self._remaining)
        yield _gauge("loom_running_jobs", "Jobs that workers have.", len(state.dispatcher.active))
        paused = "Whether no jobs are handed out."
        yield _gauge("loom_queue_paused", paused, int(state.dispatcher.paused))
        yield _gauge("loom_websockets", "Connected websocket clients.", state.hub.count)
        about = "Workers by device and state."
        workers = GaugeMetricFamily("loom_workers", about, labels=["worker", "device", "state"])
        for report in (member.report() for member in state.dispatcher.pool.members):
            workers.add_metric([report["name"], report["device"], report["state"]], 1)
        yield workers
        about = "Bytes of weights and other things in memory, by owner."
        held = GaugeMetricFamily("loom_held_bytes", about, labels=["owner", "device"])
        for item in state.dispatcher.system.get("ledger", ()):
            held.add_metric([item["owner"], item["device"]], item["bytes"])
        yield held


def _counted(counts: Counts) -> Iterator["Metric"]:
    from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

    jobs = CounterMetricFamily("loom_jobs", "Jobs that ended, by state.", labels=["state"])
    for state, number in counts.jobs.items():
        jobs.add_metric([state], number)
    yield jobs
    losses = CounterMetricFamily("loom_workers_lost", "Workers lost, by cause.", labels=["cause"])
    for cause, number in counts.losses.items():
        losses.add_metric([cause], number)
    yield losses
    requests = CounterMetricFamily(
        "loom_http_requests", "Answers by route.", labels=["method", "route", "status"]
    )
    for names, number in counts.requests.items():
        requests.add_metric(list(names), number)
    yield requests
    for name, about, label, found in (
        ("loom_node_seconds", "Time that nodes took to compute.", "kind", counts.nodes),
        ("loom_http_seconds", "Time to answer.", "route", counts.latency),
    ):
        family = HistogramMetricFamily(name, about, labels=[label])
        for value, histogram in found.items():
            family.add_metric([value], _buckets(histogram), histogram.total)
        yield family


def _buckets(histogram: Histogram) -> list[tuple[str, float]]:
    edges = [*map(str, EDGES), "+Inf"]
    return list(zip(edges, map(float, accumulate(histogram.buckets)), strict=True))


def _cache(report: Mapping[str, Any]) -> Iterator["Metric"]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    looked = CounterMetricFamily("loom_cache_lookups", "Results looked up.", labels=["found"])
    for name in ("hits", "misses"):
        looked.add_metric([name], report.get(name, 0))
    yield looked
    about = "Bytes of results, by tier."
    sizes = GaugeMetricFamily("loom_cache_bytes", about, labels=["tier"])
    for name in ("device", "memory", "disk"):
        if isinstance(tier := report.get(name), Mapping):
            sizes.add_metric([name], tier["bytes"])
    yield sizes


def _gauge(name: str, about: str, value: float) -> "Metric":
    from prometheus_client.core import GaugeMetricFamily

    return GaugeMetricFamily(name, about, value)
