"""PostgreSQL as we use it: READ COMMITTED, guarded against waiting, by connections known to live.

Behind PgBouncer in transaction mode each transaction may run on another connection of the server:
then nothing is set for a session, nothing is prepared, and the guards are those of the role.
"""

import select
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

import attrs
from sqlalchemy import URL, Connection, Engine, PoolProxiedConnection, create_engine, event, text
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from adapters.sql.many_rows import numbered
from adapters.sql.transactions import with_transactions
from adapters.sql.trouble import UnfitDatabase

if TYPE_CHECKING:
    # The driver is an extra: a shop on SQLite runs without it.
    from psycopg import Connection as Driver

VERSION_MIN = 15

# Units: milliseconds, as PostgreSQL counts them.
TIMEOUTS: Mapping[str, int] = {
    "lock_timeout": 3_000,
    "statement_timeout": 5_000,
    "idle_in_transaction_session_timeout": 10_000,
}

# A server that vanished without a word is noticed within about as long as a statement may take.
_SURE_OF_LIFE = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}

_CURSOR, _IS_NEW = "cursor", "is new"
# A statement that stands alone begins no transaction that could say so.
_ISOLATION, _READ_COMMITTED = "default_transaction_isolation", "read committed"
_GUARDS = "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)"
_ROOM = text(
    "SELECT current_setting('max_connections')::int"
    " - current_setting('superuser_reserved_connections')::int AS of_server,"
    " (SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user) AS of_role,"
    " (SELECT datconnlimit FROM pg_database WHERE datname = current_database()) AS of_database"
)
_PATIENT = text("SELECT set_config('lock_timeout', '0', true), set_config('statement_timeout', '0', true)")
_BRISK = text("SELECT set_config('lock_timeout', :milliseconds, true)")
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('kassa migrate'))")


def postgresql_engine(
    url: URL, *, connections_max: int, patience_milliseconds: int, behind_pgbouncer: bool
) -> Engine:
    """An engine whose every connection has its guards up. Raises: UnfitDatabase without the driver."""
    try:
        engine = create_engine(
            url.difference_update_query(["options"]),
            pool_size=connections_max,
            max_overflow=0,
            pool_timeout=patience_milliseconds / 1000,
            # Whoever used a connection ends what was begun on it.
            pool_reset_on_return=None,
            # What a statement was given may be a secret, and errors are logged.
            hide_parameters=True,
            # Said when a transaction begins, so that it holds behind PgBouncer too.
            isolation_level="READ COMMITTED",
            use_native_hstore=False,
            # Values are told by their places, as for SQLite.
            paramstyle="format",
            connect_args=_connect_arguments(url, patience_milliseconds, behind_pgbouncer),
        )
    except ModuleNotFoundError as error:
        raise UnfitDatabase("PostgreSQL needs its driver: pip install 'kassa[postgresql]'") from error
    event.listen(engine, "connect", _Guard(behind_pgbouncer).look)
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "checkout", _refuse_stale)
    return with_transactions(engine, _Transactions())


def ensure_room(engine: Engine, connections: int) -> None:
    """Whether the server lets so many in. Raises: UnfitDatabase."""
    with engine.connect() as connection:
        limits = connection.execute(_ROOM).one()
    # A limit of -1 is none.
    room = min(limit for limit in limits if limit is not None and limit >= 0)
    if connections > room:
        raise UnfitDatabase(
            f"up to {connections} connections may be needed and the database allows {room}:"
            " raise max_connections, or lower KASSA_PROCESSES or KASSA_THREADS"
        )


def wait_for_turn(connection: Connection) -> None:
    """Of several that migrate at once let one go first; the wait is for them alone.

    The lock lasts as long as the transaction, not the session, so it holds behind PgBouncer too.
    What is altered afterwards is locked briefly or not at all: nobody queues up behind a migration.
    """
    without_hurry(connection)
    connection.execute(_ONE_AT_A_TIME)
    connection.execute(_BRISK, {"milliseconds": str(TIMEOUTS["lock_timeout"])})


def without_hurry(connection: Connection) -> None:
    """Let this transaction's statements take their time: an operator waits for them, and no customer."""
    connection.execute(_PATIENT)


def _connect_arguments(url: URL, patience_milliseconds: int, behind_pgbouncer: bool) -> dict[str, Any]:
    # What stands in the URL wins, but for guards that it would loosen: those are refused on connecting.
    arguments: dict[str, Any] = {
        "connect_timeout": max(2, patience_milliseconds // 1000),
        "application_name": "kassa",
        "client_encoding": "utf8",
        **_SURE_OF_LIFE,
    }
    arguments = {name: value for name, value in arguments.items() if name not in url.query}
    theirs = url.query.get("options", ())
    options = [theirs] if isinstance(theirs, str) else list(theirs)
    if behind_pgbouncer:
        arguments["prepare_threshold"] = None
    else:
        ours = {name: str(value) for name, value in TIMEOUTS.items()}
        ours |= {"synchronous_commit": "on", _ISOLATION: _READ_COMMITTED.replace(" ", r"\ ")}
        options = [*(f"-c {name}={value}" for name, value in ours.items()), *options]
    return {**arguments, "options": " ".join(options)} if options else arguments


@attrs.frozen
class _Guard:
    """Asks each new connection whether its guards are up."""

    behind_pgbouncer: bool

    def look(self, connection: "Driver[Any]", _: ConnectionPoolEntry) -> None:
        """Raises: UnfitDatabase, saying what to do."""
        version = connection.info.server_version // 10_000
        if version < VERSION_MIN:
            connection.close()
            raise UnfitDatabase(f"PostgreSQL {VERSION_MIN} or newer is needed, and this is {version}")
        with connection.cursor() as cursor:
            names = [*TIMEOUTS, "synchronous_commit", _ISOLATION]
            found = dict(cursor.execute(_GUARDS, [names]).fetchall())
        connection.rollback()
        missing = [
            f"{name} = '{limit}ms'" for name, limit in TIMEOUTS.items() if not 0 < int(found[name]) <= limit
        ]
        if found["synchronous_commit"] not in {"on", "remote_apply"}:
            missing.append("synchronous_commit = 'on'")
        if found[_ISOLATION] != _READ_COMMITTED:
            missing.append(f"{_ISOLATION} = '{_READ_COMMITTED}'")
        if missing:
            connection.close()
            how = " ".join(f"ALTER ROLE CURRENT_USER SET {each};" for each in missing)
            advice = f"behind PgBouncer they belong to the role: {how}" if self.behind_pgbouncer else how
            raise UnfitDatabase(f"the guards of the database connection are not up; {advice}")


def _set_up(connection: "Driver[Any]", record: ConnectionPoolEntry) -> None:
    """Give it a cursor of its own, and have each value sent as a text whose type the statement tells.

    Otherwise each size of a number, and each value that is missing, would make another statement to prepare.
    """
    from psycopg import RawCursor
    from psycopg.adapt import Dumper

    class Plain(Dumper):
        def dump(self, value: object) -> bytes:
            return str(value).encode()

    record.info[_IS_NEW] = True
    record.info[_CURSOR] = cursor = RawCursor(connection)
    for kind in (int, bool, datetime):
        cursor.adapters.register_dumper(kind, Plain)


class _Transactions:
    """The driver begins one with the first statement, unless it is told to have each stand alone.

    READ COMMITTED has each question answered as of its own moment, whether it stands alone or not.
    """

    begins_late = True

    def begin(self, connection: PoolProxiedConnection) -> None:
        """With the next statement."""
        _driver_of(connection).autocommit = False

    def begin_alone(self, connection: PoolProxiedConnection) -> None:
        """Have none begin."""
        _driver_of(connection).autocommit = True

    begin_writing_alone = begin_alone

    def end(self, connection: PoolProxiedConnection) -> None:
        """Roll back what was begun, and have one begin again with the next statement."""
        driver = _driver_of(connection)
        if driver.autocommit:
            driver.autocommit = False
        elif driver.pgconn.transaction_status:
            driver.rollback()

    def execute(self, connection: PoolProxiedConnection, sql: str, values: Any) -> Any:
        """By a cursor that need not look for the places of the values: they have their numbers."""
        cursor = connection.info[_CURSOR]
        if isinstance(values, list):
            cursor.executemany(numbered(sql), values)
        else:
            cursor.execute(numbered(sql), values)
        return cursor


def _driver_of(connection: PoolProxiedConnection) -> "Driver[Any]":
    return cast("Driver[Any]", connection.driver_connection)


def _refuse_stale(connection: "Driver[Any]", record: ConnectionPoolEntry, _: object) -> None:
    # Between transactions a server says nothing but that it goes away: whatever there is to read,
    # another connection is opened instead. That costs one look at the socket and no round trip.
    # One that was opened just now is not tried again: what is wrong with it, its first statement tells.
    if record.info.pop(_IS_NEW, False):
        return
    if connection.closed or _has_something_to_say(connection.fileno()):
        raise DisconnectionError("the database has closed this connection")


def _has_something_to_say(socket: int) -> bool:
    poll = select.poll()
    poll.register(socket, select.POLLIN)
    return bool(poll.poll(0))
