"""A PostgreSQL server as a shop would run it: durable, of a sensible size, counting its statements.

It is the tests' own server under other settings; what it answers about itself is checked before
anybody measures on it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.postgres import Postgres

DURABLE: Mapping[str, str] = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}

# Room enough that no checkpoint falls into a round because a default of a small machine ran full.
SIZES: Mapping[str, str] = {"shared_buffers": "512MB", "max_wal_size": "4GB", "checkpoint_timeout": "15min"}

# BEGIN and COMMIT are utility statements, which are not counted.
COUNTING: Mapping[str, str] = {
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.track": "top",
    "pg_stat_statements.track_utility": "off",
}

_CALLS = (
    "SELECT s.query, sum(s.calls)::bigint FROM pg_stat_statements AS s"
    " JOIN pg_database AS d ON d.oid = s.dbid WHERE d.datname = '{database}' GROUP BY s.query"
)


class NotDurable(Exception):
    """The server does not keep what it is given, so that its speed would show nothing."""


@contextmanager
def durable_postgres() -> Iterator[Postgres]:
    """A new server with a migrated database to copy, gone afterwards. Raises: NotDurable."""
    wanted = {**DURABLE, **SIZES, **COUNTING}
    server = Postgres.start([f"{name}={value}" for name, value in wanted.items()])
    try:
        ensure_durable(server)
        server.execute("CREATE EXTENSION pg_stat_statements")
        yield server
    finally:
        server.stop()


def ensure_durable(server: Postgres) -> None:
    """Ask the server itself, whatever it was started with. Raises: NotDurable."""
    found = {name: str(server.execute(f"SHOW {name}")[0][0]) for name in DURABLE}
    if found != DURABLE:
        raise NotDurable(f"the server runs with {found}")


def settings_of(server: Postgres) -> Mapping[str, str]:
    """What a result has to tell about the server it was measured on."""
    names = ("server_version", *DURABLE, *SIZES, "wal_sync_method")
    return {name: str(server.execute(f"SHOW {name}")[0][0]) for name in names}


def calls(server: Postgres, database: str) -> Mapping[str, int]:
    """How often each data statement ran in that database so far, as the server counts it."""
    return dict(server.execute(_CALLS.format(database=database)))


def more_calls(before: Mapping[str, int], after: Mapping[str, int]) -> Mapping[str, int]:
    """How often each statement ran in between."""
    grown = {query: count - before.get(query, 0) for query, count in after.items()}
    return {query: count for query, count in grown.items() if count}
