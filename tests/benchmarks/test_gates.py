"""A run fails when a demand is not met, and says which."""

import attrs
import pytest

from benchmarks.gates import Gate, error_gate, floor_gates, growth_gates, speed_gates
from benchmarks.measuring import Turn


def turn(rate: float, service_ms: float = 1.0, database_ms: float = 1.0) -> Turn:
    """What one turn measured."""
    return Turn(
        rate=rate,
        checkouts=rate,
        service_ms=service_ms,
        database_ms=database_ms,
        statements=26,
        errors=0,
        steps={},
    )


def turns(*, service: float = 100, floor: float = 150, lite: float = 90) -> dict[str, list[Turn]]:
    """Three rounds in which everything is as it should be, unless said otherwise."""
    rates = {"hello": 800, "floor": floor, "pgbench": 900, "PostgreSQL": service, "SQLite": lite}
    return {name: [turn(rate)] * 3 for name, rate in rates.items()}


def failed(gates: list[Gate]) -> list[str]:
    """What was not met."""
    return [gate.what for gate in gates if not gate.holds]


class TestGates:
    def test_are_open_when_all_is_well(self) -> None:
        """Nothing is found where nothing is wrong."""
        assert failed([*floor_gates(turns()), *speed_gates(turns(), 36)]) == []

    @pytest.mark.parametrize(
        ("slow", "what"),
        [
            ({"service": 74}, ["service beside floor", "service beside pgbench"]),
            ({"service": 89, "floor": 150}, ["service beside pgbench"]),
            ({"floor": 201}, ["service beside floor"]),
            ({"lite": 69}, ["SQLite beside PostgreSQL"]),
        ],
    )
    def test_name_what_is_too_slow(self, slow: dict[str, float], what: list[str]) -> None:
        """Each ratio has a limit of its own."""
        assert failed(speed_gates(turns(**slow), 36)) == what

    def test_refuse_a_statement_too_many(self) -> None:
        """The number has a ceiling."""
        assert failed(speed_gates(turns(), 36.1)) == ["data statements of a checkout"]

    def test_refuse_a_floor_that_is_too_slow_to_compare_with(self) -> None:
        """Whoever looks fast beside it has shown nothing."""
        assert failed(floor_gates(turns(floor=119))) == ["floor beside hello"]
        assert failed(floor_gates(turns(floor=107))) == ["floor beside hello", "floor beside pgbench"]

    def test_compare_within_rounds(self) -> None:
        """A machine that is slow for a while is slow for everybody."""
        measured = {
            **turns(),
            "floor": [turn(150), turn(15), turn(1.5)],
            "PostgreSQL": [turn(75), turn(7.5), turn(0.75)],
        }

        (beside_floor, *_) = speed_gates(measured, 36)

        assert beside_floor.value == pytest.approx(0.5)

    @pytest.mark.parametrize(
        ("service_ms", "database_ms", "what"),
        [
            (1.14, 1.14, []),
            (1.16, 1.0, ["CPU of the service with 10000 orders beside 1000"]),
            (1.0, 1.16, ["CPU of the database with 10000 orders beside 1000"]),
        ],
    )
    def test_watch_both_costs_grow(self, service_ms: float, database_ms: float, what: list[str]) -> None:
        """With very many orders neither the service nor the database may need much more."""
        grown = {
            "1000 orders": [turn(100)] * 3,
            "9000 orders": [turn(100, 9.0, 9.0)] * 3,
            "10000 orders": [turn(100, service_ms, database_ms)] * 3,
        }

        assert failed(growth_gates(grown, [1000, 9000, 10000])) == what

    def test_refuse_a_statement_that_only_many_orders_need(self) -> None:
        """Nothing is looked up once more because there is more."""
        more = attrs.evolve(turn(100), statements=31)

        assert failed(growth_gates({"1 orders": [turn(100)], "2 orders": [more]}, [1, 2])) == [
            "statements with 2 orders beside 1"
        ]

    def test_refuse_a_floor_that_does_more_than_it_must(self) -> None:
        """Twenty-six statements are enough for anybody."""
        slow = {**turns(), "floor": [attrs.evolve(turn(150), statements=27)] * 3}

        assert failed(floor_gates(slow)) == ["data statements of the floor"]

    def test_refuse_any_error(self) -> None:
        """A request that was refused shows in the end, whoever was asked."""
        wrong = {**turns(), "SQLite": [turn(90), attrs.evolve(turn(90), errors=1)]}

        assert failed([error_gate(turns())]) == []
        assert failed([error_gate(wrong)]) == ["requests that were refused"]

    def test_say_what_they_want(self) -> None:
        """The line holds the number, the limit and the aim."""
        gate = Gate(what="service beside floor", value=0.4567, limit=0.5, aim=0.65)

        assert gate.line == "FAILED  service beside floor: 0.457 (at least 0.5, aim 0.65)"
