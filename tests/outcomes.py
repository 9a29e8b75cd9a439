"""The book of what a test run has shown, held against the table of the notes when the whole suite was run.

A line of the notes is shown when everything its row names was run and passed. A run of a part of the
suite proves nothing and is not judged. Under pytest-xdist the book is kept where the reports come
together: the workers only say which scenario a test was.
"""

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.notes.table import read_table

ROOT = Path(__file__).resolve().parents[1]
SELECTIONS = ("keyword", "markexpr", "deselect", "lf", "failedfirst", "collectonly", "ignore", "ignore_glob")


class Outcomes:
    """How every test and every scenario of this run ended; a name passes when all that bear it pass."""

    def __init__(self) -> None:
        self.run: dict[str, set[str]] = defaultdict(set)
        self.unproven: list[str] = []

    def record(self, report: pytest.TestReport) -> None:
        """Takes in one phase of one test."""
        names = {report.nodeid.partition("[")[0]}
        names |= {str(value) for key, value in report.user_properties if key == "scenario"}
        if report.when == "call" or report.outcome != "passed":
            for name in names:
                self.run[name].add(report.outcome)

    def not_shown(self, names: set[str]) -> list[str]:
        """Which of these names were not run, or did not pass every time they were."""
        return sorted(name for name in names if self.run.get(name) != {"passed"})

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Every report of every worker comes by here."""
        self.record(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fails a run of the whole suite that does not show every line of the notes."""
        if not _is_whole_suite(session.config):
            return
        table = read_table(ROOT / "README.md")
        self.unproven = self.not_shown({name for names in table.values() for name in names})
        if not table or self.unproven:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
            self.unproven = self.unproven or ["README.md has no table of the notes"]

    @pytest.hookimpl
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Says which lines' witnesses are missing."""
        if self.unproven:
            terminalreporter.section("the notes are not shown in full", sep="=", red=True)
            for name in self.unproven:
                terminalreporter.line(f"did not run, or did not pass: {name}")


def _is_whole_suite(config: pytest.Config) -> bool:
    whole = [Path(argument).resolve() for argument in config.args] in ([ROOT / "tests"], [ROOT])
    return whole and not any(config.getoption(option, None) for option in SELECTIONS)


def pytest_configure(config: pytest.Config) -> None:
    """Opens the book, once: a worker's reports are written down by its controller."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Outcomes(), "outcomes of the run")


def pytest_bdd_before_scenario(request: pytest.FixtureRequest, feature: Any, scenario: Any) -> None:
    """Says in the test's report which scenario it is."""
    path = Path(feature.filename).resolve().relative_to(ROOT).as_posix()
    request.node.user_properties.append(("scenario", f"{path}: {scenario.name}"))
