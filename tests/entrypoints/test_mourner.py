"""A test run that is killed takes along what it has started."""

import subprocess
import sys
from pathlib import Path

from tests.entrypoints.test_processes import answers, eventually
from tests.processes import ROOT

RUN = """
import sys, time
from pathlib import Path
from tests.processes import Sandbox
ended, left = (Sandbox.start(Path(folder)) for folder in sys.argv[1:])
ended.stop()
print(left.address, flush=True)
time.sleep(600)
"""


class TestMourner:
    def test_ends_what_a_killed_run_has_started(self, tmp_path: Path) -> None:
        """Nobody else would, for it has a session of its own."""
        folders = [tmp_path / "ended", tmp_path / "left"]
        for folder in folders:
            folder.mkdir()
        run = subprocess.Popen(
            [sys.executable, "-c", RUN, *map(str, folders)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        with run:
            assert run.stdout
            address = run.stdout.readline().strip()
            was_there = answers(address)
            run.kill()

        assert was_there
        assert eventually(lambda: not answers(address))
