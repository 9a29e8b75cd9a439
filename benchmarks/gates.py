"""What a run must show: ratios measured side by side, and a floor that is fast enough to compare with."""

from collections.abc import Mapping, Sequence

import attrs

from benchmarks.measuring import Turn, median, ratio

Turns = Mapping[str, Sequence[Turn]]


@attrs.frozen(kw_only=True)
class Gate:
    """One demand: `value` has to be at least or at most `limit`; `aim` is where we want to be."""

    what: str
    value: float
    limit: float
    aim: float | None = None
    is_ceiling: bool = False

    @property
    def holds(self) -> bool:
        """Whether the demand is met."""
        return self.value <= self.limit if self.is_ceiling else self.value >= self.limit

    @property
    def line(self) -> str:
        """For people to read."""
        bound = "at most" if self.is_ceiling else "at least"
        aim = f", aim {self.aim:g}" if self.aim is not None else ""
        verdict = "ok    " if self.holds else "FAILED"
        return f"{verdict}  {self.what}: {self.value:.3g} ({bound} {self.limit:g}{aim})"


def floor_gates(turns: Turns) -> list[Gate]:
    """Whether the floor is as fast as honest code can be."""
    floor = turns["floor"]
    return [
        Gate(what="floor beside hello", value=ratio(floor, turns["hello"]), limit=0.15),
        Gate(what="floor beside pgbench", value=ratio(floor, turns["pgbench"]), limit=0.12),
    ]


def speed_gates(turns: Turns, statements: float) -> list[Gate]:
    """What the service must show on PostgreSQL; on SQLite where that was measured too."""
    service = turns["PostgreSQL"]
    gates = [
        Gate(what="service beside floor", value=ratio(service, turns["floor"]), limit=0.50, aim=0.65),
        Gate(what="service beside pgbench", value=ratio(service, turns["pgbench"]), limit=0.10, aim=0.13),
        Gate(what="data statements of a checkout", value=statements, limit=36, aim=30, is_ceiling=True),
    ]
    if "SQLite" in turns:
        lite = ratio(turns["SQLite"], service)
        gates.append(Gate(what="SQLite beside PostgreSQL", value=lite, limit=0.7, aim=1))
    return gates


def growth_gates(small: Turns, large: Turns) -> list[Gate]:
    """With very many orders a checkout costs nearly what it did, in the service and in the database."""
    gates = []
    for what, field in (("service", "service_ms"), ("database", "database_ms")):
        before, after = median(small["PostgreSQL"], field), median(large["PostgreSQL"], field)
        assert before and after
        gates.append(
            Gate(
                what=f"CPU of the {what} with many orders", value=after / before, limit=1.15, is_ceiling=True
            )
        )
    return gates
