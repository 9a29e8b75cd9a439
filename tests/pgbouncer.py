"""Debian's PgBouncer before the tests' PostgreSQL, each transaction on whichever connection is free.

Only `pytest --through-pgbouncer FOLDER` needs it (apt-get install pgbouncer); PGBOUNCER names another one.
"""

import os
import subprocess
import time
from pathlib import Path
from typing import Self

import attrs
import psycopg

from adapters.sql.postgresql import TIMEOUTS
from tests.postgres import Postgres
from tests.processes import free_port

START_SECONDS_MAX = 10
# Few enough that clients share them, which is what may go wrong.
SERVER_CONNECTIONS = 20
CONFIGURATION = """
[databases]
* = host=127.0.0.1 port={server} user=kassa
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
max_client_conn = 2000
default_pool_size = {connections}
"""


@attrs.define
class PgBouncer:
    """A running PgBouncer. The guards that no session sets there belong to the role."""

    server: Postgres
    port: int
    process: "subprocess.Popen[bytes]"

    @classmethod
    def before(cls, server: Postgres) -> Self:
        """Started in the server's own folder, as the same user."""
        program = Path(os.environ.get("PGBOUNCER", "/usr/sbin/pgbouncer"))
        assert program.exists(), "no PgBouncer: apt-get install pgbouncer, or set PGBOUNCER"
        for name, milliseconds in TIMEOUTS.items():
            server.execute(f"ALTER ROLE kassa SET {name} = '{milliseconds}ms'")
        server.execute("ALTER ROLE kassa SET synchronous_commit = 'on'")
        port = free_port()
        configuration = server.home / "pgbouncer.ini"
        configuration.write_text(
            CONFIGURATION.format(server=server.port, port=port, connections=SERVER_CONNECTIONS)
        )
        with (server.home / "pgbouncer.log").open("ab") as log:
            process = subprocess.Popen(
                [program, configuration], cwd="/", stdout=log, stderr=log, **server.programs.user
            )
        bouncer = cls(server, port, process)
        bouncer._wait()
        return bouncer

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS_MAX
        while True:
            try:
                self.transactions()
                return
            except psycopg.OperationalError:
                assert self.process.poll() is None and time.monotonic() < deadline, "PgBouncer did not start"
                time.sleep(0.05)

    def url(self, database: str) -> str:
        """The same database, through here."""
        return f"postgresql://kassa@127.0.0.1:{self.port}/{database}"

    def transactions(self) -> int:
        """How many went through so far, by its own count."""
        console = psycopg.connect(self.url("pgbouncer"), autocommit=True, sslmode="disable")
        with console:
            # The console understands only the simplest way of asking.
            answer = console.pgconn.exec_(b"SHOW STATS")
            names = [answer.fname(column) for column in range(answer.nfields)]
            column = names.index(b"total_xact_count")
            return sum(int(answer.get_value(row, column) or 0) for row in range(answer.ntuples))

    def stop(self) -> int:
        """End it at once; answers how many transactions went through."""
        count = self.transactions()
        self.process.kill()
        self.process.wait()
        return count
