"""What a service's database holds, read and written beside it: both databases, one spelling."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import psycopg

SQLITE = "sqlite:///"


@contextmanager
def _opened(url: str) -> Iterator[Any]:
    if url.startswith(SQLITE):
        path = url.removeprefix(SQLITE)
        with closing(sqlite3.connect(f"file:{path}?mode=rw", uri=True, timeout=10)) as connection, connection:
            yield connection
    else:
        with psycopg.connect(url, prepare_threshold=None) as connection:
            yield connection


def _spelled(url: str, sql: str) -> str:
    return sql if url.startswith(SQLITE) else sql.replace("?", "%s")


def rows(url: str, sql: str, *values: object) -> list[tuple[Any, ...]]:
    """What one question finds; `?` stands for each value."""
    with _opened(url) as connection:
        return list(connection.execute(_spelled(url, sql), values).fetchall())


def change(url: str, sql: str, many: Iterable[Sequence[object]] = ((),)) -> None:
    """One statement for each of many, in one transaction."""
    with _opened(url) as connection:
        connection.cursor().executemany(_spelled(url, sql), list(many))
