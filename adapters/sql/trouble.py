"""What database errors mean to the core: busy, gone, overtaken, or a mistake of our own."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from application.storage import StaleVersion
from domain.errors import StoreUnavailable

_TAKEN = frozenset({"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_ROWID"})
_NOT_NOW = (
    "SQLITE_BUSY",
    "SQLITE_LOCKED",
    "SQLITE_FULL",
    "SQLITE_IOERR",
    "SQLITE_CANTOPEN",
    "SQLITE_READONLY",
    "SQLITE_PERM",
    "SQLITE_CORRUPT",
    "SQLITE_NOTADB",
)


def _is_taken(error: IntegrityError) -> bool:
    return getattr(error.orig, "sqlite_errorname", None) in _TAKEN


def _is_not_now(error: DBAPIError) -> bool:
    name = getattr(error.orig, "sqlite_errorname", "")
    return error.connection_invalidated or str(name).startswith(_NOT_NOW)


@contextmanager
def translated() -> Iterator[None]:
    """Raises: StoreUnavailable while the database does not answer, StaleVersion when overtaken.

    Any other error of the database is a mistake of ours and stays what it is.
    """
    try:
        yield
    except NoConnectionFree as error:
        raise StoreUnavailable("no connection to the database is free") from error
    except IntegrityError as error:
        if _is_taken(error):
            raise StaleVersion(str(error.orig)) from error
        raise
    except DBAPIError as error:
        if _is_not_now(error):
            raise StoreUnavailable("the database does not answer") from error
        raise
