"""What a run must show: ratios measured side by side, and a floor that is fast enough to compare with."""

from collections.abc import Mapping, Sequence

import attrs

from benchmarks.measuring import Turn, median, ratio

Turns = Mapping[str, Sequence[Turn]]

# What workers do in between falls on fewer or more checkouts, so that statements differ a little.
GROWTH = (
    ("CPU of the service", "service_ms", 1.15),
    ("CPU of the database", "database_ms", 1.15),
    ("statements", "statements", 1.02),
)


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
    statements = median(floor, "statements") or 0.0
    return [
        Gate(what="data statements of the floor", value=statements, limit=26.5, is_ceiling=True),
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


def growth_gates(turns: Turns, sizes: Sequence[int]) -> list[Gate]:
    """With very many orders a checkout costs nearly what it did with few, and runs as many statements."""
    few, many = (turns[f"{size} orders"] for size in (min(sizes), max(sizes)))

    def grown(field: str) -> float:
        before, after = median(few, field), median(many, field)
        assert before and after
        return after / before

    return [
        Gate(
            what=f"{what} with {max(sizes)} orders beside {min(sizes)}",
            value=grown(field),
            limit=limit,
            is_ceiling=True,
        )
        for what, field, limit in GROWTH
    ]


def error_gate(turns: Turns) -> Gate:
    """Nothing was refused, to nobody."""
    errors = sum(turn.errors for measured in turns.values() for turn in measured)
    return Gate(what="requests that were refused", value=errors, limit=0, is_ceiling=True)
