"""What the README tells of the newest result, and its plot: `python -m benchmarks.summary` writes both."""

import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.plot import Panel, drawn
from benchmarks.results import FOLDER, latest
from tests.processes import ROOT

README, PLOT = ROOT / "README.md", FOLDER / "speed.svg"
START, END = "<!-- speed -->", "<!-- /speed -->"
COMPARED = ("PostgreSQL", "SQLite", "floor and gateway", "floor")

Document = Mapping[str, Any]


def main() -> int:
    """Write the plot, and the block between the README's marks."""
    result = latest("bench")
    PLOT.write_text(drawn(panels(result)), encoding="utf-8")
    README.write_text(with_block(README.read_text(encoding="utf-8"), block(result)), encoding="utf-8")
    return 0


def with_block(page: str, said: Sequence[str]) -> str:
    """The page with this between its marks. Raises: ValueError when it has none."""
    found = re.compile(f"{re.escape(START)}.*?{re.escape(END)}", re.DOTALL)
    if not found.search(page):
        raise ValueError(f"there is no {START}")
    text = "\n".join([START, *said, END])
    return found.sub(lambda _: text, page)


def block(result: Document | None) -> list[str]:
    """The figures, each beside what is demanded."""
    if result is None:
        return ["Nothing has been measured yet."]
    about, settings = result["machine"], result["settings"]
    gates = [gate for section in result["sections"] for gate in section["gates"]]
    name = f"{result['what']}-{result['date']}-{result['commit']}"
    return [
        f"Commit {result['commit']}, {about['cores']} cores shared by clients, service and database,"
        f" Python {about['python']}, PostgreSQL {settings['server_version']}; medians of"
        f" {settings['rounds']} rounds. [Everything that was measured](benchmarks/results/{name}.md).",
        "",
        "| measured | is | must be | aim |",
        "|---|---|---|---|",
        # Each part is asked whether anything was refused; once is enough where the answers are the same.
        *dict.fromkeys(map(_row, gates)),
        "",
        f"![Checkouts a second beside the floor, and what they cost](benchmarks/results/{PLOT.name})",
    ]


def _row(gate: Document) -> str:
    bound = "at most" if gate["is_ceiling"] else "at least"
    aim = "" if gate["aim"] is None else f"{gate['aim']:g}"
    missed = "" if gate["holds"] else " **(missed)**"
    return f"| {gate['what']} | {gate['value']:.3g}{missed} | {bound} {gate['limit']:g} | {aim} |"


def panels(result: Document) -> list[Panel]:
    """Speed beside the floor; where there are several sizes, what a checkout costs at each."""
    found = {section["name"]: section["subjects"] for section in result["sections"]}
    speed = found["speed"]
    bars = [(name, [speed[name]["beside"]["floor"]]) for name in COMPARED]
    drawings = [Panel("Checkouts a second, the floor being 1", bars, mark=0.5)]
    if "growth" in found:
        costs = [(name, _cost(each)) for name, each in found["growth"].items()]
        names = ("service", "database")
        drawings.append(Panel("Processor time of a checkout", costs, unit=" ms", names=names))
    return drawings


def _cost(subject: Document) -> list[float]:
    return [subject["service_ms"], subject["database_ms"]]


if __name__ == "__main__":
    sys.exit(main())
