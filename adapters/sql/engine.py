"""Connecting to the database, with the settings that durability and exclusion rest on."""

import sqlite3
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_TIMEOUT_MILLISECONDS = 5_000

# What each connection is set to, and what SQLite must answer when asked for it afterwards.
_PRAGMAS: dict[str, tuple[str, object]] = {
    "busy_timeout": (str(BUSY_TIMEOUT_MILLISECONDS), BUSY_TIMEOUT_MILLISECONDS),
    "journal_mode": ("WAL", "wal"),
    "synchronous": ("FULL", 2),
    "foreign_keys": ("ON", 1),
}


def open_engine(url: str, *, connections_max: int = 20) -> Engine:
    """An engine for `sqlite:///PATH`, checked by one connection.

    Raises: ValueError for another database, RuntimeError when a setting does not hold.
    """
    parsed = make_url(url)
    engine = _sqlite_engine(parsed, connections_max, foreign_keys=True)
    with engine.connect():
        return engine


def open_for_migrations(url: str) -> Engine:
    """The same without foreign keys: rebuilding a table must not delete the rows that point to it."""
    return _sqlite_engine(make_url(url), 1, foreign_keys=False)


def readonly(engine: Engine) -> Engine:
    """The same connections, for questions: what they begin waits for no writer."""
    return engine.execution_options(readonly=True)


def _sqlite_engine(url: URL, connections_max: int, *, foreign_keys: bool) -> Engine:
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        raise ValueError("the database URL is sqlite:///PATH")
    engine = create_engine(
        url,
        pool_size=connections_max,
        max_overflow=0,
        pool_timeout=BUSY_TIMEOUT_MILLISECONDS / 1000,
        connect_args={"timeout": BUSY_TIMEOUT_MILLISECONDS / 1000, "check_same_thread": False},
    )

    def set_up(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
        # The driver would begin transactions by its own rules, too late for an exclusive read.
        connection.isolation_level = None
        for name, (value, answer) in _PRAGMAS.items():
            wanted = (value, answer) if name != "foreign_keys" or foreign_keys else ("OFF", 0)
            _set(connection, name, *wanted)

    event.listen(engine, "connect", set_up)
    event.listen(engine, "begin", _begin)
    return engine


def _set(connection: sqlite3.Connection, name: str, value: str, answer: Any) -> None:
    connection.execute(f"PRAGMA {name}={value}")
    (found,) = connection.execute(f"PRAGMA {name}").fetchone()
    if found != answer:
        raise RuntimeError(f"the database answers {found!r} for {name}, not {answer!r}")


def _begin(connection: Connection) -> None:
    # A transaction that reads first and writes then would fail at once if another wrote between.
    is_reading = connection.get_execution_options().get("readonly", False)
    connection.exec_driver_sql("BEGIN" if is_reading else "BEGIN IMMEDIATE")
