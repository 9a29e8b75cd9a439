"""What the README tells of the newest results, and a plot: `python -m benchmarks.summary` writes both."""

import importlib
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.plot import Panel, drawn
from benchmarks.results import FOLDER, latest
from tests.processes import ROOT

README, PLOT = ROOT / "README.md", FOLDER / "speed.svg"
TRIALS = ("races", "restarts", "cuts", "kills", "reloads", "loris", "pgbouncer", "hanging", "strange")
START, END = "<!-- speed -->", "<!-- /speed -->"
COMPARED = ("PostgreSQL", "SQLite", "floor and gateway", "floor")

Document = Mapping[str, Any]


def main() -> int:
    """Write the plot, and the block between the README's marks."""
    if result := latest("bench"):
        PLOT.write_text(drawn(panels(result)), encoding="utf-8")
    README.write_text(told(README.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


def told(page: str) -> str:
    """The page with what is kept: the newest measurement, and the newest trial of each kind."""
    trials = {name: latest(f"trial-{name}") for name in TRIALS}
    return with_block(page, [*block(latest("bench")), "", *trials_block(trials)])


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
    return [
        f"Commit {result['commit']}, {about['cores']} cores shared by clients, service and database,"
        f" Python {about['python']}, PostgreSQL {settings['server_version']}; medians of"
        f" {settings['rounds']} rounds. [Everything that was measured]({_page(result)}).",
        "",
        "| measured | is | must be | aim |",
        "|---|---|---|---|",
        # Each part is asked whether anything was refused; once is enough where the answers are the same.
        *dict.fromkeys(map(_row, gates)),
        "",
        f"![Checkouts a second beside the floor, and what they cost](benchmarks/results/{PLOT.name})",
    ]


def trials_block(kept: Mapping[str, Document | None]) -> list[str]:
    """What each trial tried, and how it ended."""
    return [
        "| trial | what is tried | verdict | at commit |",
        "|---|---|---|---|",
        *(_trial_row(name, result) for name, result in kept.items()),
    ]


def _trial_row(name: str, result: Document | None) -> str:
    tried = (importlib.import_module(f"benchmarks.trials.{name}").__doc__ or "").partition("\n")[0]
    if result is None:
        return f"| {name} | {tried} | not tried yet | |"
    verdict = result["verdict"].partition("\n")[0].replace("|", "\\|")
    return f"| {name} | {tried} | {verdict} | [{result['commit']}]({_page(result)}) |"


def _page(result: Document) -> str:
    return f"benchmarks/results/{result['what']}-{result['date']}-{result['commit']}.md"


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
