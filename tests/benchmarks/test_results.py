"""What is kept and shown of a run."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from benchmarks import results, summary, table
from benchmarks.gates import Gate
from benchmarks.parts import Section
from benchmarks.plot import drawn
from benchmarks.profiled import Profile
from tests.benchmarks.test_gates import turn, turns
from tests.processes import ROOT

SETTINGS = {"server_version": "18.1", "rounds": 5}


def sections() -> list[Section]:
    """A run of two parts."""
    gate = Gate(what="service beside floor", value=0.4, limit=0.5, aim=0.65)
    rates = {**turns(), "floor and gateway": [turn(90)] * 3}
    profile = Profile({"SQLAlchemy": 3.0, "kernel": 1.0}, {"engine/base.py execute": 2.0})
    speed = Section(name="speed", turns=rates, gates=[gate], statements={"PostgreSQL": 30.0}, profile=profile)
    sizes = {"1000 orders": [turn(100)] * 3, "2000 orders": [turn(100)] * 3}
    return [speed, Section(name="growth", turns=sizes, rows={"1000": {"orders": 1000, "carts": 40}})]


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a result."""
    monkeypatch.setattr(results, "FOLDER", tmp_path / "results")
    results.keep(sections(), SETTINGS, "0abc123")
    return tmp_path / "results"


def found(kept: Path) -> Mapping[str, Any]:
    """The newest result of a measurement."""
    result = results.latest("bench", kept)
    assert result is not None
    return result


class TestTable:
    def test_shows_a_line_for_each_subject(self) -> None:
        """With the medians, and what they are beside the yardsticks."""
        lines = table.section_lines(sections()[0])

        (service,) = (line for line in lines if line.startswith("| PostgreSQL "))
        cells = [cell.strip() for cell in service.strip("|").split("|")]
        assert cells == [
            "PostgreSQL",
            "100.0",
            "1.00",
            "1.00",
            "26.0",
            "0",
            "0.667",
            "1.111",
            "0.125",
            "0.111",
            "1.000",
        ]

    def test_shows_components_and_demands(self) -> None:
        """The largest first; what is missed is said."""
        text = "\n".join(table.section_lines(sections()[0]))

        assert "| SQLAlchemy |          3.00 |   75% |" in text
        assert "- FAILED  service beside floor: 0.4 (at least 0.5, aim 0.65)" in text


class TestResults:
    def test_are_kept_for_programs_and_for_people(self, kept: Path) -> None:
        """With commit, settings and the kind of machine; where it was is nobody's business."""
        (path,) = kept.glob("*.json")
        told = json.loads(path.read_text("utf-8"))

        assert told["sections"][0]["subjects"]["PostgreSQL"]["rate"] == 100
        assert told["settings"] == SETTINGS
        assert told["commit"] == "0abc123"
        assert told["commit"] in path.name
        assert set(told["machine"]) == {"cores", "memory_gib", "architecture", "python", "sqlite"}
        assert str(ROOT) not in path.read_text("utf-8") + path.with_suffix(".md").read_text("utf-8")

    def test_are_found_again(self, kept: Path) -> None:
        """The newest of them."""
        old = {"what": "bench", "commit": "old"}
        (kept / "bench-2020-01-01-0000-old.json").write_text(json.dumps(old), "utf-8")

        assert found(kept)["commit"] != "old"
        assert results.latest("races", kept) is None


class TestSummary:
    def test_shows_each_demand(self, kept: Path) -> None:
        """And what was missed."""
        lines = summary.block(found(kept))

        assert "| service beside floor | 0.4 **(missed)** | at least 0.5 | 0.65 |" in lines

    def test_stands_between_its_marks(self) -> None:
        """Whatever else the page says stays."""
        page = "before\n<!-- speed -->\nold\n<!-- /speed -->\nafter\n"

        assert summary.with_block(page, ["new"]) == "before\n<!-- speed -->\nnew\n<!-- /speed -->\nafter\n"
        with pytest.raises(ValueError, match="there is no"):
            summary.with_block("nothing", ["new"])

    def test_tells_how_each_trial_ended(self) -> None:
        """In its newest run, and of which nothing is known yet."""
        failed = {"what": "trial-kills", "date": "D", "commit": "C", "verdict": "FAILED: a | b\nc"}

        lines = summary.trials_block({"kills": failed, "cuts": None})

        assert lines[2].startswith("| kills | Processes are killed without a word, ")
        assert lines[2].endswith("| FAILED: a \\| b | [C](benchmarks/results/trial-kills-D-C.md) |")
        assert lines[3].endswith("| not tried yet | |")

    def test_knows_every_trial(self) -> None:
        """Each that can be run is told of."""
        programs = {path.stem for path in (ROOT / "benchmarks" / "trials").glob("*.py")}

        assert set(summary.TRIALS) == programs - {"__init__", "trial", "roaming"}

    def test_in_the_readme_is_the_newest(self) -> None:
        """A result that was kept is told there too."""
        page = (ROOT / "README.md").read_text("utf-8")

        assert summary.told(page) == page


class TestTrials:
    def test_are_kept_whole_only(self) -> None:
        """A smaller round is for looking, not for telling."""
        command = [sys.executable, "-m", "benchmarks.trials.cuts", "--step", "50", "--save"]

        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

        assert done.returncode == 2
        assert "only the whole trial is kept" in done.stderr

    def test_is_drawn(self, kept: Path) -> None:
        """A bar for each subject, and one of two parts for each size."""
        picture = ElementTree.fromstring(drawn(summary.panels(found(kept))))

        bars = [part for part in picture if part.tag.endswith("rect")]
        assert len(bars) == 4 + 2 * 2
