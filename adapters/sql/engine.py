"""Connecting to the database, with the settings that durability and exclusion rest on."""

import sqlite3
import threading
import time
from typing import Any

import attrs
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.pool import ConnectionPoolEntry

from adapters.sql.trouble import translated
from domain.errors import StoreUnavailable

PATIENCE_MILLISECONDS = 5_000
PAUSE_SECONDS = 0.01


@attrs.frozen(kw_only=True)
class _Profile:
    """How SQLite is used; what must hold is asked of each connection again."""

    connections_max: int = 20
    patience_milliseconds: int = PATIENCE_MILLISECONDS
    has_foreign_keys: bool = True

    def set_up(self, connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
        # The driver would begin transactions by its own rules, too late for an exclusive read.
        connection.isolation_level = None
        _set(connection, "busy_timeout", str(self.patience_milliseconds), self.patience_milliseconds)
        self._set_journal(connection)
        _set(connection, "synchronous", "FULL", 2)
        _set(connection, "foreign_keys", "ON" if self.has_foreign_keys else "OFF", int(self.has_foreign_keys))

    def _set_journal(self, connection: sqlite3.Connection) -> None:
        # Of several that open a new file at once all but one are refused here without any waiting.
        patient_until = time.monotonic() + self.patience_milliseconds / 1000
        while True:
            try:
                return _set(connection, "journal_mode", "WAL", "wal")
            except sqlite3.OperationalError as error:
                is_busy = error.sqlite_errorname.startswith("SQLITE_BUSY")
                if not is_busy or time.monotonic() > patient_until:
                    raise
                time.sleep(PAUSE_SECONDS)


def open_engine(
    url: str, *, connections_max: int = 20, patience_milliseconds: int = PATIENCE_MILLISECONDS
) -> Engine:
    """An engine for `sqlite:///PATH`, checked by one connection.

    Units: `patience_milliseconds` is how long to wait for another writer, or a free connection.
    Raises: ValueError for another database, RuntimeError when a setting does not hold,
    StoreUnavailable when the database cannot be opened.
    """
    profile = _Profile(connections_max=connections_max, patience_milliseconds=patience_milliseconds)
    engine = _sqlite_engine(make_url(url), profile)
    with translated(), engine.connect():
        return engine


def open_for_migrations(url: str) -> Engine:
    """The same without foreign keys: rebuilding a table must not delete the rows that point to it."""
    return _sqlite_engine(make_url(url), _Profile(connections_max=1, has_foreign_keys=False))


def readonly(engine: Engine) -> Engine:
    """The same connections, for questions: what they begin waits for no writer."""
    return engine.execution_options(readonly=True)


def _sqlite_engine(url: URL, profile: _Profile) -> Engine:
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        raise ValueError("the database URL is sqlite:///PATH")
    engine = create_engine(
        url,
        pool_size=profile.connections_max,
        max_overflow=0,
        pool_timeout=profile.patience_milliseconds / 1000,
        # What a statement was given may be a secret, and errors are logged.
        hide_parameters=True,
        connect_args={"timeout": profile.patience_milliseconds / 1000, "check_same_thread": False},
    )
    turns = _Turns(profile.patience_milliseconds / 1000)
    event.listen(engine, "connect", profile.set_up)
    event.listen(engine, "begin", turns.begin)
    event.listen(engine, "checkin", turns.end)
    return engine


class _Turns:
    """Lets the writers of this process in one after another.

    SQLite has one writer at a time anyway, but who waits for it there sleeps for ever longer pauses
    while others overtake; here the next one goes on at once. Other processes still wait in SQLite.
    """

    def __init__(self, patience_seconds: float) -> None:
        self._patience_seconds = patience_seconds
        self._free = threading.Lock()

    def begin(self, connection: Connection) -> None:
        """Begin reading at once, or writing in turn. Raises: StoreUnavailable."""
        if connection.get_execution_options().get("readonly", False):
            connection.exec_driver_sql("BEGIN")
            return
        if not self._free.acquire(timeout=self._patience_seconds):
            raise StoreUnavailable("too many want to write to the database")
        connection.info["writes"] = True
        # A transaction that reads first and writes then would fail at once if another wrote between.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    def end(self, _: object, record: ConnectionPoolEntry) -> None:
        """Whatever became of the transaction, it is over when its connection is given back."""
        if record.info.pop("writes", False):
            self._free.release()


def _set(connection: sqlite3.Connection, name: str, value: str, answer: Any) -> None:
    connection.execute(f"PRAGMA {name}={value}")
    (found,) = connection.execute(f"PRAGMA {name}").fetchone()
    if found != answer:
        raise RuntimeError(f"the database answers {found!r} for {name}, not {answer!r}")
