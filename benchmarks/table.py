"""The table that a run prints: a line for each subject, medians of its turns."""

from collections.abc import Mapping, Sequence

from benchmarks.buyers import STEPS
from benchmarks.gates import Turns
from benchmarks.measuring import Turn, median, percentiles, ratio

HEAD = ("", "checkouts/s", "of floor", "of hello", "of pgbench", "service ms", "database ms", "statements")
YARDSTICKS = ("floor", "hello", "pgbench")


def lines(turns: Turns) -> list[str]:
    """In Markdown, so that it reads the same on a terminal and in a document."""
    return _markdown([HEAD, *(_row(name, turns) for name in turns)])


def step_lines(turns: Turns) -> list[str]:
    """The median and the 99th percentile of each step, in milliseconds."""
    rows: list[tuple[str, ...]] = [("ms, p50 / p99", *STEPS)]
    for name, measured in turns.items():
        told = percentiles(measured)
        if told:
            rows.append((name, *(f"{told[step][0]:.1f} / {told[step][1]:.1f}" for step in STEPS)))
    return _markdown(rows)


def _row(name: str, turns: Turns) -> tuple[str, ...]:
    mine = turns[name]
    ratios = [f"{ratio(mine, turns[other]):.3f}" if other in turns else "" for other in YARDSTICKS]
    return (
        name,
        _shown(mine, "rate", 1),
        *ratios,
        _shown(mine, "service_ms", 2),
        _shown(mine, "database_ms", 2),
        _shown(mine, "statements", 1),
    )


def _shown(turns: Sequence[Turn], field: str, digits: int) -> str:
    value = median(turns, field)
    return "" if value is None else f"{value:.{digits}f}"


def components_lines(shares: Mapping[str, float], service_ms: float) -> list[str]:
    """Where the service's processor time goes. Units: milliseconds a checkout."""
    largest = sorted(shares.items(), key=lambda share: -share[1])
    rows = [("component", "share", "ms")]
    rows += [(name, f"{share:.0%}", f"{share * service_ms:.2f}") for name, share in largest]
    return _markdown(rows)


def _markdown(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]

    def line(row: Sequence[str]) -> str:
        first, *others = (
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        return "| " + " | ".join([first, *others]) + " |"

    rule = (
        "|"
        + "|".join("-" * (width + 2) if not i else "-" * (width + 1) + ":" for i, width in enumerate(widths))
        + "|"
    )
    return [line(rows[0]), rule, *map(line, rows[1:])]
