"""What Prometheus is told is what happened."""

from prometheus_client.parser import text_string_to_metric_families

from tests.live import LiveServer


def samples(server: LiveServer) -> dict[tuple[str, tuple[str, ...]], float]:
    """Every number by its name and the values of its labels."""
    status, body = server.request("GET", "/metrics")
    assert status == 200
    families = text_string_to_metric_families(body.decode())
    return {(s.name, tuple(s.labels.values())): s.value for f in families for s in f.samples}


def test_jobs_nodes_and_requests_are_counted(server: LiveServer) -> None:
    prompt = {
        "a": {"class_type": "ProbeSteps", "inputs": {"count": 3, "ms": 20}},
        "b": {"class_type": "ProbeShow", "inputs": {"value": ["a", 0], "note": "metrics"}},
    }
    before = samples(server)
    server.wait(server.submit(prompt))
    server.request("GET", "/history/no-such-job")
    server.request("GET", "/nowhere")
    after = samples(server)

    def grown(name: str, *labels: str) -> float:
        return after[name, labels] - before.get((name, labels), 0)

    assert grown("loom_jobs_total", "done") == 1
    assert grown("loom_node_seconds_count", "ProbeSteps") == 1
    assert grown("loom_node_seconds_sum", "ProbeSteps") >= 0.06
    assert grown("loom_node_seconds_bucket", "ProbeSteps", "+Inf") == 1
    assert grown("loom_http_requests_total", "POST", "/prompt", "200") == 1
    assert grown("loom_http_requests_total", "GET", "/history/{id}", "200") >= 1
    assert after["loom_queue_jobs", ()] == 0 and after["loom_queue_paused", ()] == 0
    assert [v for (n, _), v in after.items() if n == "loom_workers"] == [1]
    assert after["loom_server_process_resident_memory_bytes", ()] > 1e6
    assert ("loom_cache_bytes", ("memory",)) in after
