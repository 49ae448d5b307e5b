"""What the server counts while it works, for ``/metrics``.

Invariant: counting is a few additions; the text format and its library come into play only
when somebody asks for it.
"""

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

#: Upper edges of the histograms, in seconds.
EDGES = (0.001, 0.005, 0.025, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)


@dataclass
class Histogram:
    """How often durations fell between the edges, and their sum."""

    buckets: list[int] = field(default_factory=lambda: [0] * (len(EDGES) + 1))
    total: float = 0.0

    def add(self, seconds: float) -> None:
        """Take a duration in."""
        self.buckets[bisect_left(EDGES, seconds)] += 1
        self.total += seconds


class Counts:
    """Everything that is counted.

    Attributes:
        jobs: ended jobs by state.
        nodes: durations by kind of node.
        requests: answers by method, route and status.
        latency: durations of requests by route.
        losses: lost workers by what happened to them.
    """

    def __init__(self) -> None:
        self.jobs: Counter[str] = Counter()
        self.nodes: dict[str, Histogram] = {}
        self.requests: Counter[tuple[str, str, str]] = Counter()
        self.latency: dict[str, Histogram] = {}
        self.losses: Counter[str] = Counter()

    def node(self, kind: str, seconds: float) -> None:
        """A node was computed."""
        self.nodes.setdefault(kind, Histogram()).add(seconds)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        self.requests[method, route, str(status)] += 1
        self.latency.setdefault(route, Histogram()).add(seconds)
