"""One connection in one transaction.

The connections are those of Core's pool, and what is run on them is what Core makes of our statements;
its own way of running them is left out, for it costs as much again as the driver.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, Protocol

import attrs
from sqlalchemy import Engine, Executable, PoolProxiedConnection
from sqlalchemy.exc import DBAPIError

from adapters.sql.statements import Form, Found, Together, Values, form_of, together
from adapters.sql.transactions import transactions_of
from adapters.sql.trouble import UnfitDatabase, meaning_of, translated
from application.storage import StaleVersion
from domain.errors import StoreUnavailable

NOTHING: Values = {}

log = logging.getLogger("kassa.store")


class _Versioned(Protocol):
    version: int


@attrs.frozen
class Change:
    """Rows to be written by one statement, of aggregates whose versions then count up.

    `guarded` names the rows where each must be as it was read.
    """

    statement: Any
    rows: Sequence[Values]
    aggregates: Collection[_Versioned] = ()
    guarded: str = ""

    def is_written(self, count: int) -> None:
        """It met so many rows. Raises: StaleVersion."""
        if self.guarded and count != len(self.rows):
            raise StaleVersion(f"somebody else changed one of {len(self.rows)} {self.guarded}")
        for aggregate in self.aggregates:
            aggregate.version += 1


class Session:
    """A transaction; every error of the database comes out as what it means to the core.

    Where each statement sees what was committed before it, a transaction around questions adds nothing:
    it begins with the first lock or write, and one row written at the end is a transaction by itself.
    `dialect` is sqlite or postgresql, for the few statements that cannot be one for both.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._transactions = transactions_of(engine)
        self._connection: PoolProxiedConnection | None = None
        self._is_lost = self._has_failed = False
        self._begins_late = self._is_begun = self._only_looked = False
        self._driver: Any = engine.dialect.loaded_dbapi
        self.dialect = engine.dialect.name

    def begin(self) -> None:
        """Take a connection, and begin unless that can wait. Raises: StoreUnavailable."""
        if self._transactions.begins_late:
            self._take(self._transactions.begin_alone)
            self._begins_late = True
        else:
            self._take(self._transactions.begin)
            self._is_begun = self._only_looked = True

    def begin_alone(self, *, writes: bool) -> None:
        """The same, for one statement that needs no transaction around it. Raises: StoreUnavailable."""
        self._take(self._transactions.begin_writing_alone if writes else self._transactions.begin_alone)

    def run(self, statement: Executable, values: Values = NOTHING) -> Found:
        """Execute one statement. Raises: StoreUnavailable, StaleVersion."""
        form = form_of(statement, self._engine.dialect, tuple(values))
        if self._begins_late and form.locks:
            self._begin()
        self._only_looked = self._only_looked and statement.is_select
        rows, met = self._execute(form, form.sql, form.placed(values))
        return Found(form.read(rows) if form.columns else (), met)

    def run_many(self, statement: Executable, rows: Sequence[Values]) -> int:
        """Execute it once for each row, in one go; answers how many rows of the table it met."""
        if not rows:
            return 0
        if self._begins_late:
            self._begin()
        self._only_looked = False
        form = form_of(statement, self._engine.dialect, tuple(rows[0]))
        sql = form.sql_for(rows)
        if sql is None:
            return self._execute(form, form.sql, [form.placed(row) for row in rows])[1]
        return self._execute(form, sql, form.placed_at_once(rows))[1]

    def write(self, changes: Iterable[Change]) -> None:
        """Write all of it: at once where that is the same as one after another.

        Raises: StaleVersion, StoreUnavailable.
        """
        for group in self._groups_of([change for change in changes if change.rows]):
            if len(group) == 1:
                counts: Sequence[int] = [self.run_many(group[0].statement, group[0].rows)]
            else:
                counts = self._run_together(group)
            for change, count in zip(group, counts, strict=True):
                change.is_written(count)

    def commit(self, changes: Sequence[Change] = ()) -> None:
        """Write the rest, and commit. Raises: StaleVersion, StoreUnavailable, AssertionError.

        After a statement has failed there is nothing to commit, which PostgreSQL would not mention.
        """
        if self._has_failed:
            self._open()
            raise AssertionError("a statement of this transaction has failed")
        if self._begins_late and sum(len(change.rows) for change in changes) == 1:
            self._begins_late = False
        self.write(changes)
        if self._is_begun:
            self._end_well()

    def close(self) -> None:
        """Roll back what was not committed, and give the connection back.

        Where nothing was written both ends are the same, but a rollback makes the PostgreSQL driver
        forget every statement that it has prepared on this connection.
        """
        if self._connection is None:
            return
        try:
            if self._only_looked and not self._has_failed:
                self._end_well()
        finally:
            self._give_back()

    def _begin(self) -> None:
        """What could wait until now begins."""
        self._transactions.begin(self._open())
        self._begins_late, self._is_begun, self._only_looked = False, True, True

    def _end_well(self) -> None:
        self._only_looked = False
        try:
            self._open().commit()
        except self._driver.Error as error:
            raise self._meaning_of(error, "COMMIT") from error

    def _take(self, begin: Callable[[PoolProxiedConnection], None]) -> None:
        try:
            with translated():
                self._connection = self._engine.raw_connection()
            begin(self._connection)
        except UnfitDatabase as unfit:
            # It was fit when we started, and whoever is served now can do nothing about it.
            log.error("the database has become unfit: %s", unfit)
            raise StoreUnavailable("the database does not answer") from unfit
        except self._driver.Error as error:
            meaning = self._meaning_of(error, "BEGIN")
            self._give_back()
            raise meaning from error
        except BaseException:
            self._give_back()
            raise

    def _give_back(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            if not self._is_lost:
                self._transactions.end(connection)
        except self._driver.Error as error:
            # What was begun ends with its connection, then.
            connection.invalidate(error)
        finally:
            connection.close()

    def _groups_of(self, changes: Sequence[Change]) -> Iterator[Sequence[Change]]:
        """On PostgreSQL those of different tables; a second change of one table has to see the first."""
        group: list[Change] = []
        for change in changes:
            tables = [other.statement.table for other in group]
            if group and (self.dialect != "postgresql" or change.statement.table in tables):
                yield group
                group = []
            group.append(change)
        if group:
            yield group

    def _run_together(self, changes: Sequence[Change]) -> Sequence[int]:
        if self._begins_late:
            self._begin()
        self._only_looked = False
        dialect = self._engine.dialect
        forms = [form_of(change.statement, dialect, tuple(change.rows[0])) for change in changes]
        pairs = list(zip(forms, changes, strict=True))
        both = together(tuple([(form, len(change.rows) > 1) for form, change in pairs]))
        placed = tuple([value for form, change in pairs for value in form.placed_at_once(change.rows)])
        ((*counts,),) = self._execute(both, both.sql, placed)[0]
        return list(counts)

    def _execute(
        self, how: Form | Together, sql: str, placed: tuple[Any, ...] | list[tuple[Any, ...]]
    ) -> tuple[Sequence[Any], int]:
        """The rows that the words answer, and how many of the table they met."""
        connection = self._open()
        # Whoever follows what is executed hears of it as from Core, but from the pool's connection.
        for heard in self._engine.dispatch.before_cursor_execute:
            heard(connection, None, sql, placed, how, isinstance(placed, list))
        try:
            cursor = self._transactions.execute(connection, sql, placed)
            return cursor.fetchall() if how.columns else (), cursor.rowcount
        except self._driver.Error as error:
            raise self._meaning_of(error, sql) from error

    def _meaning_of(self, error: Any, sql: str) -> Exception:
        """What the driver's error is to the core; a connection that broke is not used again."""
        self._has_failed, connection = True, self._connection
        driver = connection.driver_connection if connection else None
        is_lost = self._engine.dialect.is_disconnect(error, driver, None)
        if connection and is_lost:
            self._is_lost = True
            connection.invalidate(error)
        told: Any = DBAPIError.instance(
            sql, None, error, self._driver.Error, hide_parameters=True, connection_invalidated=is_lost
        )
        return meaning_of(told) or told

    def _open(self) -> PoolProxiedConnection:
        if self._connection is None:
            raise AssertionError("a unit of work is used outside its with block")
        if self._is_lost:
            raise StoreUnavailable("the connection to the database was lost")
        return self._connection


def ask(engine: Engine, statement: Executable, values: Values = NOTHING) -> Found:
    """Run one statement that is all there is to a transaction. Raises: StoreUnavailable, StaleVersion."""
    session = Session(engine)
    session.begin_alone(writes=not statement.is_select)
    try:
        return session.run(statement, values)
    finally:
        session.close()
