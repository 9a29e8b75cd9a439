"""What counts as run enough, and that nothing is left out of the count."""

from pathlib import Path

import pytest

from tests.run import ROOT, judged

# Put together here, so that this file does not hold what it looks for.
PRAGMAS = tuple(f"{start}: no {what}" for start in ("pragma", "PRAGMA") for what in ("cover", "branch"))
LEFT_OUT = ("omit", "exclude_lines", "exclude_also", "partial_branches", "fail_under")


def counts(run: int, there: int = 100) -> dict[str, int]:
    """A file's counts, lines and branches alike."""
    return {"num_statements": there, "covered_lines": run, "num_branches": there, "covered_branches": run}


class TestTheCount:
    @pytest.mark.parametrize(
        ("domain", "application", "adapters", "is_enough"),
        [(100, 100, 90, True), (100, 100, 84, False), (99, 100, 100, False), (100, 99, 100, False)],
    )
    def test_wants_the_core_whole_and_nearly_all_else(
        self, domain: int, application: int, adapters: int, is_enough: bool
    ) -> None:
        """One line or branch of the core is too many to miss."""
        files = {
            "domain/order.py": counts(domain),
            "application/bus.py": counts(application),
            "adapters/system.py": counts(adapters),
        }

        lines, enough = judged(files)

        assert enough is is_enough
        assert any("TOO LOW" in line for line in lines) is not is_enough

    def test_is_not_content_with_nothing(self) -> None:
        """A run that measured nothing has shown nothing."""
        assert judged({})[1] is False

    def test_leaves_nothing_out(self) -> None:
        """No line excuses itself, and the settings excuse none."""
        settings = (ROOT / "setup.cfg").read_text(encoding="utf-8")
        files = [
            path for name in ("domain", "application", "adapters", "entrypoints") for path in _files(name)
        ]

        assert not [word for word in LEFT_OUT if word in settings]
        assert not [str(path) for path in files if any(word in path.read_text("utf-8") for word in PRAGMAS)]


def _files(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))
