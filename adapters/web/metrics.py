"""Counting and timing requests, by route template and status; nothing about anybody goes into a label."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import attrs
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, values
from prometheus_client.exposition import generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from application.breaker import BreakerState
from domain.ids import MethodCode

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"

BREAKER_NUMBERS: Mapping[BreakerState, int] = {
    BreakerState.CLOSED: 0,
    BreakerState.OPEN: 1,
    BreakerState.HALF_OPEN: 2,
}

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
    under_way: Gauge = attrs.field(init=False)
    breakers: Gauge = attrs.field(init=False)

    @classmethod
    def of_one_of_many(cls, folder: Path, seat: int) -> Self:
        """The numbers of this process, kept in a folder so that what is shown are those of all.

        A seat is taken by one living process at a time; whoever takes it next counts on from there.
        """
        # The library looks for the folder here, and for the kind of values when a metric is made.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
        values.ValueClass = values.MultiProcessValue(lambda: seat)  # type: ignore[no-untyped-call]
        shown = CollectorRegistry()
        MultiProcessCollector(shown, path=str(folder))  # type: ignore[no-untyped-call]
        return cls(shown=shown)

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

    @under_way.default
    def _gauge_of_threads(self) -> Gauge:
        return Gauge(
            "kassa_http_requests_under_way",
            "Requests that a thread is at work on, the one that asks for this among them.",
            multiprocess_mode="livesum",
            registry=self.registry,
        )

    @breakers.default
    def _gauge(self) -> Gauge:
        return Gauge(
            "kassa_gateway_breaker_state",
            "Whether a method's gateway is called: 0 closed, 1 open, 2 half open. Each process has its own;"
            " told is that of the one that answers.",
            ["method"],
            multiprocess_mode="livemostrecent",
            registry=self.registry,
        )

    def begin(self) -> None:
        """A request is worked on, until it is observed."""
        self.under_way.inc()

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request that has been worked on."""
        self.under_way.dec()
        self.requests.labels(method, route, str(status)).inc()
        self.seconds.labels(method, route).observe(seconds)

    def show_breakers(self, states: Mapping[MethodCode, BreakerState]) -> None:
        """How the breakers stand just now."""
        for code, state in states.items():
            self.breakers.labels(code).set(BREAKER_NUMBERS[state])

    def exposition(self) -> bytes:
        """All numbers, in Prometheus' text format."""
        return generate_latest(self.shown)


def forget_dead(folder: Path, seat: int) -> None:
    """The process in that seat has died: what it had counted stays, how it stood is nobody's any more."""
    mark_process_dead(seat, str(folder))  # type: ignore[no-untyped-call]
