"""SQLite as we use it: durable, with foreign keys, and one writer after another."""

import sqlite3
import threading
import time
from typing import Any

import attrs
from sqlalchemy import URL, Connection, Engine, PoolProxiedConnection, create_engine, event
from sqlalchemy.pool import ConnectionPoolEntry

from adapters.sql.transactions import with_transactions
from adapters.sql.trouble import UnfitDatabase
from domain.errors import StoreUnavailable

PAUSE_SECONDS = 0.01


def sqlite_engine(
    url: URL, *, connections_max: int, patience_milliseconds: int, has_foreign_keys: bool = True
) -> Engine:
    """An engine for a file. Raises: ValueError for what cannot be shared by connections."""
    if not url.database or url.database == ":memory:":
        raise ValueError("the database URL is sqlite:///PATH or postgresql://USER@HOST:PORT/NAME")
    engine = create_engine(
        url,
        pool_size=connections_max,
        max_overflow=0,
        pool_timeout=patience_milliseconds / 1000,
        # What a statement was given may be a secret, and errors are logged.
        hide_parameters=True,
        connect_args={"timeout": patience_milliseconds / 1000, "check_same_thread": False},
    )
    profile = _Profile(patience_milliseconds=patience_milliseconds, has_foreign_keys=has_foreign_keys)
    turns = _Turns(patience_milliseconds / 1000)
    event.listen(engine, "connect", profile.set_up)
    event.listen(engine, "begin", turns.core_begins)
    event.listen(engine, "checkin", turns.give_back)
    return with_transactions(engine, turns)


@attrs.frozen(kw_only=True)
class _Profile:
    """What must hold is set on each connection, and asked again."""

    patience_milliseconds: int
    has_foreign_keys: bool

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


class _Turns:
    """Lets the writers of this process in one after another.

    SQLite has one writer at a time anyway, but who waits for it there sleeps for ever longer pauses
    while others overtake; here the next one goes on at once. Other processes still wait in SQLite.
    """

    begins_late = False

    def __init__(self, patience_seconds: float) -> None:
        self._patience_seconds = patience_seconds
        self._free = threading.Lock()

    def begin(self, connection: PoolProxiedConnection) -> None:
        """Begin to write, in turn. Raises: StoreUnavailable."""
        self.begin_writing_alone(connection)
        # A transaction that reads first and writes then would fail at once if another wrote between.
        connection.execute("BEGIN IMMEDIATE")

    def begin_alone(self, connection: PoolProxiedConnection) -> None:
        """Who only reads waits for nobody."""

    def begin_writing_alone(self, connection: PoolProxiedConnection) -> None:
        """Wait for one's turn. Raises: StoreUnavailable."""
        if not self._free.acquire(timeout=self._patience_seconds):
            raise StoreUnavailable("too many want to write to the database")
        connection.info["writes"] = True

    def end(self, connection: PoolProxiedConnection) -> None:
        """Roll back what was begun."""
        connection.rollback()

    def execute(self, connection: PoolProxiedConnection, sql: str, values: Any) -> Any:
        """As it is."""
        cursor = connection.cursor()
        (cursor.executemany if isinstance(values, list) else cursor.execute)(sql, values)
        return cursor

    def core_begins(self, connection: Connection) -> None:
        """The same for what Core runs by itself. Raises: StoreUnavailable."""
        if connection.get_execution_options().get("readonly", False):
            connection.exec_driver_sql("BEGIN")
            return
        self.begin(connection.connection)

    def give_back(self, _: object, record: ConnectionPoolEntry) -> None:
        """Whatever became of the transaction, it is over when its connection is given back."""
        if record.info.pop("writes", False):
            self._free.release()


def _set(connection: sqlite3.Connection, name: str, value: str, answer: Any) -> None:
    connection.execute(f"PRAGMA {name}={value}")
    (found,) = connection.execute(f"PRAGMA {name}").fetchone()
    if found != answer:
        raise UnfitDatabase(f"the database answers {found!r} for {name}, not {answer!r}")
