"""The server that the tests bring: nothing of it is left behind, however they end."""

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.postgres import Postgres, stop_stale
from tests.processes import ROOT

DIES = """
import os, signal
from tests.postgres import Postgres
server = Postgres.start()
print(server.home, server.url("postgres"), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


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
