"""How a database's transactions are made on the driver's own connection."""

from typing import Any, Protocol, cast

from sqlalchemy import Engine, PoolProxiedConnection

_NAME = "transactions"


class Transactions(Protocol):
    """One database's own way."""

    begins_late: bool
    """Whether each question is answered as of its own moment, in a transaction too, until it locks."""

    def begin(self, connection: PoolProxiedConnection) -> None:
        """Begin a transaction in which rows can be locked."""

    def begin_alone(self, connection: PoolProxiedConnection) -> None:
        """Make ready for statements that only ask, each a transaction of its own."""

    def begin_writing_alone(self, connection: PoolProxiedConnection) -> None:
        """Make ready for one statement that writes, which is a transaction of its own."""

    def end(self, connection: PoolProxiedConnection) -> None:
        """Roll back what was not committed: the connection is as it was, and can be given back."""

    def execute(self, connection: PoolProxiedConnection, sql: str, values: Any) -> Any:
        """The driver's cursor that has run the words, on a list of values once for each."""


def with_transactions(engine: Engine, transactions: Transactions) -> Engine:
    """The same engine, which knows how they are made."""
    return engine.execution_options(**{_NAME: transactions})


def transactions_of(engine: Engine) -> Transactions:
    """How they are made. Raises: KeyError for an engine that was not opened by us."""
    return cast(Transactions, engine.get_execution_options()[_NAME])
