"""The tables that a run prints, in Markdown, so that they read the same on a terminal and in a document."""

from collections.abc import Sequence

from benchmarks.buyers import STEPS
from benchmarks.gates import Turns, error_gate
from benchmarks.measuring import Turn, median, percentiles, ratio
from benchmarks.parts import Section
from benchmarks.profiled import Profile

YARDSTICKS = ("floor", "floor and gateway", "hello", "pgbench", "PostgreSQL")
MEASURES = (
    ("checkouts/s", "rate", 1),
    ("service ms", "service_ms", 2),
    ("database ms", "database_ms", 2),
    ("statements", "statements", 1),
)
FUNCTIONS_SHOWN = 15


def section_lines(section: Section) -> list[str]:
    """Everything that one part found."""
    told = [*turn_lines(section.turns), "", *step_lines(section.turns)]
    if section.statements:
        counts = ", ".join(f"{name} {count:.1f}" for name, count in section.statements.items())
        told += ["", f"data statements of one checkout's requests, workers left out: {counts}"]
    if section.profile:
        told += ["", *profile_lines(section.profile)]
    if section.rows:
        told += ["", *rows_lines(section)]
    return [*told, "", *(f"- {gate.line}" for gate in (*section.gates, error_gate(section.turns)))]


def turn_lines(turns: Turns) -> list[str]:
    """A line for each subject, medians of its turns; processor time and statements are each checkout's."""
    beside = [name for name in YARDSTICKS if name in turns]
    head = ["", *(title for title, _, _ in MEASURES), "errors", *(f"of {name}" for name in beside)]
    rows = [head]
    for name, mine in turns.items():
        ratios = [f"{ratio(mine, turns[other]):.3f}" for other in beside]
        measures = [_shown(mine, field, digits) for _, field, digits in MEASURES]
        rows.append([name, *measures, str(sum(turn.errors for turn in mine)), *ratios])
    return _markdown(rows)


def step_lines(turns: Turns) -> list[str]:
    """The median and the 99th percentile of each step, in milliseconds."""
    rows = [["ms, p50 / p99", *STEPS]]
    for name, measured in turns.items():
        told = percentiles(measured)
        if told:
            rows.append([name, *(f"{told[step][0]:.1f} / {told[step][1]:.1f}" for step in STEPS)])
    return _markdown(rows)


def profile_lines(profile: Profile) -> list[str]:
    """Where the service's processor time goes, by component and, for the dearest, by function."""
    whole = sum(profile.components.values())
    rows = [["component", "ms a checkout", "share"]]
    rows += [[name, f"{ms:.2f}", f"{ms / whole:.0%}"] for name, ms in profile.components.items()]
    dearest = list(profile.functions.items())[:FUNCTIONS_SHOWN]
    functions = [["function", "ms a checkout"], *([name, f"{ms:.2f}"] for name, ms in dearest)]
    return [*_markdown(rows), "", *_markdown(functions)]


def rows_lines(section: Section) -> list[str]:
    """How many rows each table had when growth was measured."""
    tables = list(next(iter(section.rows.values())))
    rows = [["orders", *tables]]
    rows += [[size, *(str(counts[table]) for table in tables)] for size, counts in section.rows.items()]
    return _markdown(rows)


def _shown(turns: Sequence[Turn], field: str, digits: int) -> str:
    value = median(turns, field)
    return "" if value is None else f"{value:.{digits}f}"


def _markdown(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]

    def line(row: Sequence[str]) -> str:
        first, *others = row
        cells = [
            first.ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)),
        ]
        return f"| {' | '.join(cells)} |"

    rule = "|" + "|".join([":" + "-" * (widths[0] + 1), *("-" * (width + 1) + ":" for width in widths[1:])])
    return [line(rows[0]), f"{rule}|", *map(line, rows[1:])]
