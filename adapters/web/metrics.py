"""Counting and timing requests, by route template and status; nothing about anybody goes into a label."""

import attrs
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import generate_latest

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0)


@attrs.frozen
class Metrics:
    """The numbers of one process in a registry of its own.

    `shown` is the registry that /metrics tells, another one where several processes are summed up.
    """

    registry: CollectorRegistry = attrs.Factory(CollectorRegistry)
    shown: CollectorRegistry = attrs.Factory(lambda self: self.registry, takes_self=True)
    requests: Counter = attrs.field(init=False)
    seconds: Histogram = attrs.field(init=False)

    @requests.default
    def _counter(self) -> Counter:
        return Counter(
            "kassa_http_requests",
            "Requests answered.",
            ["method", "route", "status"],
            registry=self.registry,
        )

    @seconds.default
    def _histogram(self) -> Histogram:
        return Histogram(
            "kassa_http_request_seconds",
            "How long requests took.",
            ["method", "route"],
            buckets=SECONDS,
            registry=self.registry,
        )

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        self.requests.labels(method, route, str(status)).inc()
        self.seconds.labels(method, route).observe(seconds)

    def exposition(self) -> bytes:
        """All numbers, in Prometheus' text format."""
        return generate_latest(self.shown)
