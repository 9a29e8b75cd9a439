"""One connection in one transaction, and what a unit of work holds of its rows."""

from collections.abc import Iterable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import Connection, Engine, Executable
from sqlalchemy.exc import DBAPIError

from adapters.sql.statements import Form, Found, Values, form_of
from adapters.sql.trouble import translated
from application.storage import StaleVersion

K = TypeVar("K")
A = TypeVar("A")

NOTHING: Values = {}


class Session:
    """A transaction; every error of the database comes out as what it means to the core.

    `dialect` is sqlite or postgresql, for the few statements that cannot be one for both.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._only_looked = True
        self._cursor: Any = None
        self._driver: Any = engine.dialect.loaded_dbapi
        self.dialect = engine.dialect.name

    def begin(self) -> None:
        """Take a connection and begin. Raises: StoreUnavailable."""
        with translated():
            connection = self._engine.connect()
            try:
                connection.begin()
                self._cursor = connection.connection.cursor()
            except BaseException:
                connection.close()
                raise
        self._connection, self._only_looked = connection, True

    def run(self, statement: Executable, values: Values = NOTHING) -> Found:
        """Execute one statement. Raises: StoreUnavailable, StaleVersion."""
        self._only_looked = self._only_looked and statement.is_select
        form = form_of(statement, self._engine.dialect, tuple(values))
        with translated():
            return self._execute(form, form.sql, form.placed(values))

    def run_many(self, statement: Executable, rows: Sequence[Values]) -> int:
        """Execute it once for each row, in one go; answers how many rows of the table it met."""
        if len(rows) < 2:
            return self.run(statement, rows[0]).met if rows else 0
        self._only_looked = False
        form = form_of(statement, self._engine.dialect, tuple(rows[0]))
        placed = [form.placed(row) for row in rows]
        with translated():
            if form.of_many is None:
                return self._execute(form, form.sql, placed).met
            return self._execute(form, form.of_many, tuple(map(list, zip(*placed, strict=True)))).met

    def commit(self) -> None:
        """Commit. Raises: StoreUnavailable."""
        with translated():
            self._open().commit()

    def close(self) -> None:
        """Roll back what was not committed, and give the connection back.

        Where nothing was written both ends are the same, but a rollback makes the PostgreSQL driver
        forget every statement that it has prepared on this connection.
        """
        connection, self._connection, self._cursor = self._connection, None, None
        if connection is None:
            return
        with translated(), connection:
            if self._only_looked and connection.in_transaction() and not connection.invalidated:
                connection.commit()

    def _execute(self, form: Form, sql: str, placed: tuple[Any, ...] | list[tuple[Any, ...]]) -> Found:
        connection, cursor, is_many = self._open(), self._cursor, isinstance(placed, list)
        # Whoever follows what is executed, as tracing does, hears of it as from Core itself.
        for heard in connection.dispatch.before_cursor_execute:
            heard(connection, cursor, sql, placed, form, is_many)
        try:
            (cursor.executemany if is_many else cursor.execute)(sql, placed)
            return Found(form.read(cursor.fetchall()) if form.columns else (), cursor.rowcount)
        except self._driver.Error as error:
            raise self._wrapped(error, sql) from error

    def _wrapped(self, error: Any, sql: str) -> Exception:
        """The driver's error as Core tells it; a connection that broke is not used again."""
        connection, dialect = self._open(), self._engine.dialect
        is_lost = dialect.is_disconnect(error, connection.connection.driver_connection, self._cursor)
        if is_lost:
            connection.invalidate(error)
        wrapped: Exception = DBAPIError.instance(
            sql, None, error, self._driver.Error, hide_parameters=True, connection_invalidated=is_lost
        )
        return wrapped

    def _open(self) -> Connection:
        if self._connection is None:
            raise AssertionError("a unit of work is used outside its with block")
        return self._connection


def ask(engine: Engine, statement: Executable, values: Values = NOTHING) -> Found:
    """Run one statement that is all there is to a transaction. Raises: StoreUnavailable, StaleVersion."""
    session = Session(engine)
    session.begin()
    try:
        found = session.run(statement, values)
        session.commit()
        return found
    finally:
        session.close()


class _Versioned(Protocol):
    version: int


def update_guarded(session: Session, statement: Executable, rows: Sequence[Values], what: str) -> None:
    """Run an UPDATE or DELETE that must meet one row each. Raises: StaleVersion."""
    if session.run_many(statement, rows) != len(rows):
        raise StaleVersion(f"somebody else changed one of {len(rows)} {what}")


def one_more(aggregates: Iterable[_Versioned]) -> None:
    """Count the versions up, for what is being stored."""
    for aggregate in aggregates:
        aggregate.version += 1


class Held(Generic[K, A]):
    """The objects that one unit of work holds: those it locked or added, and which to store how."""

    def __init__(self, noted: list[Any]) -> None:
        self.loaded: dict[K, A] = {}
        self.added: dict[K, A] = {}
        self.saved: dict[K, A] = {}
        self._noted = noted

    def add(self, key: K, aggregate: A) -> None:
        """Note a new one."""
        self._note(key, aggregate)
        self.loaded[key] = self.added[key] = aggregate

    def save(self, key: K, aggregate: A) -> None:
        """Note a changed one; one that was added in this unit of work stays a new one."""
        if key in self.added:
            return
        self._note(key, aggregate)
        self.loaded[key] = self.saved[key] = aggregate

    def _note(self, key: K, aggregate: A) -> None:
        if key not in self.added and key not in self.saved:
            self._noted.append(aggregate)
