"""Folders that go with their processes, however those end."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from entrypoints.folders import own_folder
from tests.processes import ROOT

# Dies as by a power cut, with a folder of its own; perhaps a child lives on.
VICTIM = """
import os, signal, sys, time
from entrypoints.folders import own_folder
with own_folder("kassa-test-") as folder:
    if sys.argv[1] == "forks":
        child = os.fork()
        if child == 0:
            os.close(1)
            time.sleep(60)
            os._exit(0)
        print(child, flush=True)
    (folder / "number.db").touch()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where folders are made."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def killed(place: Path, how: str) -> str:
    """What a process wrote that was killed."""
    done = subprocess.run(
        [sys.executable, "-c", VICTIM, how],
        env={**os.environ, "TMPDIR": str(place), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    return done.stdout


class TestOwnFolder:
    def test_goes_with_its_process(self, place: Path) -> None:
        """Whatever was put into it."""
        with own_folder("kassa-test-") as folder:
            (folder / "number.db").touch()
            assert folder.parent == place

        assert list(place.iterdir()) == []

    def test_of_a_killed_process_goes_with_the_next(self, place: Path) -> None:
        """Nobody holds it any more."""
        killed(place, "alone")
        (left,) = place.iterdir()

        with own_folder("kassa-test-") as folder:
            assert list(place.iterdir()) == [folder] != [left]

    def test_stays_while_somebody_lives(self, place: Path) -> None:
        """Another service beside this one, or a child that outlives its parent for a while."""
        child = int(killed(place, "forks"))
        with own_folder("kassa-test-") as first, own_folder("kassa-test-"):
            assert first.exists()
            assert len(list(place.iterdir())) == 3

        os.kill(child, signal.SIGKILL)
        (left,) = place.iterdir()
        for _ in range(200):
            with own_folder("kassa-test-"):
                if not left.exists():
                    break
        assert list(place.iterdir()) == []

    def test_leaves_other_folders_alone(self, place: Path) -> None:
        """One just being made is nobody's yet, and others have nothing to do with us."""
        (place / "kassa-test-new").mkdir()
        (place / "something").mkdir()

        with own_folder("kassa-test-"):
            pass

        assert sorted(each.name for each in place.iterdir()) == ["kassa-test-new", "something"]
