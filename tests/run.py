"""`make test`: the whole suite in one session, then how much of the product it has run.

The domain and the application are run whole, every line and every branch; everything together nearly so.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

ROOT = Path(__file__).resolve().parents[1]
SUITE = (
    *("-m", "pytest", "tests"),
    *("-n", "2", "--dist", "worksteal"),
    *("--cov", "--cov-config=setup.cfg", "--cov-report="),
)
REPORT = ("-m", "coverage", "json", "--rcfile=setup.cfg", "--quiet", "-o", "-")

# Per cent of lines and branches that must be run, by what a file's path begins with.
WANTED: Mapping[str, float] = {"domain/": 100, "application/": 100, "": 95}


@attrs.frozen
class Coverage:
    """Of how many lines and branches how many were run."""

    there: int = 0
    run: int = 0

    def __add__(self, other: "Coverage") -> "Coverage":
        return Coverage(self.there + other.there, self.run + other.run)

    @property
    def percent(self) -> float:
        """Rounded by nobody: a single missing branch is less than 100."""
        return 100 * self.run / self.there if self.there else 0.0


def coverage_of(files: Mapping[str, Mapping[str, int]], start: str) -> Coverage:
    """What was run of the files whose paths begin so."""
    told = [counts for path, counts in files.items() if path.startswith(start)]
    return sum((_of_file(counts) for counts in told), Coverage())


def _of_file(counts: Mapping[str, int]) -> Coverage:
    there = counts["num_statements"] + counts["num_branches"]
    return Coverage(there, counts["covered_lines"] + counts["covered_branches"])


def judged(files: Mapping[str, Mapping[str, int]]) -> tuple[list[str], bool]:
    """A line for each demand, and whether all are met."""
    found = {start: coverage_of(files, start).percent for start in WANTED}
    lines = [
        f"{'ok     ' if found[start] >= wanted else 'TOO LOW'}  {start or 'all'}: "
        f"{found[start]:.2f} % of lines and branches, {wanted:g} % wanted"
        for start, wanted in WANTED.items()
    ]
    return lines, all(found[start] >= wanted for start, wanted in WANTED.items())


def measured() -> Mapping[str, Mapping[str, int]]:
    """What the session before has written down, file by file."""
    report = _python(REPORT, capture=True)
    return {path: told["summary"] for path, told in json.loads(report.stdout)["files"].items()}


def main() -> int:
    """The suite's exit code, or 1 when it ran too little of the product."""
    for left in ROOT.glob(".coverage*"):
        left.unlink()
    status = _python(SUITE).returncode
    lines, is_enough = judged(measured())
    sys.stdout.write("\n".join(["", *lines, ""]))
    return status or (0 if is_enough else 1)


def _python(arguments: Sequence[str], *, capture: bool = False) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        text=True,
        check=False,
        stdout=subprocess.PIPE if capture else None,
    )


if __name__ == "__main__":
    sys.exit(main())
