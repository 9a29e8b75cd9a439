"""Results as they are kept: with the commit, the settings and the kind of machine, and for people to read.

A machine is described by what its speed depends on; neither its name nor its folders are told.
"""

import json
import os
import platform
import sqlite3
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import table
from benchmarks.gates import Gate, Turns, error_gate
from benchmarks.measuring import median, percentiles, ratio
from benchmarks.parts import Section
from tests.processes import ROOT

FOLDER = ROOT / "benchmarks" / "results"
MEDIANS = ("rate", "service_ms", "database_ms", "statements")


def keep(sections: Sequence[Section], settings: Mapping[str, object], commit: str) -> str:
    """Write a benchmark's result; answers its name."""
    document = {"sections": [section_document(section) for section in sections]}
    lines = [
        line for section in sections for line in (f"## {section.name}", "", *table.section_lines(section), "")
    ]
    return keep_as("bench", document, lines, settings, commit)


def keep_as(
    what: str, document: Mapping[str, Any], lines: Sequence[str], settings: Mapping[str, object], commit: str
) -> str:
    """Write any result, a trial's too, as JSON and as Markdown; answers its name.

    The commit is what the run began with: whoever goes on working meanwhile does not change what was tried.
    """
    about = {"commit": commit, "date": f"{datetime.now(UTC):%Y-%m-%d-%H%M}", "machine": machine()}
    name = f"{what}-{about['date']}-{about['commit']}"
    told = {"what": what, **about, "settings": dict(settings), **document}
    head = [f"# {what}, {about['date']}, commit {about['commit']}", ""]
    head += [f"- {key}: {value}" for key, value in {**machine(), **settings}.items()]
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    (FOLDER / f"{name}.md").write_text("\n".join([*head, "", *lines]).rstrip() + "\n", encoding="utf-8")
    return name


def section_document(section: Section) -> Mapping[str, Any]:
    """Medians, and every round's rate, so that others can see how much they differ."""
    return {
        "name": section.name,
        "subjects": {name: _subject_document(name, section.turns) for name in section.turns},
        "statements": dict(section.statements),
        "components_ms": dict(section.profile.components) if section.profile else {},
        "functions_ms": dict(list(section.profile.functions.items())[:40]) if section.profile else {},
        "rows": {size: dict(counts) for size, counts in section.rows.items()},
        "gates": [_gate_document(gate) for gate in (*section.gates, error_gate(section.turns))],
    }


def _subject_document(name: str, all_turns: Turns) -> Mapping[str, Any]:
    turns = all_turns[name]
    beside = {other: ratio(turns, all_turns[other]) for other in table.YARDSTICKS if other in all_turns}
    return {
        **{field: median(turns, field) for field in MEDIANS},
        "beside": beside,
        "rates": [round(turn.rate, 1) for turn in turns],
        "errors": sum(turn.errors for turn in turns),
        "steps_ms": {step: {"p50": p50, "p99": p99} for step, (p50, p99) in percentiles(turns).items()},
    }


def _gate_document(gate: Gate) -> Mapping[str, Any]:
    return {
        "what": gate.what,
        "value": gate.value,
        "limit": gate.limit,
        "aim": gate.aim,
        "is_ceiling": gate.is_ceiling,
        "holds": gate.holds,
    }


def machine() -> Mapping[str, object]:
    """The kind of machine."""
    pages, page = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(pages * page / 2**30),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }


def commit() -> str:
    """What a run begins with; marked when something in it is no commit's."""
    told = _git("rev-parse", "--short", "HEAD")
    is_changed = _git("status", "--porcelain", "--", "*.py", "setup.cfg", "features")
    return f"{told}-changed" if is_changed else told


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()


def latest(what: str, folder: Path = FOLDER) -> Mapping[str, Any] | None:
    """The newest of these results; None when nothing was kept."""
    found = sorted(folder.glob(f"{what}-*.json"))
    return json.loads(found[-1].read_text(encoding="utf-8")) if found else None
