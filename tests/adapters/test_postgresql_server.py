"""The server that the tests bring: nothing of it is left behind, however they end."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest

from tests.postgres import Postgres, as_whom, stop_stale
from tests.processes import ROOT

DIES = """
import os, signal
from tests.postgres import Postgres
server = Postgres.start()
print(server.home, server.url("postgres"), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""

# What a driver loads at its first use is loaded while everything can be read.
AS_ANYBODY = """
import os, sys
import psycopg
from tests.postgres import Postgres
psycopg.connect(sys.argv[1]).close()
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
server = Postgres.empty()
try:
    print(server.programs.folder, server.programs.user, (server.home / "data").stat().st_uid == os.geteuid())
    print(server.execute("SELECT current_user")[0][0])
finally:
    server.stop()
print(server.home.exists())
"""


@pytest.fixture
def elsewhere(postgres: Postgres) -> Iterator[Path]:
    """A folder with the same programs, which anybody may enter."""
    with TemporaryDirectory() as folder:
        for program in postgres.programs.folder.iterdir():
            (Path(folder) / program.name).symlink_to(program)
        Path(folder).chmod(0o755)
        yield Path(folder)


class TestServer:
    """A server of the session's own."""

    def test_does_not_outlive_a_killed_session_for_long(self) -> None:
        """The next session ends what the last one could not, and removes what it wrote."""
        died = subprocess.run([sys.executable, "-c", DIES], cwd=ROOT, capture_output=True, text=True)
        home, url = died.stdout.split()
        psycopg.connect(url).close()

        stop_stale()

        assert not Path(home).exists()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(url, connect_timeout=5)

    def test_leaves_nothing_behind(self, postgres: Postgres) -> None:
        """Its home is gone with it; those of sessions that are still running are left alone."""
        server = Postgres.start()

        server.stop()

        assert not server.home.exists()
        assert postgres.home.exists()
        assert postgres.execute("SELECT 1") == [(1,)]

    def test_needs_no_privileges_and_takes_the_programs_that_are_named(
        self, postgres: Postgres, elsewhere: Path
    ) -> None:
        """A normal user runs it as itself; those in PG_BIN are run where they are."""
        named = {**os.environ, "PG_BIN": str(elsewhere)}
        command = [sys.executable, "-c", AS_ANYBODY, postgres.url("postgres")]

        done = subprocess.run(command, cwd=ROOT, env=named, capture_output=True, text=True)

        assert done.stdout.splitlines() == [f"{elsewhere} {{}} True", "kassa", "False"], done.stderr

    @pytest.mark.parametrize("broken", [(), ("initdb", "postgres")], ids=["nothing", "no programs"])
    def test_says_what_is_missing(self, tmp_path: Path, broken: tuple[str, ...]) -> None:
        """Where PG_BIN names nothing that can be run, nothing else is taken in its place."""
        for name in broken:
            (tmp_path / name).write_bytes(b"")
        named = {**os.environ, "PG_BIN": str(tmp_path)}
        command = [sys.executable, "-c", "from tests.postgres import Postgres; Postgres.empty()"]

        done = subprocess.run(command, cwd=ROOT, env=named, capture_output=True, text=True)

        assert done.returncode == 1
        assert str(tmp_path) in done.stderr

    @pytest.mark.parametrize(("euid", "is_other"), [(0, True), (1000, False)], ids=["root", "anybody"])
    def test_never_runs_as_root(self, monkeypatch: pytest.MonkeyPatch, euid: int, is_other: bool) -> None:
        """Which PostgreSQL refuses: root has somebody else run it, and anybody else nobody."""
        monkeypatch.setattr(os, "geteuid", lambda: euid)

        assert (as_whom().get("user", 0) > 0) is is_other
