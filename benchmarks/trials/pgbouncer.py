"""All features over HTTP, and the crowds, through Debian's PgBouncer in transaction mode.

There each transaction may run on another connection of the server, of which there are fewer than clients:
nothing may rest on a session. All of the features are told; the crowds are as large as elsewhere, but come
less often: what they may break is tried by the trial of races.
"""

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

from benchmarks.trials.races import contest
from benchmarks.trials.trial import Trial, main
from tests.pgbouncer import PgBouncer
from tests.processes import ROOT

SIZES = {
    "processes": 8,
    "buyers": 1000,
    "rounds": 3,
    "bills": 100,
    "copies": 16,
    "tabs_orders": 50,
    "circles": 3,
    "seed": 1,
}


def run(trial: Trial) -> None:
    """The features first, then the crowds."""
    features(trial)
    bouncer = PgBouncer.before(trial.server)
    contest(trial, database_url=bouncer.url(trial.server.database()), pgbouncer=1)
    trial.note("crowds through PgBouncer", transactions=bouncer.stop())


def features(trial: Trial) -> None:
    """Every story that is told in one process is told through PgBouncer, and none is left out."""
    report, counts = trial.folder / "features.xml", trial.folder / "counts"
    counts.mkdir()
    through = (f"--through-pgbouncer={counts}", "-k", "postgresql", f"--junit-xml={report}", "-q", "-n", "2")
    status = _pytest("tests/bdd/test_over_http.py", *through)
    told, stories = _counted(report), _stories()
    transactions = sum(int(each.read_text("ascii")) for each in counts.iterdir())
    trial.note("features over HTTP through PgBouncer", stories=stories, transactions=transactions, **told)
    assert status == 0
    assert told == {"tests": stories, "skipped": 0, "failures": 0, "errors": 0}


def _stories() -> int:
    command = [sys.executable, "-m", "pytest", "tests/bdd/test_in_process.py", "--collect-only", "-q"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return sum("::" in line for line in told.splitlines())


def _pytest(*arguments: str) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], cwd=ROOT, check=False).returncode


def _counted(report: Path) -> dict[str, int]:
    suite = ElementTree.parse(report).getroot()[0]
    return {name: int(suite.attrib[name]) for name in ("tests", "skipped", "failures", "errors")}


if __name__ == "__main__":
    sys.exit(main("pgbouncer", __doc__, SIZES, run))
