"""Numbers of several processes, told as those of one."""

from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client import values

from adapters.web.metrics import Metrics, forget_dead
from application.breaker import BreakerState
from domain.ids import MethodCode

COUNTED = 'kassa_http_requests_total{method="GET",route="/x",status="200"} '
TIMED = 'kassa_http_request_seconds_bucket{le="0.25",method="GET",route="/x"} '
UNDER_WAY = "kassa_http_requests_under_way "
STANDS = 'kassa_gateway_breaker_state{method="card"} '

Process = Callable[[], Metrics]
Of = Callable[[int], Process]


@pytest.fixture
def of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Of:
    """The numbers of the process in a seat, as if this were that process."""
    # What it sets for its whole process is undone afterwards.
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")
    monkeypatch.setattr(values, "ValueClass", values.ValueClass)

    def begun(seat: int) -> Process:
        metrics, kind = Metrics.of_one_of_many(tmp_path, seat), values.ValueClass

        def continued() -> Metrics:
            values.ValueClass = kind
            return metrics

        return continued

    return begun


def told(metrics: Metrics, name: str) -> list[str]:
    """The values told under that name."""
    lines = metrics.exposition().decode().splitlines()
    return [line.removeprefix(name) for line in lines if line.startswith(name)]


class TestNumbersOfSeveral:
    def test_are_added_up(self, of: Of) -> None:
        """Whichever process is asked."""
        first, second = of(0), of(1)
        for process in (first, second, second):
            process().observe("GET", "/x", 200, 0.2)

        assert told(first(), COUNTED) == told(second(), COUNTED) == ["3.0"]
        assert told(first(), TIMED) == ["3.0"]

    def test_stay_when_one_has_died(self, of: Of, tmp_path: Path) -> None:
        """Whoever takes the seat counts on."""
        first, second = of(0), of(1)
        first().observe("GET", "/x", 200, 0.2)
        second().observe("GET", "/x", 200, 0.2)
        forget_dead(tmp_path, 0)
        assert told(second(), COUNTED) == ["2.0"]

        next_one = of(0)
        next_one().observe("GET", "/x", 200, 0.2)

        assert told(second(), COUNTED) == ["3.0"]

    def test_of_what_is_under_way_are_added_up(self, of: Of, tmp_path: Path) -> None:
        """A request counts from its begin to its end, or to the death of who worked on it."""
        first, second = of(0), of(1)
        for process in (first, second, second):
            process().begin()
        second().observe("GET", "/x", 200, 0.2)
        both = told(first(), UNDER_WAY)
        forget_dead(tmp_path, 1)

        assert (both, told(first(), UNDER_WAY)) == (["2.0"], ["1.0"])

    def test_tell_how_things_stand_for_the_one_that_answers(self, of: Of) -> None:
        """Each process has breakers of its own."""
        first, second = of(0), of(1)
        first().show_breakers({MethodCode("card"): BreakerState.OPEN})
        second().show_breakers({MethodCode("card"): BreakerState.CLOSED})

        assert told(second(), STANDS) == ["0.0"]

    def test_do_not_tell_how_things_stood_for_the_dead(self, of: Of, tmp_path: Path) -> None:
        """Nobody can ask it any more."""
        first, second = of(0), of(1)
        first().show_breakers({MethodCode("card"): BreakerState.OPEN})
        assert told(second(), STANDS) == ["1.0"]

        forget_dead(tmp_path, 0)

        assert told(second(), STANDS) == []
