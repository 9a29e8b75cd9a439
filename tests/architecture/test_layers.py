"""The layer contract holds, and would notice if it did not."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAYERS = ("domain", "application", "adapters", "entrypoints")


def lint(folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run the contracts of setup.cfg over the code in a folder."""
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command as run; run()",
            "--no-cache",
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The layers and their contracts, to be spoilt."""
    for layer in LAYERS:
        shutil.copytree(ROOT / layer, tmp_path / layer, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "setup.cfg", tmp_path)
    return tmp_path


class TestLayers:
    def test_point_inward(self) -> None:
        """Every contract is kept by the code as it stands."""
        run = lint(ROOT)

        assert run.returncode == 0, run.stdout
        assert "0 broken" in run.stdout

    @pytest.mark.parametrize(
        ("file", "planted"),
        [
            ("domain/planted.py", "import application.ports"),
            ("application/planted.py", "import adapters.sql"),
            ("adapters/sql/planted.py", "import adapters.web"),
            ("adapters/web/planted.py", "import entrypoints"),
            ("adapters/sandbox/planted.py", "import domain.money"),
        ],
    )
    def test_are_watched(self, copied: Path, file: str, planted: str) -> None:
        """One import in the wrong direction breaks a contract."""
        (copied / file).write_text(f'"""Planted."""\n\n{planted}\n', "utf-8")

        run = lint(copied)

        assert run.returncode == 1
        assert planted.split()[1] in run.stdout
        assert "broken" in run.stdout

    def test_cannot_go_missing(self, copied: Path) -> None:
        """A layer that was moved away fails instead of passing for want of files."""
        shutil.rmtree(copied / "adapters" / "web")

        assert lint(copied).returncode == 1
