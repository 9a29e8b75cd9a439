"""Several rows, and several changes, by one statement: in the same words however many rows there are.

PostgreSQL takes a column's values as one array, and changes of several tables as parts of one question:
what would be said once for each is said once.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

# Of all statements in the database's words; only tests have many.
WORDS_MAX = 2_000

_VALUES = " VALUES ("
_WHERE = " WHERE "
_PLACE = re.compile("%[s%]")


def at_once(sql: str, types: Sequence[str]) -> str:
    """An INSERT, UPDATE or DELETE of one row, said of all rows whose values come as arrays.

    Shape: `types` name the type of each value, place by place. Raises: ValueError for another statement.
    """
    names = [f"v{place}" for place in range(len(types))]
    first, *others = sql.split("%s")
    parts = [part.removeprefix(f"::{kind}") for part, kind in zip(others, types, strict=True)]
    of_each = first + "".join(f"given.{name}{part}" for name, part in zip(names, parts, strict=True))
    given = f"unnest({', '.join(f'%s::{kind}[]' for kind in types)}) AS given({', '.join(names)})"
    if _VALUES in of_each:
        head, _, values = of_each.partition(_VALUES)
        return f"{head} SELECT {values.removesuffix(')')} FROM {given}"  # noqa: S608 -- words of our own
    head, where, condition = of_each.partition(_WHERE)
    word = "USING" if head.startswith("DELETE") else "FROM"
    if not where:
        raise ValueError(f"not a change of single rows: {sql}")
    return f"{head} {word} {given}{where}{condition}"


def all_at_once(changes: Sequence[str]) -> str:
    """Changes of as many tables in one statement, which answers how many rows each of them met.

    None of them sees what another does, and their order is nobody's promise: each has a table of its own.
    """
    parts = ", ".join(f"w{place} AS ({change} RETURNING 1)" for place, change in enumerate(changes))
    met = ", ".join(f"(SELECT count(*) FROM w{place})" for place in range(len(changes)))  # noqa: S608 -- words of our own
    return f"WITH {parts} SELECT {met}"


@lru_cache(WORDS_MAX)
def numbered(sql: str) -> str:
    """The places for values by their numbers, as the server itself counts them."""
    first, *others = _PLACE.split(sql)
    count, told = 0, [first]
    for place, part in zip(_PLACE.findall(sql), others, strict=True):
        count += place == "%s"
        told += [f"${count}" if place == "%s" else "%", part]
    return "".join(told)


def array_of(values: Iterable[object]) -> str:
    """The values as PostgreSQL reads an array.

    Source: PostgreSQL, "Array Input and Output Syntax".
    """
    return "{" + ",".join(map(_element, values)) + "}"


def _element(value: object) -> str:
    if value is None:
        return "NULL"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
