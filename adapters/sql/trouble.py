"""What database errors mean to the core: busy, gone, overtaken, or a mistake of our own."""

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from application.storage import StaleVersion
from domain.errors import StoreUnavailable

# Somebody else was first: a value that must be unique, and on PostgreSQL also a transaction that
# could not be put in order with another (40001) or waited in a circle (40P01).
_OVERTAKEN = frozenset(
    {
        "SQLITE_CONSTRAINT_UNIQUE",
        "SQLITE_CONSTRAINT_PRIMARYKEY",
        "SQLITE_CONSTRAINT_ROWID",
        "23505",
        "40001",
        "40P01",
    }
)

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
    "08",  # the connection broke
    "25006",  # a standby, which takes no writes
    "25P03",  # idle in a transaction for too long
    "40003",  # nobody knows whether it was done
    "53",  # no memory, no disk, no connection left
    "55P03",  # waited for a lock for too long
    "57",  # cancelled, timed out, shut down, starting up
    "58",  # the system underneath failed
)


class UnfitDatabase(RuntimeError):
    """The database cannot be used as it is set up; the message says what to change."""


def _code(error: DBAPIError) -> str:
    """The driver's name for the error: SQLite's, or PostgreSQL's SQLSTATE."""
    name = getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None)
    return str(name or "")


def _is_not_now(error: DBAPIError) -> bool:
    if error.connection_invalidated or _code(error).startswith(_NOT_NOW):
        return True
    # What the server could not say itself, because it was never reached or is gone, has no code.
    return isinstance(error, OperationalError) and getattr(error.orig, "sqlstate", "") is None


def meaning_of(error: BaseException) -> Exception | None:
    """What an error of Core's means to ours, None for any other."""
    if isinstance(error, NoConnectionFree):
        return StoreUnavailable("no connection to the database is free")
    if not isinstance(error, DBAPIError):
        return None
    if _code(error) in _OVERTAKEN:
        return StaleVersion(str(error.orig))
    return StoreUnavailable("the database does not answer") if _is_not_now(error) else None


class translated:  # noqa: N801 -- it is used as a function
    """Raises: StoreUnavailable while the database does not answer, StaleVersion when overtaken.

    A connection lost during COMMIT is unavailable too: whether it was done, only reading again tells.
    Any other error of the database is a mistake of ours and stays what it is.
    """

    __slots__ = ()

    def __enter__(self) -> None:
        """Nothing has happened yet."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if error is not None and (meaning := meaning_of(error)):
            raise meaning from error
