"""Connecting to the database, with the settings that durability and exclusion rest on."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, make_url

from adapters.sql.postgresql import ensure_room, postgresql_engine, without_hurry
from adapters.sql.sqlite import sqlite_engine
from adapters.sql.trouble import translated

PATIENCE_MILLISECONDS = 5_000


def open_engine(
    url: str,
    *,
    connections_max: int = 20,
    pools: int = 1,
    patience_milliseconds: int = PATIENCE_MILLISECONDS,
    behind_pgbouncer: bool = False,
) -> Engine:
    """An engine for `sqlite:///PATH` or `postgresql://USER@HOST:PORT/NAME`, checked by one connection.

    `pools` is how many processes may each have as many connections to one server.
    Units: `patience_milliseconds` is how long to wait for a free connection, on SQLite for another writer.
    Raises: ValueError for another database, UnfitDatabase when a setting does not hold,
    StoreUnavailable when the database cannot be opened.
    """
    engine = _engine(url, connections_max, patience_milliseconds, behind_pgbouncer)
    try:
        with translated():
            if engine.dialect.name == "postgresql" and not behind_pgbouncer:
                ensure_room(engine, connections_max * pools)
            with engine.connect():
                return engine
    except BaseException:
        engine.dispose()
        raise


def open_for_migrations(url: str, *, behind_pgbouncer: bool = False) -> Engine:
    """The same for one; on SQLite without foreign keys, for rebuilding a table must not delete
    the rows that point to it.
    """
    return _engine(url, 1, PATIENCE_MILLISECONDS, behind_pgbouncer, has_foreign_keys=False)


def _engine(
    url: str,
    connections_max: int,
    patience_milliseconds: int,
    behind_pgbouncer: bool,
    *,
    has_foreign_keys: bool = True,
) -> Engine:
    parsed = make_url(url)
    if parsed.drivername == "postgresql":
        return postgresql_engine(
            parsed,
            connections_max=connections_max,
            patience_milliseconds=patience_milliseconds,
            behind_pgbouncer=behind_pgbouncer,
        )
    if parsed.drivername != "sqlite":
        raise ValueError("the database URL is sqlite:///PATH or postgresql://USER@HOST:PORT/NAME")
    return sqlite_engine(
        parsed,
        connections_max=connections_max,
        patience_milliseconds=patience_milliseconds,
        has_foreign_keys=has_foreign_keys,
    )


def readonly(engine: Engine) -> Engine:
    """The same connections, for questions of one statement: what they begin waits for no writer."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(readonly=True)
    return engine.execution_options(isolation_level="AUTOCOMMIT")


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """One transaction in which every question is answered as of one moment; it may take its time."""
    is_sqlite = engine.dialect.name == "sqlite"
    how = {"readonly": True} if is_sqlite else {"isolation_level": "REPEATABLE READ"}
    with engine.execution_options(**how).connect() as connection, connection.begin():
        if not is_sqlite:
            without_hurry(connection)
        yield connection
